"""What each method is: its source, what it needs, what its numbers can be and what they cannot tell.

One record per method. The code takes coverage, samples, roles and units from it; `anpi.api.list_methods` and
docs/methods/records.md show it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from anpi.trial.sources import (
    AYERS,
    BARBIE,
    BRUNET,
    EISENHAUER,
    FINOTELLO,
    FOROUTAN,
    GARWOOD,
    GAY_2021,
    GEORGE,
    NABET_2024,
    ROONEY,
    RUDIN_2019,
    SCHUBERT,
    SEYMOUR,
)

EXPRESSION = "counts, tpm or log2_tpm_plus_<c>"
SCANS = "patients, and lesions or assessments"
BY_DEFINITION = "by definition"
ANY = (-math.inf, math.inf)
SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Method:
    """A method.

    Parameters
    ----------
    id, kind, name : str
        What the code and the results call it; what it is for; in words.
    reference : str
        Author, year and doi; or that it is a plain definition.
    needs : str
        Units of expression, or tables.
    limits : tuple of str
        What its numbers cannot tell.
    coverage : float
        Share of the genes (of a forest: of the trees) below which there is no number; 0 where each signature or the
        model states it, or no genes are needed.
    samples : int
        Samples, or patients, below which there is no number.
    span : tuple of float
        Lowest and highest number.
    """

    id: str
    kind: str
    name: str
    reference: str
    needs: str
    limits: tuple[str, ...]
    coverage: float = 0.0
    samples: int = 1
    span: tuple[float, float] = ANY


@dataclass(frozen=True)
class Scoring(Method):
    """A method that scores signatures.

    Parameters
    ----------
    roles : frozenset of str
        Roles that the genes of such a signature have.
    unit : str
        In what the score is measured; ``{log}`` stands for the logarithm that the registry states.
    """

    roles: frozenset[str] = frozenset({"gene"})
    unit: str = "{log}"


LOGS = ("Genes that are missing are left out, which moves the mean where their level differs.",)
RANKS = (
    "Depends on all genes of the matrix: compare matrices with the same genes only.",
    "Has no percentile: quartiles of single genes cannot place a score by ranks.",
)
MEAN_LOG = Scoring("mean_log", "signature", "mean of log2(TPM + 1)", BY_DEFINITION, EXPRESSION, LOGS)
GEOMETRIC_MEAN = Scoring(
    "geometric_mean", "signature", "geometric mean of TPM + 0.01", ROONEY.reference,
    EXPRESSION, ("One gene at zero pulls it far down.",), span=(0.01, math.inf), unit="TPM",
)  # fmt: skip
WEIGHTED_SUM = Scoring(
    "weighted_sum", "signature", "sum of weight x log2(TPM + c); c in the registry",
    AYERS.reference, EXPRESSION,
    ("A factor on a whole sample moves it.", "Genes that are missing count as zero."), unit="weighted {log}",
)  # fmt: skip
WEIGHTED_SUM_HOUSEKEEPING = Scoring(
    "weighted_sum_housekeeping", "signature", "the same after taking out the mean log of the housekeeping genes",
    AYERS.reference, EXPRESSION,
    (
        "Genes that are missing count as zero.", "Noise of the housekeeping genes enters every score.",
        "A factor on a whole sample moves it a little, since 1 is added to TPM.",
    ),
    roles=frozenset({"gene", "housekeeping"}), unit="weighted {log} over housekeeping",
)  # fmt: skip
LOG_RATIO = Scoring(
    "log_ratio", "signature", "mean log of the numerator less that of the denominator", BY_DEFINITION, EXPRESSION,
    ("Does not tell which of the two sides moved.",), roles=frozenset({"numerator", "denominator"}), unit="log2 ratio",
)  # fmt: skip
SSGSEA_RAW = Scoring(
    "ssgsea_raw", "signature", "enrichment score of single-sample GSEA, not normalised, exponent 0.25",
    BARBIE.reference, EXPRESSION, RANKS, unit="enrichment score",
)  # fmt: skip
SINGSCORE = Scoring(
    "singscore", "signature", "mean rank of the up genes, and of the down genes turned round, centred",
    FOROUTAN.reference, EXPRESSION, RANKS, span=(-1.0, 1.0),
    roles=frozenset({"up", "down"}), unit="centred rank score",
)  # fmt: skip
SCORING = {
    method.id: method
    for method in (
        MEAN_LOG, GEOMETRIC_MEAN, WEIGHTED_SUM, WEIGHTED_SUM_HOUSEKEEPING, LOG_RATIO, SSGSEA_RAW, SINGSCORE,
    )
}  # fmt: skip
BY_RANKS = (SSGSEA_RAW.id, SINGSCORE.id)
TPM_OF_PANEL = "TPM of a panel"  # whose genes share out a million: above TPM of all genes, by a share that is not known
QUANTISEQ = Method(
    "quantiseq", "fraction", "quanTIseq on its TIL10 matrix", FINOTELLO.reference,
    EXPRESSION,
    (
        "What the tumour or normal tissue shares with the ten cell types is counted with them.",
        "CD4 T cells are poorly told from regulatory T cells.",
        "Intervals held the truth in three of four mixtures with tumours, not in 95%.",
        "No answer for a panel of genes that sums to a million by itself.",
    ),
    coverage=0.8, span=SHARE,
)  # fmt: skip
PROGENY = Method(
    "progeny", "pathway", "PROGENy, 100 genes per pathway", SCHUBERT.reference, EXPRESSION,
    (
        "Says what responded to a pathway, not what makes it up.",
        "Compares samples within a pathway, not pathways with each other: scores are not scaled.",
    ),
    coverage=0.6,  # some of the genes are neither coding nor in every annotation
)  # fmt: skip
TARGET_LEVEL = Method(
    "target_level", "target", "TPM of the tumour, among the quartiles of 81 SCLC tumours",
    f"{GEORGE.reference}; interval {GARWOOD.reference}", EXPRESSION,
    (
        "A position among SCLC, no threshold of response to a drug.",
        "RNA, not protein at the surface.",
        "Shares of normal tissue are right to about a factor of two; without purity only the ends are known.",
    ),
    coverage=0.8, span=(0.0, math.inf),
)  # fmt: skip
GAY = Method(
    "gay", "subtype", "SCLC-A, -N, -P and -I by the locked model", GAY_2021.reference,
    EXPRESSION,
    (
        "Not validated on whole transcriptomes of labelled SCLC tumours.",
        "A and N differ by degree: published schemes agree on 49 to 72% of tumours.",
        "Neuroendocrine cancers of other organs resemble SCLC and may be called.",
    ),
)  # fmt: skip
RUDIN = Method(
    "rudin", "subtype", "dominant of ASCL1, NEUROD1, POU2F3 and YAP1", RUDIN_2019.reference,
    EXPRESSION, ("One gene decides; tumours that express two are named by the higher.",),
)  # fmt: skip
NABET = Method(
    "nabet", "subtype", "neuroendocrine and inflamed or not", NABET_2024.reference, EXPRESSION,
    ("In the manner of the published split, which is a factorisation of one trial's tumours; not the same.",),
)  # fmt: skip
FOREST = Method(
    "forest", "subtype", "random forest of 1,000 trees",
    "Fatherree 2025, FredHutch/Fatherree-Hippe-MacPherson-SCLC-2025", EXPRESSION,
    (
        "Trained on xenografts, which have no human stroma and leukocytes.",
        "146 samples are few for eight classes; out-of-bag error 18.5%.",
        "Names a class for any tissue: silent where the subtype model bars a call.",
    ),
    coverage=0.5,
)  # fmt: skip
CONSENSUS_NMF = Method(
    "consensus_nmf", "exploration", "consensus NMF of the cohort", BRUNET.reference,
    EXPRESSION, ("Depends on the cohort; feeds no test.",), samples=20,
)  # fmt: skip
CORRELATION = Method(
    "signature_correlation", "exploration", "Spearman correlation of signatures", BY_DEFINITION, EXPRESSION,
    ("Depends on the cohort; feeds no test.",), samples=10, span=(-1.0, 1.0),
)  # fmt: skip
RECIST = Method(
    "recist", "endpoint", "RECIST 1.1", EISENHAUER.reference, SCANS,
    (
        "Without a baseline scan only an unequivocal new lesion is a progression; all else is not evaluable.",
        "Progression is seen at a scan, some time after it happened.",
    ),
)  # fmt: skip
IRECIST = Method(
    "irecist", "endpoint", "iRECIST", SEYMOUR.reference, SCANS,
    (
        "A variant: RECIST 1.1 stays primary.",
        "From reported responses alone a second progression is confirmed only when they name what grew.",
    ),
)  # fmt: skip
DEATH = Method(
    "death", "endpoint", "death from any cause", BY_DEFINITION, "patients",
    ("Who is alive counts up to the last day known alive, which follow-up decides.",),
)  # fmt: skip
METHODS = (
    *SCORING.values(), QUANTISEQ, PROGENY, TARGET_LEVEL, GAY, RUDIN, NABET, FOREST, CONSENSUS_NMF, CORRELATION, RECIST,
    IRECIST, DEATH,
)  # fmt: skip


def is_in_tpm(unit: str) -> bool:
    """Return whether a score is in TPM, of all genes or of a panel, and not in their logarithms."""
    return unit.lower().startswith("tpm")


def describe(method: Method) -> str:
    """Return a method in a paragraph: what it is, what it needs, its source, its limits."""
    needs = [f"Needs {method.needs}"]
    if method.coverage:
        needs.append(f"{method.coverage:.0%} of the {'trees' if method is FOREST else 'genes'}")
    if method.samples > 1:
        needs.append(f"{method.samples} samples")
    low, high = method.span
    numbers = "" if method.span == ANY else f" Numbers from {low:g}" + (f" to {high:g}." if high < math.inf else " up.")
    return (
        f"**`{method.id}`** ({method.kind}): {method.name}. {', '.join(needs)}.{numbers} "
        f"Source: {method.reference}. {' '.join(method.limits)}"
    )
