"""Alignments: what they say of a library, and the way back to reads."""
