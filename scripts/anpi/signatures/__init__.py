"""Immune and tumour signatures of single samples: registry, methods, scores."""
