"""From reads to genes: reference, quantification, gene summary, matrices, units and QC metrics."""
