"""Audits of a file of predictions: counts in one pass, then the report and its views."""
