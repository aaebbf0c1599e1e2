"""Reading what a hook did not send from the FHIR server of the EHR that called."""
