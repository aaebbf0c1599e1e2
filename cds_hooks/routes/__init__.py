"""The addresses of the service: each route translates between HTTP and the rooms, and does nothing else."""

from __future__ import annotations

from cds_hooks.routes import catalog, cds, operations

__all__ = ["catalog", "cds", "operations"]
