"""What is said of counts of alignments that are the only count of a sample."""

from __future__ import annotations

from collections.abc import Mapping

COUNTED_BY = "featureCounts"
ASSIGNED = "Assigned"
# What featureCounts calls a fragment that it does not count.
LEFT_OUT = {
    "Unmapped": "unmapped",
    "NoFeatures": "outside exons",
    "Ambiguity": "on several genes",
    "MultiMapping": "at several places (each place counts here)",
    "QCFailed": "that failed the quality control of the sequencer",
}
# What such a count cannot do that salmon's can; said at planning and in the report.
LOST = (
    "Genes are counted from the alignments alone (featureCounts), without sequences of transcripts. Reads at several "
    "places or on several genes do not count, so that families of alike genes (HLA, cancer-testis antigens) look lower "
    "than they are; TPM are by all exons of a gene and not by the transcripts that are expressed; reads are neither "
    "checked nor trimmed here, and how many map is as the alignment tells."
)


def left_out_words(summary: Mapping[str, int]) -> dict[str, int]:
    """Return the fragments that were not counted, by reason in words."""
    left = {status.removeprefix("Unassigned_"): number for status, number in summary.items() if status != ASSIGNED}
    return {LEFT_OUT.get(status, status.lower().replace("_", " ")): number for status, number in left.items()}
