"""The monitor at the edge: the ledger's rows in, a report, decisions and alerts out.

`audit_ledger` judges once; `run` does so on a schedule, decides and alerts; `StandingDecisions` tells the
service which decisions hold. The arithmetic is in `fairness.monitor`.
"""

from cds_hooks.monitor.audit import AuditRequest, LedgerAudit, audit_ledger
from cds_hooks.monitor.standing import StandingDecisions, record_declared

__all__ = ["AuditRequest", "LedgerAudit", "StandingDecisions", "audit_ledger", "record_declared"]
