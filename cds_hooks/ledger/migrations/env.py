"""Runs the migrations on the connection, and inside the transaction, that the ledger hands over."""

from __future__ import annotations

from alembic import context

from cds_hooks.ledger.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
