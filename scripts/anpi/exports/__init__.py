"""Results in the formats of other people's tools, one format a file."""
