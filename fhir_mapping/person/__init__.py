"""Who the patient is, for fairness: what the record says of a person, and how it is rolled up."""
