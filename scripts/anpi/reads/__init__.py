"""Reads of a sample: FASTQ, alignments back to reads, trimming."""
