"""Validation of FHIR R4 resources: a quick proof for the common form, fhir.resources for all else."""
