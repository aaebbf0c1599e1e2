"""Cohorts: the hook's own mapping over a FHIR Bulk Data export (NDJSON), on local cores or on Spark.

A run has two passes. The first reads the export's lines in pieces and keeps what the features touch, sorted
by patient into partitions; the second makes one PatientRecord of each patient's resources and hands it to a
mapper. Both are pure functions of their input, so that the executors differ only in where they run them.
"""
