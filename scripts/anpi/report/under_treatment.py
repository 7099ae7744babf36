"""What changed under treatment: who was compared, slopes by response, declared tests; and a patient's changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from anpi.figures.slopes import slopes
from anpi.report.blocks import Drawing, Note, Section, Text, Write, table_of, table_of_rows
from anpi.report.numbers import decimal, has_value, p_value, text
from anpi.report.patient_record import PatientRecord
from anpi.report.tables import Run
from anpi.trial.endpoints import endpoint_words
from anpi.words.lists import listed, plural

CONTRASTS = {"on_treatment": "on treatment", "progression": "at progression"}
PROBABLE = 0.8
MOST_DRAWN = 8
SWITCH_KIND = "switch"
DECLARED_KINDS = ("signature", "gene")  # of which a plan declares changes; a programme may be called as a signature is
COLUMNS = {"biomarker": "Feature", "level": "Second sample", "n": "Pairs", "estimate": "Change", "ci_low": "from"}
COLUMNS |= {"ci_high": "to", "p": "p", "p_adjusted": "adjusted p", "method": "Method", "warning": "Remark"}
OF_PATIENT = {"contrast": "Second sample", "feature": "Feature", "before": "Before", "after": "After"}
OF_PATIENT |= {"change": "Change", "low": "from", "high": "to"}


def under_treatment(run: Run) -> Section | None:
    """Return the section of changes; None when nobody has a second sample."""
    pairs, changes, tests = run.table("pairs"), run.table("changes"), run.table("change_tests")
    if pairs is None:
        return None
    blocks: list[Any] = [Text([*pair_sentences(pairs), *switch_sentences(changes)])]
    if changes is not None:
        for contrast, words in CONTRASTS.items():
            blocks += drawn_slopes(run, changes[changes["contrast"] == contrast], tests, contrast, words)
    if tests is not None:
        numbers: dict[str, Write] = dict.fromkeys(("estimate", "ci_low", "ci_high"), decimal)
        numbers |= dict.fromkeys(("p", "p_adjusted"), p_value)
        numbers |= {"biomarker": lambda name: run.signature_names.get(name, text(name))}
        rows = tests[tests["endpoint"] == "change"]
        blocks.append(table_of(rows, "changes-tested", "Changes that the plan declared", COLUMNS, numbers, folded=True))
        others = tests[tests["endpoint"] != "change"]
        shown = {"endpoint": "Endpoint", **COLUMNS, "estimate": "Estimate"}
        title = "Changes against response and survival"
        numbers |= {"endpoint": endpoint_words}
        blocks.append(table_of(others, "changes-endpoints", title, shown, numbers, folded=True))
    return Section("under-treatment", "Change under treatment", blocks, "Change", exploratory=True)


def pair_sentences(pairs: pd.DataFrame) -> list[str]:
    """Count the pairs, and say of those left out why."""
    lines = []
    for contrast, words in CONTRASTS.items():
        part = pairs[pairs["contrast"] == contrast]
        if len(part):
            used = int(part["used"].eq("yes").sum())
            lines.append(f"Baseline and {words}: {used} of {plural(len(part), 'pair')} compared.")
    left = pairs[pairs["used"] == "no"]
    if len(left):
        reasons = [f"{row.to_sample} ({row.reason})" for row in left.itertuples()]
        lines.append(f"Left out: {listed(reasons)}.")
    return lines


def switch_sentences(changes: pd.DataFrame | None) -> list[str]:
    """Name the pairs that are probably of different subtypes."""
    if changes is None:
        return []
    switches = changes[(changes["kind"] == SWITCH_KIND) & changes["change"].ge(PROBABLE)]
    told = [f"{row.from_sample} to {row.to_sample} (probability {row.change:.2f})" for row in switches.itertuples()]
    return [f"Probably of different subtypes: {listed(told)}."] if told else ["No pair is probably of two subtypes."]


def drawn_slopes(run: Run, changes: pd.DataFrame, tests: pd.DataFrame | None, contrast: str, words: str) -> list[Any]:
    """Draw the declared features of one contrast."""
    if tests is None or changes.empty:
        return []
    declared = [name for name in dict.fromkeys(tests["biomarker"]) if changes["feature"].eq(name).any()][:MOST_DRAWN]
    if not declared:
        return []
    measured = changes[changes["kind"].isin(DECLARED_KINDS)].dropna(subset=["change"])
    drawn = measured.assign(response=measured["patient_id"].astype(str).map(run.people["response"]))
    names = {name: run.signature_names.get(name, name).split(",")[0] for name in declared}
    columns = ["patient_id", "from_sample", "to_sample", "feature", "before", "after", "response"]
    caption = "A line a patient, as measured: not adjusted for purity; intervals stand in change/changes.tsv."
    shown = (drawn[columns], names, words)
    return [Drawing(f"slopes-{contrast.replace('_', '-')}", f"Baseline and {words}", caption, slopes, shown)]


def change_blocks(record: PatientRecord) -> list[Any]:
    """Return a patient's changes: declared features, targets in the tumour, and the subtype."""
    pairs, changes = record.rows.get("pairs"), record.rows.get("changes")
    if pairs is None:
        return [Note("This patient has one sample, or none.", "absent")]
    lines = [
        f"{day_of(row, 'from')} and {day_of(row, 'to')}: compared."
        if row["used"] == "yes"
        else f"{row['to_sample']}: not compared, {row['reason']}."
        for row in pairs
    ]
    if changes is None:
        return [Text(lines)]
    shown = [
        row | {"feature": feature_words(row, record.shared.signatures)}
        for row in changes
        if is_shown(row, record.shared.declared)
    ]
    bare = dict.fromkeys(str(row["reason"]) for row in shown if has_value(row["change"]) and has_value(row["reason"]))
    lines += [f"Changes without limits: {reason}." for reason in bare]
    numbers = dict.fromkeys(("before", "after", "change", "low", "high"), decimal)
    write = {**numbers, "contrast": lambda value: CONTRASTS.get(str(value), text(value))}
    caption = "Signatures on their own scales, genes in log2(TPM + 1)."
    return [Text(lines), table_of_rows(shown, "changes", "Changes", OF_PATIENT, write, caption=caption)]


def day_of(pair: dict[str, Any], end: str) -> str:
    return f"{pair[f'{end}_sample']} (day {decimal(pair[f'{end}_day'], 0)})"


def is_shown(change: dict[str, Any], declared: Collection[str]) -> bool:
    """Return whether a patient's page shows a change: declared, of the subtype, or of a target in the tumour."""
    if change["kind"] == "gene_in_tumour" and has_value(change["change"]):
        return True
    if change["kind"] in ("subtype", SWITCH_KIND):
        return True
    return change["feature"] in declared and change["kind"] in DECLARED_KINDS


def feature_words(change: dict[str, Any], signatures: Mapping[str, str]) -> str:
    """Name what changed: ``Interferon gamma, 6 genes``, ``DLL3 in the tumour``, ``Probability of SCLC-A``."""
    name, kind = str(change["feature"]), change["kind"]
    if kind == "gene_in_tumour":
        return f"{name} in the tumour"
    if kind == SWITCH_KIND:
        return "Probability of different subtypes"
    return f"Probability of SCLC-{name.removeprefix('p_')}" if kind == "subtype" else signatures.get(name, name)
