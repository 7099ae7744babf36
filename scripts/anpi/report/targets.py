"""What the tumours offer to therapies: a heat map of the cohort, and the table of a patient."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures import heatmaps
from anpi.report import sentences as say
from anpi.report.biology import drawn_calls
from anpi.report.blocks import Bars, Drawing, Note, Section, Text, Write, table_of, table_of_rows
from anpi.report.numbers import NONE, decimal, drawn_of, has_value, text
from anpi.report.patient_record import PatientRecord
from anpi.report.strips import WORDS, percentile_bars
from anpi.report.tables import Run, call_groups
from anpi.words.lists import listed, plural

NO_ADVICE = Note(
    "No advice on treatment. Expression of a target is not response to a drug; for most targets no limit of RNA is "
    "established, and the levels say only where a tumour stands among small cell lung cancers."
)
LEVELS = {"high": "high", "intermediate": "intermediate", "low": "low", "cannot_tell": "cannot tell"}
COLUMNS = {
    "target": "Target",
    "name": "Also called",
    "tpm": "TPM",
    "tumour_tpm": "TPM of the tumour",
    "reference_percentile": "Percentile",
    "level": "Level",
    "drugs": "Tried in SCLC",
    "threshold": "Evidence for a limit",
    "reason": "Remark",
}


def targets(run: Run) -> Section | None:
    """Return the targets of the cohort; None when the run has none."""
    found, calls = run.table("targets"), run.table("calls")
    if found is None or calls is None:
        return None
    calls = calls.assign(patient_id=calls["sample_id"].map(run.sample_patients), group=call_groups(calls))
    drawn = drawn_calls(run, calls)
    wide = found.pivot(index="sample_id", columns="target", values="reference_percentile").reindex(drawn.index)
    shown = {name: str(name) for name in dict.fromkeys(found["target"]) if wide[name].notna().any()}
    blocks: list[Any] = [NO_ADVICE, Text(level_sentences(found, run))]
    if shown:
        caption = (
            f"{say.capital(drawn_of(len(drawn), len(calls), 'sample'))}, one column each. Percentile of the measured "
            "TPM among the reference tumours (George 2015), from their quartiles; grey: not known."
        )
        blocks.append(Drawing("targets", "Targets", caption, heatmaps.signatures, (wide, drawn, shown)))
    blocks += protein_blocks(run)
    return Section("targets", "What the tumours offer to therapies", blocks, "Targets", exploratory=True)


def protein_blocks(run: Run) -> list[Any]:
    """Return how far proteins go with their RNA, where biomarkers.csv has one of a gene of the run."""
    agreement = run.table("agreement")
    if agreement is None:
        return []
    columns = {"marker": "Marker of protein", "gene": "Gene", "n": "Patients with both", "rho": "Rank correlation"}
    columns |= {"ci_low": "95% CI from", "ci_high": "to", "warning": "Remark"}
    write: dict[str, Write] = dict.fromkeys(("rho", "ci_low", "ci_high"), decimal)
    caption = "Spearman's correlation of the marker at baseline and log2(TPM + 1) of its gene; descriptive, no test."
    return [table_of(agreement, "protein", "RNA and protein of targets", columns, write, caption=caption)]


def level_sentences(found: pd.DataFrame, run: Run) -> list[str]:
    """Count the levels, and name the patients whose antigen presentation is low."""
    counts = found["level"].value_counts()
    told = LEVELS | {"cannot_tell": "cannot be told"}
    sums = listed([f"{counts[level]:,} {words}" for level, words in told.items() if level in counts])
    lines = [f"{plural(found['sample_id'].nunique(), 'sample')}, {found['target'].nunique()} targets: {sums}."]
    low = found[found["target"].eq("MHC-I") & found["level"].eq("low")]["sample_id"]
    if len(low):
        lines.append(f"MHC-I low: {listed(sorted(low))} ({plural(low.map(run.sample_patients).nunique(), 'patient')}).")
    return lines


def target_blocks(record: PatientRecord) -> list[Any]:
    """Return the targets of a patient's chosen sample."""
    mine = [
        {**record.shared.targets.get(row["target"], {}), **row} for row in record.of_sample("targets", record.sample)
    ]
    if not mine:
        return [Note("No target was scored for this patient.", "absent")]
    write: dict[str, Write] = {
        "tpm": text_of_tpm,
        "tumour_tpm": text_of_tpm,
        "reference_percentile": lambda value: decimal(value, 0),
        "level": lambda value: LEVELS.get(str(value), text(value)),
    }
    bars = percentile_bars(record, "targets", {str(row["target"]): str(row["target"]) for row in mine})
    caption = f"Percentile of the measured TPM among the reference tumours (George 2015).{WORDS}"
    shown = [Bars("Targets as percentiles", bars, "dot", caption, "targets")] if bars else []
    return [NO_ADVICE, *shown, table_of_rows(mine, "targets", f"Targets in {record.sample}", COLUMNS, write)]


def text_of_tpm(value: Any) -> str:
    """Write TPM with as many digits as they bear."""
    if not has_value(value):
        return NONE
    return decimal(value, 1) if float(value) < 10 else f"{value:,.0f}"
