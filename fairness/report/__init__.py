"""Fairness reports: the model of a report, how it is built, and its views."""
