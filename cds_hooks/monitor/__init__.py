"""The monitor at the edge: the ledger's rows in, a report, decisions and alerts out.

`audit_ledger` judges once; `run` does so on a schedule, decides and alerts; `StandingDecisions` tells the
service which decisions hold. The arithmetic is in `fairness.monitor`.
"""
