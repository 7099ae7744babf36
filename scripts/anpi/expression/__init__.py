"""From reads to genes: reference, quantification, gene summary, matrices, units and facts of quality."""
