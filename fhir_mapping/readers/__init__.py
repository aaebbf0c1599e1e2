"""Readers: one per kind of feature, each a function of (record, index time), compiled once per feature
set."""
