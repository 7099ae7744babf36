"""Accounts of a run: what was given is used, asked about or left out with its reason, and nothing else."""
