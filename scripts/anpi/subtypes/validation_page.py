"""The page of a validation, worded from its counts alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anpi.stats.exact import clopper_pearson
from anpi.subtypes.model import CLASSES
from anpi.subtypes.validation import KINDS, NOTHING, cohen_kappa


def counted_share(right: int, total: int) -> str:
    if not total:
        return "none labelled"
    low, high = clopper_pearson(right, total)
    return f"{right} of {total}: {right / total:.2f} ({low:.2f} to {high:.2f})"


def table(heads: list[str], rows: list[list[object]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return [*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""]


def recall_rows(counts: Mapping[str, Any]) -> list[list[object]]:
    by_gay = counts["confusion"]["gay"]
    return [
        [k, counted_share(by_gay[k][k], sum(by_gay[k].values())), *(counts["calls"][k][c] for c in KINDS)]
        for k in CLASSES
    ]


def write_page(counts: Mapping[str, Any]) -> str:
    """Word a validation: recall by class, agreement by scheme, coverage, calibration."""
    by_gay = counts["confusion"]["gay"]
    labelled = sum(sum(row.values()) for row in by_gay.values())
    called = labelled - sum(row[NOTHING] for row in by_gay.values())
    brier = counts["squared_error"] / counts["with_shares"] if counts["with_shares"] else float("nan")
    lines = [f"# Validation of {counts['model']}", "", f"Model checksum {counts['model_sha256']}.", ""]
    lines += [f"{counts['samples']} labelled samples of: {'; '.join(counts['sources'])}.", ""]
    lines += ["## Recall by class (confident, lean and mixed calls by their foremost class)", ""]
    lines += table(["label", "right, exact 95% interval", *KINDS], recall_rows(counts))
    lines += [
        f"- Coverage: {counted_share(called, labelled)}",
        f"- Confident and wrong: {counted_share(counts['confident_wrong'], labelled)}",
        f"- Brier score {brier:.3f} over {counts['with_shares']} samples with shares",
        "",
    ]
    for scheme, confusion in counts["confusion"].items():
        columns = [*confusion, NOTHING]
        lines += [f"## Scheme {scheme}: labels in rows, calls in columns, kappa {cohen_kappa(confusion):.2f}", ""]
        lines += table(["", *columns], [[k, *(row[c] for c in columns)] for k, row in confusion.items()])
    lines += ["## Calibration of the foremost share", ""]
    rows: list[list[object]] = [
        [f"above {b['above']:g}", b["samples"], f"{b['stated'] / b['samples']:.3f}", f"{b['right'] / b['samples']:.3f}"]
        for b in counts["calibration"]
        if b["samples"]
    ]
    lines += table(["share", "samples", "mean stated", "right"], rows)
    lines += ["Made from counts alone; `validation.json` beside this page holds the same and no line of a sample."]
    return "\n".join(lines) + "\n"
