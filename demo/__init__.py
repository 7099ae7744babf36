"""Data with a known truth: tumour expression, reads and the clinical tables of a trial."""
