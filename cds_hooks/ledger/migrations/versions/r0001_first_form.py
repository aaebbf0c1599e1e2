"""Hook calls, predictions and feedback, each append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = ("hook_call", "prediction", "feedback")
_REFUSAL = "the ledger is append-only"


def upgrade() -> None:
    """Create the tables and the triggers that refuse every change to a stored row."""
    _create_hook_call()
    _create_prediction()
    _create_feedback()
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_hook_call() -> None:
    op.create_table(
        "hook_call",
        sa.Column("call_id", sa.String(36), nullable=False),
        sa.Column("received_at", sa.String(24), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("hook", sa.Text(), nullable=False),
        sa.Column("hook_instance", sa.Text(), nullable=True),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("patient_key", sa.String(128), nullable=True),
        sa.Column("user_ref", sa.Text(), nullable=True),
        sa.Column("encounter_ref", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("issues", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_hook_call"),
    )
    op.create_index("ix_hook_call_received_at", "hook_call", ["received_at"])
    op.create_index("ix_hook_call_patient_key", "hook_call", ["patient_key"])


def _create_prediction() -> None:
    op.create_table(
        "prediction",
        sa.Column("prediction_id", sa.String(36), nullable=False),
        sa.Column("call_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("feature_spec_sha256", sa.Text(), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.Column("applicability", sa.Text(), nullable=False),
        sa.Column("clearance", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("card_uuid", sa.String(36), nullable=True),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("group_values", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("prediction_id", name="pk_prediction"),
        sa.ForeignKeyConstraint(["call_id"], ["hook_call.call_id"], name="fk_prediction_call_id_hook_call"),
    )
    op.create_index("ix_prediction_call_id", "prediction", ["call_id"])
    op.create_index("ix_prediction_card_uuid", "prediction", ["card_uuid"], unique=True)


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("card_uuid", sa.String(255), nullable=False),
        sa.Column("known_card", sa.Boolean(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("accepted_suggestions", sa.Text(), nullable=False),
        sa.Column("reason_system", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason_display", sa.Text(), nullable=True),
        sa.Column("user_comment", sa.Text(), nullable=True),
        sa.Column("outcome_timestamp", sa.String(24), nullable=False),
        sa.Column("received_at", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_feedback"),
    )
    op.create_index("ix_feedback_card_uuid", "feedback", ["card_uuid"])
    op.create_index("ix_feedback_received_at", "feedback", ["received_at"])


def _guard_sqlite() -> None:
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
        )
