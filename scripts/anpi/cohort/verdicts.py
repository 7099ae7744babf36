"""A verdict on each sample, from stated facts and stated thresholds, before anything is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from anpi.cohort.facts import fact_unit, fact_words, is_ceiling
from anpi.problems import Problem, refuse, refuse_missing_columns
from anpi.tables.reading import read_text_table
from anpi.words.strangers import VIRUSES

RANK = {"pass": 0, "warn": 1, "fail": 2}
STRAND_SOURCES = {
    "strandedness_declared": "declared",
    "strandedness": "salmon sees",
    "aligned_strandedness": "the alignments show",
}
STRANDS = ("forward", "reverse", "unstranded", "unclear")
SEXES = {"F": "female", "M": "male"}
Thresholds = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Finding:
    """What one fact says of a sample: ``level`` is pass, warn or fail; ``reason`` is empty for pass."""

    fact: str
    level: str
    reason: str = ""


def read_verdicts(path: Path | str, samples: Sequence[str]) -> pd.DataFrame:
    """Read a table of verdicts, as texts; each of the samples must have one.

    Raises
    ------
    InputError
        A column that lacks, another word than pass, warn or fail, a sample twice or without a verdict.
    """
    table, name = read_text_table(path), str(path)
    refuse_missing_columns(name, table, ("sample_id", "verdict", "reasons"))
    twice = table["sample_id"].duplicated()
    problems = [
        Problem(name, row=int(str(row)) + 2, column=column, found=str(table.at[row, column]), expected=expected)
        for column, wrong, expected in (
            ("verdict", ~table["verdict"].isin(list(RANK)), ", ".join(RANK)),
            ("sample_id", twice, "each sample once"),
        )
        for row in table.index[wrong]
    ]
    unjudged = sorted(set(samples) - set(table["sample_id"]))
    if unjudged:
        found = ", ".join(unjudged[:5])
        mend = "Is an id misspelt? A failed sample without its verdict would be called."
        problems.append(Problem(name, f"{len(unjudged)} samples have no verdict", found=found, mend=mend))
    refuse(problems)
    return table


def judge_samples(
    facts: pd.DataFrame,
    thresholds: Thresholds,
    identities: pd.DataFrame | None = None,
    samples: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Judge each sample by its QC metrics.

    Parameters
    ----------
    facts : pandas.DataFrame
        ``sample_id`` and one column per fact; a fact that is missing is not judged.
    thresholds : mapping
        For each fact ``{"warn": x, "fail": y}``: below (for some facts, see `anpi.cohort.facts`: above) that the
        sample is warned of or fails.
    identities : pandas.DataFrame, optional
        ``sample_id`` with what is known of whose sample it is; its columns join the facts.
    samples : pandas.DataFrame, optional
        The sample sheet: ``sample_id``, ``verdict_override``, ``override_reason``.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, ``verdict`` (pass, warn, fail), ``reasons`` (all, in words; empty for pass),
        ``verdict_before_override`` and ``override_reason`` (missing where nothing was overridden), then the facts. A
        sample whose inputs cannot be used stays failed, whatever the override.
    """
    if identities is not None:
        fresh = ["sample_id", *identities.columns.difference(facts.columns, sort=False)]
        facts = facts.merge(identities[fresh], on="sample_id", how="left", validate="one_to_one")
    overrides = overrides_of(samples)
    rows = []
    for _, row in facts.iterrows():
        found = findings_of(row, thresholds)
        rows.append(override_verdict(*verdict_of(found), overrides.get(row["sample_id"]), is_unusable(found)))
    columns = ["verdict", "reasons", "verdict_before_override", "override_reason"]
    verdicts = pd.DataFrame(rows, columns=columns, index=facts.index, dtype=object)
    return pd.concat([facts[["sample_id"]], verdicts, facts.drop(columns="sample_id")], axis=1)


def findings_of(facts: pd.Series, thresholds: Thresholds) -> list[Finding]:
    """Judge each fact of a sample that is known: failures of the inputs first, then thresholds, strand, identity."""
    numbers = [judge_threshold(facts, fact, limits) for fact, limits in thresholds.items()]
    judges = (judge_alignment, judge_degradation, judge_strand, judge_identity)
    others = (judge_same_expression, judge_sex, judge_viruses)
    found = [judge_failure(facts), *numbers, *(judge(facts) for judge in (*judges, *others))]
    return [finding for finding in found if finding is not None]


