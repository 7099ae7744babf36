"""RECIST 1.1: from lesions to time points, from time points to the best response. Knows tables and nothing else."""
