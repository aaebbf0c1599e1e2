"""The edge of Bedside: the CDS Hooks service, its cards, its ledger and its command line."""
