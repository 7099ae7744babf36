"""Statistics for small trials: survival, exact tests, regression, multiplicity, power; knows no trial table."""
