"""A ledger on an empty database, on SQLite and, with BEDSIDE_TEST_POSTGRESQL set, on PostgreSQL as well."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from cds_hooks.ledger import Ledger

POSTGRESQL = os.environ.get("BEDSIDE_TEST_POSTGRESQL")


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRESQL else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    schema = f"monitor_{uuid4().hex}"
    admin = create_engine(POSTGRESQL or "", poolclass=NullPool)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(POSTGRESQL or "").update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def outside(url: str) -> Engine:
    """A way into the same database that does not pass through the ledger."""
    return create_engine(url, poolclass=NullPool)
