"""Measure a model on the cohort like George 2015: a table in Markdown for its card.

Run: python tests/benchmarks/benchmark_george.py [--model FOLDER] [--samples 810] [--draws 10]

With ``--draws``, pure tumours and those of 60 % of as many draws: how far the figures depend on the draw.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from benchmarks.george_tumours import CLASSES, as_matrix, dilute, george_cohort, mixed_labels

from anpi.stats.exact import clopper_pearson
from anpi.subtypes.calls import call_subtypes
from anpi.subtypes.model import DEFAULT, Model, load_model

TISSUES = ("lung", "liver", "lymph_node", "skeletal_muscle")


def rank_six(tpm: np.ndarray) -> np.ndarray:
    """Keep the first six principal components of each block of 81 tumours, as the one picture of real ones does."""
    blocks = []
    for start in range(0, len(tpm), 81):
        logs = np.log2(tpm[start : start + 81] + 1)
        left, size, right = np.linalg.svd(logs - logs.mean(axis=0), full_matrices=False)
        blocks.append(np.exp2(logs.mean(axis=0) + (left[:, :6] * size[:6]) @ right[:6]) - 1)
    return np.maximum(np.vstack(blocks), 0.0)


def row_of(calls: pd.DataFrame, truth: np.ndarray) -> list[str]:
    called, confident = calls["subtype"].to_numpy(), (calls["call"] == "confident").to_numpy()
    cells = []
    for label in CLASSES:
        own = truth == label
        right = int((called[own] == label).sum())
        low, high = clopper_pearson(right, int(own.sum()))
        cells.append(f"{right / own.sum():.2f} ({low:.2f} to {high:.2f})")
    wrong = (confident & (called != truth)).mean()
    shares = calls[[f"p_{k}" for k in CLASSES]].to_numpy()
    known = ~np.isnan(shares[:, 0])
    target = np.array([[k == t for k in CLASSES] for t in truth], float)
    brier = ((shares - target)[known] ** 2).sum(axis=1).mean()
    kinds = [f"{(calls['call'] == kind).mean():.2f}" for kind in ("confident", "lean", "mixed", "none")]
    return [*cells, f"{wrong:.3f}", f"{brier:.3f}", *kinds]


def over_draws(model: Model, truth: np.ndarray, draws: int) -> None:
    """Print the figures of each of several draws, and the mean and range of the Brier scores."""
    briers: dict[str, list[float]] = {"pure": [], "60% tumour, lung": []}
    for seed in range(1, draws + 1):
        tpm, _ = george_cohort(truth, seed)
        for name, values in zip(briers, (tpm, dilute(tpm, "lung", 0.4, 1)), strict=True):
            cells = row_of(call_subtypes(as_matrix(values), model), truth)
            briers[name].append(float(cells[len(CLASSES) + 1]))
            print(f"| {name}, seed {seed} | " + " | ".join(cells) + " |", flush=True)
    for name, found in briers.items():
        print(f"\n{name}: Brier score {np.mean(found):.3f} in the mean, {min(found)} to {max(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT)
    parser.add_argument("--samples", type=int, default=810)
    parser.add_argument("--seed", type=int, default=2015)
    parser.add_argument("--draws", type=int, default=0)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    truth = mixed_labels(arguments.samples)
    heads = [f"recall {k}" for k in CLASSES] + ["confident, wrong", "Brier", "confident", "lean", "mixed", "none"]
    head = "| setting | " + " | ".join(heads) + " |\n" + "|---" * (len(heads) + 1) + "|"
    if arguments.draws:
        print(head)
        over_draws(model, truth, arguments.draws)
        return
    tpm, _ = george_cohort(truth, arguments.seed)
    settings = {"pure": tpm, "pure, six principal components": rank_six(tpm)}
    settings |= {f"{1 - s:.0%} tumour, {t}": dilute(tpm, t, s, 1) for t in TISSUES for s in (0.2, 0.4, 0.6)}
    print(f"{model.name}, {len(truth)} tumours, seed {arguments.seed}\n")
    print(head)
    for name, values in settings.items():
        print(f"| {name} | " + " | ".join(row_of(call_subtypes(as_matrix(values), model), truth)) + " |", flush=True)


if __name__ == "__main__":
    main()
