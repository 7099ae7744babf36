"""Pairs of a patient's samples: which are compared, which not and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.cohort.sets import choose_samples, foreign_samples

CONTRASTS = ("on_treatment", "progression")
COLUMNS = [
    "patient_id",
    "contrast",
    "from_sample",
    "to_sample",
    "used",
    "reason",
    "genotypes",
    "from_day",
    "to_day",
    "from_purity",
    "to_purity",
]
UNKNOWN = "unknown"


@dataclass(frozen=True)
class PairFacts:
    """What decides on a pair; all by sample but ``genotypes``.

    Parameters
    ----------
    bars : mapping of str to str
        Why a sample may not be used.
    genotypes : mapping of (str, str) to str
        Result of two samples: same, different, unclear; samples in order of their names.
    days : pandas.Series
        Study day (1 = start of treatment, no day 0).
    purity : pandas.Series
        Share of tumour, 0 to 1.
    """

    bars: Mapping[str, str]
    genotypes: Mapping[tuple[str, str], str]
    days: pd.Series
    purity: pd.Series


def make_pairs(
    samples: pd.DataFrame, verdicts: pd.DataFrame, facts: PairFacts, calls: pd.DataFrame | None
) -> pd.DataFrame:
    """Pair each later sample with the patient's baseline.

    Of several samples of one time point that stands for the patient which the analysis sets would choose. Whose
    samples they are is asked first: a pair that the genotypes give to two persons is refused, whatever else is said
    of it.

    Returns
    -------
    pandas.DataFrame
        One row per later sample in use: `COLUMNS`, ``used`` yes or no, ``reason`` of those left out.
    """
    in_use = samples[samples["use"].ne("no")] if "use" in samples else samples
    chosen = {
        point: choose_samples(in_use[in_use["timepoint"].eq(point)].assign(use="yes"), verdicts, calls)
        for point in ("baseline", *CONTRASTS)
    }
    first = chosen["baseline"].set_index("patient_id")["sample_id"]
    stands = {sample for point in CONTRASTS for sample in chosen[point]["sample_id"]}
    rows = []
    for row in in_use[in_use["timepoint"].isin(CONTRASTS)].to_dict("records"):
        start, end = first.get(row["patient_id"]), row["sample_id"]
        reason, genotypes = why_not(start, end, end in stands, facts)
        pair = {"patient_id": row["patient_id"], "contrast": row["timepoint"], "from_sample": start, "to_sample": end}
        pair |= {"used": "no" if reason else "yes", "reason": reason, "genotypes": genotypes}
        for name, values in (("day", facts.days), ("purity", facts.purity)):
            pair |= {f"from_{name}": values.get(start, np.nan), f"to_{name}": values.get(end, np.nan)}
        rows.append(pair)
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["contrast"] = pd.Categorical(table["contrast"], CONTRASTS, ordered=True)
    return table.sort_values(["contrast", "patient_id", "to_sample"], ignore_index=True).astype({"contrast": str})


def why_not(start: str | None, end: str, stands: bool, facts: PairFacts) -> tuple[str | None, str]:
    """Return why a pair is left out, or None, and what the genotypes say of it."""
    if start is None:
        return "no baseline sample", UNKNOWN
    genotypes = facts.genotypes.get((min(start, end), max(start, end)), UNKNOWN)
    if genotypes == "different":
        return f"genotypes: {start} and {end} are of two persons", genotypes
    for sample in (start, end):
        if sample in facts.bars:
            return f"{sample}: {facts.bars[sample]}", genotypes
    if not stands:
        return "another sample of this time point stands for the patient", genotypes
    days = facts.days.get(start, np.nan), facts.days.get(end, np.nan)
    if days[1] < days[0]:
        return f"{end} was taken on day {days[1]:.0f}, before {start} on day {days[0]:.0f}", genotypes
    if days[1] < 1:
        return f"{end} was taken on day {days[1]:.0f}, before treatment", genotypes
    return None, genotypes


def gather_facts(
    samples: pd.DataFrame,
    patients: pd.DataFrame,
    verdicts: pd.DataFrame,
    calls: pd.DataFrame | None,
    identity: pd.DataFrame | None,
    identity_pairs: pd.DataFrame | None,
    purity: pd.Series,
) -> PairFacts:
    """Collect what decides on pairs from the tables of a run."""
    judged = verdicts.set_index("sample_id")
    bars = {}
    for sample in samples["sample_id"]:
        if sample not in judged.index:
            bars[sample] = "not sequenced"
    for sample, why in foreign_samples(calls).items():
        bars[sample] = str(why)
    failed = judged[judged["verdict"].eq("fail")]
    bars |= {str(sample): f"failed quality: {why}" for sample, why in failed["reasons"].items()}
    if identity is not None and "identity" in identity:
        suspect = identity[identity["identity"].eq("suspect")].set_index("sample_id")["identity_reason"]
        bars |= {str(sample): f"doubt whose it is: {why}" for sample, why in suspect.items()}
    genotypes = {}
    for row in [] if identity_pairs is None else identity_pairs.to_dict("records"):
        genotypes[min(row["sample_1"], row["sample_2"]), max(row["sample_1"], row["sample_2"])] = str(row["result"])
    return PairFacts(bars, genotypes, study_days(samples, patients), purity)


def study_days(samples: pd.DataFrame, patients: pd.DataFrame) -> pd.Series:
    """Return the study day on which each sample was taken, NaN where it is not known."""
    names = pd.Index(samples["sample_id"])
    if "collection_day" in samples and samples["collection_day"].notna().any():
        return pd.Series(samples["collection_day"].to_numpy(dtype=float), names)
    if "collection_date" not in samples or "treatment_start_date" not in patients:
        return pd.Series(np.nan, names)
    start = samples["patient_id"].map(patients.set_index("patient_id")["treatment_start_date"])
    days = (pd.to_datetime(samples["collection_date"]) - pd.to_datetime(start)).dt.days
    return pd.Series(days.where(days < 0, days + 1).to_numpy(dtype=float), names)
