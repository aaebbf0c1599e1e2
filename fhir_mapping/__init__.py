"""FHIR in, features out: decoding, prefetch, codes, units, demographics."""
