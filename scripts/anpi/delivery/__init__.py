"""A delivery of files as people have them, turned into a trial that can be run."""
