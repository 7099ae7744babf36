"""Whose sample is it: sex from expression, genotypes from reads, and what they say of swaps and mixtures."""
