"""The classes of reads of others than the tumour's genes, and what a finding of each says."""

from __future__ import annotations

# In the order in which they are shown; the class of a contig is one of these.
CLASSES = {
    "rrna": "ribosomal RNA",
    "mitochondrion": "the mitochondrion",
    "mouse": "mouse",
    "mycoplasma": "mycoplasma",
    "phix": "PhiX",
    "ebv": "Epstein-Barr virus",
    "hpv": "papillomavirus",
    "merkel": "Merkel cell polyomavirus",
}
# Those that are of the patient's cells.
OWN = ("rrna", "mitochondrion")
VIRUSES = {
    "ebv": "Epstein-Barr virus is in the reads: lymphocytes, or a lymphoepithelial carcinoma",
    "hpv": "papillomavirus is in the reads: a small cell carcinoma of another origin (cervix, head and neck) resembles"
    " SCLC",
    "merkel": "Merkel cell polyomavirus is in the reads: a Merkel cell carcinoma resembles SCLC",
}
# Drawn fragments of a virus below which it is not told of.
LEAST_VIRAL = 2
