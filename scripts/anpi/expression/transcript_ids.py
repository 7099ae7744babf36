"""Ids of transcripts, with their version and without."""

from __future__ import annotations

import re

TRANSCRIPT_VERSION = re.compile(r"\.\d+(?=(?:_PAR_Y)?$)")


def strip_transcript_version(name: str) -> str:
    """Take the version off a transcript id; what tells the Y copy of a pseudoautosomal transcript apart stays.

    >>> strip_transcript_version("ENST00000381192.10"), strip_transcript_version("ENST00000381192.10_PAR_Y")
    ('ENST00000381192', 'ENST00000381192_PAR_Y')
    """
    return TRANSCRIPT_VERSION.sub("", name)
