"""Fractions of immune cells in single samples, by quanTIseq's method."""
