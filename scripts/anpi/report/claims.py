"""Which questions are primary, and at which level the p of one of them carries a claim."""

from __future__ import annotations

from dataclasses import dataclass

from anpi.report import sentences as say
from anpi.report.tables import Run
from anpi.trial.declared import DeclaredFamily
from anpi.trial.endpoints import endpoint_words

DECLARED = "as declared"


@dataclass(frozen=True)
class Claim:
    """What carries the claims of a family.

    Parameters
    ----------
    level : float
        Alpha times the share of the family.
    alone : bool
        Whether the unadjusted p of a question decides by itself. It does not where several tests are adjusted for each
        other or another family must pass first: what would then be claimed cannot be told from one p.
    """

    level: float
    alone: bool


@dataclass(frozen=True)
class PrimaryQuestion:
    """One endpoint against one biomarker of the primary family."""

    entry: str
    endpoint: str
    biomarker: str
    claim: Claim

    @property
    def words(self) -> str:
        """The question in words: progression-free survival by subtype."""
        return f"{endpoint_words(self.endpoint)} by {self.biomarker}"


def primary_questions(run: Run) -> list[PrimaryQuestion]:
    """Return every question of the primary family, in the order of the plan."""
    return [
        PrimaryQuestion(entry["entry"], endpoint, biomarker, claim_of(run, family))
        for family in run.plan["families"]
        if family["tier"] == "primary"
        for entry in family["entries"]
        for endpoint in entry["endpoints"]
        for biomarker in asked_biomarkers(run, entry["entry"], endpoint) or [entry["biomarker"]]
    ]


def asked_biomarkers(run: Run, entry: str, endpoint: str) -> list[str]:
    """Return the biomarkers that an entry set against an endpoint, as declared; none without the table."""
    table = run.table("sensitivity")
    if table is None:
        return []
    rows = table[table["entry"].eq(entry) & table["endpoint"].eq(endpoint) & table["variant"].eq(DECLARED)]
    return list(dict.fromkeys(rows["biomarker"].astype(str)))


def claim_of(run: Run, family: DeclaredFamily) -> Claim:
    """Return the level of a family, and whether one p decides."""
    level, results = run.plan["alpha"] * family["alpha_share"], run.table("results")
    if results is None:
        return Claim(level, True)
    tests = say.test_rows(results[results["family"].eq(family["family"])])
    method = family["multiplicity"]
    count = len(tests) if method == "fixed_sequence" else int(tests["p"].notna().sum())
    return Claim(level, family["gate"] in ("auto", "none") and (count <= 1 or method == "none"))
