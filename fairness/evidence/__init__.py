"""The evidence record of a model version, and its views: one document, many readers.

`build` makes the record from plain data; `fairness.evidence.views` makes each view from the record alone.
"""
