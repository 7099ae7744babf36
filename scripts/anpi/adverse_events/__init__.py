"""Adverse events: which are treatment-emergent, and how many patients had them. Stands on tables alone."""
