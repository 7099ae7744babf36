"""How numbers are written: one way for each."""
