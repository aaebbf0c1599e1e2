"""Outcomes, decisions about models and runs of the monitor, each append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("outcome", "decision", "monitor_run")
_REFUSAL = "the ledger is append-only"


def upgrade() -> None:
    """Create the tables and the triggers that refuse every change to a stored row."""
    _create_outcome()
    _create_decision()
    _create_monitor_run()
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for table in _TABLES:
        if is_postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
            )
        else:
            _guard_sqlite(table)


def _create_outcome() -> None:
    op.create_table(
        "outcome",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("patient_key", sa.String(128), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("observed_at", sa.String(24), nullable=False),
        sa.Column("received_at", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_outcome"),
    )
    op.create_index("ix_outcome_patient_key", "outcome", ["patient_key"])
    op.create_index("ix_outcome_output", "outcome", ["output"])


def _create_decision() -> None:
    op.create_table(
        "decision",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.String(24), nullable=False),
        sa.Column("expires_at", sa.String(24), nullable=True),
        sa.Column("lifts", sa.String(64), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_decision"),
    )
    op.create_index("ix_decision_model", "decision", ["model", "version"])


def _create_monitor_run() -> None:
    op.create_table(
        "monitor_run",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("ran_at", sa.String(24), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("fraction", sa.Double(), nullable=True),
        sa.Column("alpha", sa.Double(), nullable=True),
        sa.Column("spent", sa.Double(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_monitor_run"),
    )
    op.create_index("ix_monitor_run_model", "monitor_run", ["model", "version"])


def _guard_sqlite(table: str) -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
