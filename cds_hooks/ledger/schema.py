"""The tables of the ledger, for SQLite and PostgreSQL alike.

Moments are text (see `times`), JSON is text that we encode ourselves, so no column depends on one database.
The migrations create these tables; a test holds the two to each other.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

from cds_hooks.ledger.entries import CARD_ID_LENGTH, PATIENT_KEY_LENGTH
from cds_hooks.ledger.times import UTC_TEXT_LENGTH

__all__ = [
    "METADATA",
    "NAMING",
    "REVISION",
    "VERSION_TABLE",
    "decision",
    "feedback",
    "hook_call",
    "monitor_run",
    "outcome",
    "prediction",
]

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
VERSION_TABLE = "ledger_revision"
REVISION = "0002"
"""The newest migration; a test holds it to the migrations."""
_UUID_LENGTH = 36
_SHA256_LENGTH = 64

METADATA = MetaData(naming_convention=NAMING)

hook_call = Table(
    "hook_call",
    METADATA,
    Column("call_id", String(_UUID_LENGTH), primary_key=True),
    Column("received_at", String(UTC_TEXT_LENGTH), nullable=False, index=True),
    Column("service_id", Text, nullable=False),
    Column("hook", Text, nullable=False),
    Column("hook_instance", Text),
    Column("client", Text, nullable=False),
    Column("patient_key", String(PATIENT_KEY_LENGTH), index=True),
    Column("user_ref", Text),
    Column("encounter_ref", Text),
    Column("status", Integer, nullable=False),
    Column("duration_ms", Double, nullable=False),
    Column("issues", Text, nullable=False),
)

prediction = Table(
    "prediction",
    METADATA,
    Column("prediction_id", String(_UUID_LENGTH), primary_key=True),
    Column("call_id", ForeignKey("hook_call.call_id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("model_sha256", Text, nullable=False),
    Column("feature_spec_sha256", Text, nullable=False),
    Column("features", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    Column("applicability", Text, nullable=False),
    Column("clearance", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text),
    Column("card_uuid", String(_UUID_LENGTH)),
    Column("card", Text),
    Column("group_values", Text, nullable=False),
    # One card, one prediction: feedback on a card must never count for two models.
    Index("ix_prediction_card_uuid", "card_uuid", unique=True),
)

feedback = Table(
    "feedback",
    METADATA,
    Column("digest", String(_SHA256_LENGTH), primary_key=True),
    # No foreign key to prediction: a report on a card that we do not know is kept, and flagged.
    Column("card_uuid", String(CARD_ID_LENGTH), nullable=False, index=True),
    Column("known_card", Boolean, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("accepted_suggestions", Text, nullable=False),
    Column("reason_system", Text),
    Column("reason_code", Text),
    Column("reason_display", Text),
    Column("user_comment", Text),
    Column("outcome_timestamp", String(UTC_TEXT_LENGTH), nullable=False),
    Column("received_at", String(UTC_TEXT_LENGTH), nullable=False, index=True),
)

outcome = Table(
    "outcome",
    METADATA,
    Column("digest", String(_SHA256_LENGTH), primary_key=True),
    Column("patient_key", String(PATIENT_KEY_LENGTH), nullable=False, index=True),
    Column("output", Text, nullable=False, index=True),
    Column("value", Integer, nullable=False),
    Column("observed_at", String(UTC_TEXT_LENGTH), nullable=False),
    Column("received_at", String(UTC_TEXT_LENGTH), nullable=False),
)

decision = Table(
    "decision",
    METADATA,
    Column("digest", String(_SHA256_LENGTH), primary_key=True),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("owner", Text),
    Column("decided_at", String(UTC_TEXT_LENGTH), nullable=False),
    Column("expires_at", String(UTC_TEXT_LENGTH)),
    Column("lifts", String(_SHA256_LENGTH)),
    Column("evidence", Text, nullable=False),
    Index("ix_decision_model", "model", "version"),
)

monitor_run = Table(
    "monitor_run",
    METADATA,
    Column("digest", String(_SHA256_LENGTH), primary_key=True),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("plan", String(_SHA256_LENGTH), nullable=False),
    Column("ran_at", String(UTC_TEXT_LENGTH), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("fraction", Double),
    Column("alpha", Double),
    Column("spent", Double),
    Column("result", Text, nullable=False),
    Column("release", Text, nullable=False),
    Index("ix_monitor_run_model", "model", "version"),
)
