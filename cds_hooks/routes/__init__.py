"""The addresses of the service: each route translates between HTTP and the rooms, and does nothing else."""

from __future__ import annotations

from cds_hooks.routes import catalog, cds, evidence, operations

__all__ = ["catalog", "cds", "evidence", "operations"]
