"""The EHR side: plays a hook against a CDS service with a patient's FHIR Bundle and judges the answer.

It stands for the client of CDS Hooks 2.0, so it knows nothing of Bedside's own service but the protocol.
"""