def verdict_of(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return the worst level of a sample's findings, and all its reasons."""
    verdict = max((finding.level for finding in findings), key=RANK.__getitem__, default="pass")
    return verdict, "; ".join(f"{finding.reason} ({finding.level})" for finding in findings if finding.reason)


def judge_threshold(facts: pd.Series, fact: str, limits: Mapping[str, float]) -> Finding | None:
    """Hold a fact against its two limits; a value that is equal to a limit has not passed it."""
    if not is_known(facts.get(fact)):
        return None
    value, ceiling = float(facts[fact]), is_ceiling(fact)
    for level in ("fail", "warn"):
        limit = limits[level]
        if value > limit if ceiling else value < limit:
            side = "above" if ceiling else "below"
            return Finding(fact, level, f"{value:,.10g}{fact_words(fact)}, {side} {limit:,.10g}{fact_unit(fact)}")
    return Finding(fact, "pass")


def judge_failure(facts: pd.Series) -> Finding | None:
    """Fail a sample whose inputs could not be used; ``failure`` says why."""
    if "failure" not in facts:
        return None
    reason = facts["failure"]
    return Finding("failure", "fail", str(reason)) if is_known(reason) else Finding("failure", "pass")


def judge_strand(facts: pd.Series) -> Finding | None:
    """Compare what was declared, what salmon saw and what the alignments show of the strand."""
    strands = [(who, facts.get(column)) for column, who in STRAND_SOURCES.items()]
    stated = [(who, strand) for who, strand in strands if strand in STRANDS]
    if len({strand for _, strand in stated}) > 1:
        used = facts.get("strandedness_resolved")
        words = ", ".join([f"{who} {strand}" for who, strand in stated])
        return Finding("strandedness", "warn", "strand: " + words + (f", {used} is used" if is_known(used) else ""))
    return Finding("strandedness", "pass") if stated else None


def judge_alignment(facts: pd.Series) -> Finding | None:
    """Warn of an alignment that cannot be read: nothing was measured on it, and no genotype taken from it."""
    if "alignment_failure" not in facts:
        return None
    reason = facts["alignment_failure"]
    if is_known(reason):
        return Finding("alignment_failure", "warn", f"the alignment cannot be read: {reason}")
    return Finding("alignment_failure", "pass") if is_known(facts.get("aligned_records")) else None


def judge_degradation(facts: pd.Series) -> Finding | None:
    """Warn of a library whose RNA was degraded."""
    grade, reason = facts.get("degradation"), facts.get("degradation_reason")
    if grade == "poor":
        return Finding("degradation", "warn", "RNA degraded" + (f": {reason}" if is_known(reason) else ""))
    return Finding("degradation", "pass") if grade in ("good", "moderate") else None


def judge_identity(facts: pd.Series) -> Finding | None:
    """Fail a sample whose genotypes are not its patient's: its expression would stand for someone else's."""
    identity = facts.get("identity")
    if identity == "suspect":
        reason = facts.get("identity_reason")
        return Finding("identity", "fail", str(reason) if is_known(reason) else "genotypes are not the patient's")
    return Finding("identity", "pass") if identity == "match" else None


def judge_same_expression(facts: pd.Series) -> Finding | None:
    """Warn of a sample whose expression another sample has too: for one of them it is wrong."""
    others = facts.get("same_expression")
    if not is_known(others):
        return None
    message = f"its expression is that of {others} to the last digit: one file stands for several samples"
    return Finding("same_expression", "warn", message)


def judge_sex(facts: pd.Series) -> Finding | None:
    """Warn of a sample whose genes tell another sex than the clinical table."""
    stated, seen = facts.get("sex_clinical"), facts.get("sex_expression")
    if stated not in SEXES or seen not in SEXES:
        return None
    if stated == seen:
        return Finding("sex", "pass")
    return Finding("sex", "warn", f"{SEXES[stated]} in the clinical table but {SEXES[seen]} by XIST and Y genes")


def judge_viruses(facts: pd.Series) -> Finding | None:
    """Warn of a virus that a tumour which resembles SCLC may have."""
    if "viruses" not in facts:
        return None
    found = facts["viruses"]
    if not is_known(found):
        return Finding("viruses", "pass")
    return Finding("viruses", "warn", "; ".join(VIRUSES[kind] for kind in str(found).split(", ")))


def is_known(value: object) -> bool:
    return value is not None and not pd.isna(value)


def is_unusable(findings: Sequence[Finding]) -> bool:
    return any(finding.fact == "failure" and finding.level == "fail" for finding in findings)


def overrides_of(samples: pd.DataFrame | None) -> dict[str, tuple[str, str]]:
    """Return the verdicts that a person set in the sample sheet, with their reasons, by sample."""
    if samples is None or "verdict_override" not in samples:
        return {}
    rows = samples[samples["verdict_override"].notna()]
    return {
        sample: (verdict, reason)
        for sample, verdict, reason in zip(
            rows["sample_id"], rows["verdict_override"], rows["override_reason"], strict=True
        )
    }


def override_verdict(
    verdict: str, reasons: str, override: tuple[str, str] | None, unusable: bool
) -> tuple[str, str, str | None, str | None]:
    """Put a person's verdict in place of the derived one, and say so among the reasons."""
    if override is None:
        return verdict, reasons, None, None
    wanted, why = override
    if unusable and wanted != "fail":
        said, wanted = f"set to {wanted} by hand, which an unusable input does not allow: {why}", verdict
    elif wanted == verdict:
        said = f"left at {verdict} by hand: {why}"
    else:
        said = f"set from {verdict} to {wanted} by hand: {why}"
    return wanted, "; ".join(part for part in (reasons, said) if part), verdict, why
