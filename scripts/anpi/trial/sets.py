"""The analysis sets, each once: its name, who is in it, and whether it needs a sample."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AnalysisSet:
    """A set of patients, a column of ``sets.tsv``."""

    name: str
    words: str
    of_expression: bool = False


SETS = (
    AnalysisSet("randomised", "randomised by the data cut-off (intention to treat)"),
    AnalysisSet("treated", "began treatment by the data cut-off (safety)"),
    AnalysisSet("all_treated", "the same as treated, the name that plans use"),
    AnalysisSet("rna_evaluable", "treated, with a baseline sample of usable expression of the trial's tumour", True),
    AnalysisSet("subtype_evaluable", "treated, with a confident or lean subtype call", True),
    AnalysisSet("response_evaluable", "treated, with a response that could be assessed"),
)
# Whose samples stand for patients: SCLC-like ones, or those of whatever tumour.
TUMOURS = ("sclc", "any")
NAMES = tuple(one.name for one in SETS)
WORDS = {one.name: one.words for one in SETS}
OF_EXPRESSION = tuple(one.name for one in SETS if one.of_expression)
# Whose sample may stand for the patient, and whose has a subtype too.
USABLE, SUBTYPED = OF_EXPRESSION
