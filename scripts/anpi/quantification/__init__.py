"""From reads and a reference to counts of transcripts and genes."""
