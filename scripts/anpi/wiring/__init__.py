"""What the Snakefile is wired with: how programs are called, what results are known by, what jobs ask for."""
