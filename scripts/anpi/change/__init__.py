"""What changes under treatment: pairs of samples, changes with intervals, tests that the plan declares."""
