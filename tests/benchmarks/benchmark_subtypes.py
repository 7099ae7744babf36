"""Compare ways of calling subtypes, and measure the shipped model: tables in Markdown for its card.

Candidates, all of one sample at a time:

levels      programme levels against the locked reference, between an absent and a present level (what is shipped)
locked z    mean z-score of each 20-gene set against the locked reference, the largest wins
set mean    mean log2(TPM + 1) of each set, the largest wins
ranks       mean rank within the sample of each set (as singscore), the largest wins
rank shift  mean rank within the sample of deviations from the reference, the largest wins
gene pairs  pairs of target genes of two classes, without the factors (the shipped second method)
cohort z    z-score over the cohort at hand, the largest wins: not of one sample, shown as the rival

Run: python tests/benchmarks/benchmark_subtypes.py [--external ../shared] [--samples 40]
The cell lines need --external (or ANPI_EXTERNAL_DATA); the simulations need nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

from benchmarks.simulated_tumours import (
    KINDS,
    TISSUES,
    World,
    adenocarcinoma,
    as_expression,
    carcinoid,
    make_world,
    measure,
    tissue,
    tumour,
)

from anpi.expression.genes import annotate
from anpi.expression.matrix import Expression, read_expression, to_tpm
from anpi.subtypes.calls import call_subtypes, gather_evidence
from anpi.subtypes.classify import activations, gene_pairs, probabilities
from anpi.subtypes.model import CLASSES, Model, load_model
from anpi.subtypes.profile import Profile, make_profile, panel_scores
from demo.expression import draw_tumours, simulate_expression

SETS = {"A": "A", "N": "N", "P": "P", "I": "Y"}


def set_means(values: np.ndarray, model: Model) -> pd.DataFrame:
    """Average samples x reference genes over the four sets."""
    return pd.DataFrame({k: np.nanmean(values[:, model.panels[panel][0]], axis=1) for k, panel in SETS.items()})


def candidates(expression: Expression, model: Model) -> dict[str, list[str]]:
    """Call every sample by every candidate."""
    profile = make_profile(expression, model)
    scores = panel_scores(profile, model)
    logs = profile.deviation + model.reference["location"].to_numpy()
    sets = np.concatenate([model.panels[panel][0] for panel in SETS.values()])
    outside = np.setdiff1d(np.arange(logs.shape[1]), sets)
    among_sets, shifts = logs.copy(), profile.deviation.copy()
    among_sets[:, outside] = shifts[:, outside] = np.nan
    levels = activations(scores, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # genes that no sample has
        spread, middle = np.nanstd(logs, axis=0), np.nanmean(logs, axis=0)
    by = {
        "levels": levels,
        "locked z": set_means(profile.deviation / model.reference["scale"].to_numpy(), model),
        "set mean": set_means(logs, model),
        "ranks": set_means(pd.DataFrame(among_sets).rank(axis=1).to_numpy(), model),
        "rank shift": set_means(pd.DataFrame(shifts).rank(axis=1).to_numpy(), model),
        "cohort z": set_means((logs - middle) / np.where(spread > 0, spread, np.nan), model),
    }
    called = {name: [CLASSES[i] for i in table[list(CLASSES)].to_numpy().argmax(axis=1)] for name, table in by.items()}
    called["gene pairs"] = [label or "-" for label in gene_pairs(profile, model)[0]]
    return called


def read_lines(external: Path) -> tuple[Expression, pd.Series]:
    """Read the 48 labelled cell lines; Y stands for I."""
    folder = external / "data" / "expression" / "sclc_ccle_lines"
    expression = read_expression(folder / "expression_48lines_80genes_log2tpm1.tsv.gz", "log2_tpm_plus_1")
    labels = pd.read_csv(folder / "labels_48lines_rudin2019.tsv", sep="\t", index_col=0).iloc[:, 0]
    return expression, labels.str[-1].replace("Y", "I").reindex(expression.values.columns)


def left_out_accuracy(profile: Profile, labels: pd.Series, model: Model) -> tuple[float, float, float]:
    """Leave one line out, derive absent and present levels from the rest as class means, call the one left out.

    Returns accuracy, Brier score (sum over classes) and log loss with the model's steepness.
    """
    scores = panel_scores(profile, model)
    truth = labels.to_numpy()
    right, brier, loss = [], [], []
    for i in range(len(truth)):
        rest = np.arange(len(truth)) != i
        settings = dict(model.settings)
        settings["programmes"] = {
            k: rule | class_levels(scores[rule["panel"]].to_numpy()[rest], truth[rest] == k)
            for k, rule in model.settings["programmes"].items()
        }
        own = model.settings["none_on"]["non_neuroendocrine"]
        own = own | class_levels(scores[own["panel"]].to_numpy()[rest], truth[rest] == "I")
        settings["none_on"] = model.settings["none_on"] | {"non_neuroendocrine": own}
        refitted = replace(model, settings=settings)
        p = probabilities(activations(scores.iloc[[i]], refitted), settings["steepness"]).iloc[0]
        target = (p.index == truth[i]).astype(float)
        right.append(p.idxmax() == truth[i])
        brier.append(((p - target) ** 2).sum())
        loss.append(-np.log(p[truth[i]]))
    return float(np.mean(right)), float(np.mean(brier)), float(np.mean(loss))


def class_levels(levels: np.ndarray, own: np.ndarray) -> dict[str, float]:
    return {"absent": float(levels[~own].mean()), "present": float(levels[own].mean())}


def simulate(world: World, each: int, seed: int) -> tuple[Expression, pd.DataFrame]:
    """Simulate every setting of the comparison; truth has ``set`` and ``truth`` by sample."""
    rng = np.random.default_rng(seed)
    counts, truth = {}, {}

    def put(name: str, setting: str, label: str, tpm: np.ndarray, **how: Any) -> None:
        counts[name] = measure(world, tpm, rng, **how)
        truth[name] = (setting, label)

    for kind in KINDS:
        for i in range(each):
            put(f"{kind} pure {i}", "1 pure", kind, tumour(world, kind, rng))
            other = TISSUES[i % len(TISSUES)]
            for share in (0.8, 0.6, 0.4, 0.2):
                tpm = share * tumour(world, kind, rng) + (1 - share) * tissue(world, other, rng)
                put(f"{kind} {share} {i}", f"2 purity {share:.0%}", kind, tpm)
            for depth in (0.5, 2.0, 10.0, 50.0):
                put(
                    f"{kind} d{depth} {i}", f"3 depth {depth:4.1f} M", kind, tumour(world, kind, rng), depth=depth * 1e6
                )
            put(f"{kind} ffpe {i}", "4 FFPE-like loss", kind, tumour(world, kind, rng), ffpe=1.0)
            batch = rng.normal(0, 0.7, len(world.gene_ids))
            put(f"{kind} batch {i}", "5 batch shift", kind, tumour(world, kind, rng), batch=batch)
    for i in range(each):
        for a, b in (("A", "N"), ("A", "I"), ("N", "I"), ("A", "P")):
            tpm = 0.5 * tumour(world, a, rng) + 0.5 * tumour(world, b, rng)
            put(f"{a}{b} {i}", f"6 half {a} half {b}", a + b, tpm)
        put(f"carcinoid {i}", "7 carcinoid", "none", carcinoid(world, rng))
        put(f"adeno {i}", "7 adenocarcinoma", "none", adenocarcinoma(world, rng))
        for name in TISSUES:
            put(f"{name} {i}", f"8 normal {name}", "none", tissue(world, name, rng))
    return as_expression(world, counts), pd.DataFrame.from_dict(truth, orient="index", columns=["set", "truth"])


def markdown(table: pd.DataFrame, decimals: int = 3) -> str:
    head = "| " + " | ".join([str(table.index.name or ""), *map(str, table.columns)]) + " |"
    rule = "|" + "---|" * (len(table.columns) + 1)
    rows = [
        "| " + " | ".join([str(i), *(f"{v:.{decimals}f}" if isinstance(v, float) else str(v) for v in row)]) + " |"
        for i, row in zip(table.index, table.to_numpy(dtype=object).tolist(), strict=True)
    ]
    return "\n".join([head, rule, *rows])


def call_shares(calls: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """By setting: confident right and wrong, other calls right and wrong, mixed, none."""
    calls = calls.set_index("sample_id")
    rows: dict[str, dict[str, float]] = {}
    for setting, group in truth.groupby("set"):
        own = calls.loc[group.index]
        right = pd.Series([bool(s) and s in t for s, t in zip(own["subtype"].fillna(""), group["truth"], strict=True)])
        right.index = own.index
        confident, given = own["call"] == "confident", own["subtype"].notna()
        rows[str(setting)[2:]] = {
            "samples": len(own),
            "confident, right": float((confident & right).mean()),
            "confident, wrong": float((confident & ~right).mean()),
            "lean, right": float(((own["call"] == "lean") & right).mean()),
            "lean, wrong": float(((own["call"] == "lean") & ~right).mean()),
            "mixed": float((own["call"] == "mixed").mean()),
            "none": float((~given).mean()),
        }
    return pd.DataFrame(rows).T.astype({"samples": int}).rename_axis("setting")


def reliability(probability: pd.DataFrame, truth: pd.Series) -> tuple[pd.DataFrame, float]:
    """Bin the foremost probability and compare with how often it was right; and the Brier score."""
    foremost = probability.max(axis=1).to_numpy()
    right = (probability.idxmax(axis=1) == truth).to_numpy()
    target = np.array([[k == t for k in CLASSES] for t in truth], float)
    brier = float(((probability[list(CLASSES)].to_numpy() - target) ** 2).sum(axis=1).mean())
    bins = pd.cut(foremost, [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
    table = pd.DataFrame({"samples": right, "stated": foremost, "right": right}).groupby(bins, observed=True)
    return table.agg({"samples": "size", "stated": "mean", "right": "mean"}).rename_axis("foremost p"), brier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--external", type=Path, default=Path(os.environ.get("ANPI_EXTERNAL_DATA", ROOT.parent / "shared"))
    )
    parser.add_argument("--samples", type=int, default=24, help="samples of each kind in each setting")
    parser.add_argument("--seed", type=int, default=2015)
    arguments = parser.parse_args()
    model = load_model()
    print(f"Model {model.name}; {arguments.samples} samples of each kind, seed {arguments.seed}\n")

    if (arguments.external / "data").is_dir():
        lines, labels = read_lines(arguments.external)
        called = candidates(lines, model)
        accuracy = {k: float((np.array(c) == labels.to_numpy()).mean()) for k, c in called.items()}
        folded, brier, loss = left_out_accuracy(make_profile(lines, model), labels, model)
        accuracy["levels, thresholds refitted without the line"] = folded
        print("### 48 labelled cell lines, 80 genes, factors absent\n")
        table = pd.Series(accuracy).sort_values(ascending=False).to_frame("accuracy").rename_axis("candidate")
        print(markdown(table))
        print(f"\nLeft-out Brier score {brier:.3f}, log loss {loss:.3f}.\n")

    expression, truth = simulate(make_world(model), arguments.samples, arguments.seed)
    single = truth["truth"].isin(CLASSES)
    foremost = pd.DataFrame(candidates(to_tpm(expression), model), index=truth.index)
    right = foremost[single].eq(truth.loc[single, "truth"], axis=0).groupby(truth.loc[single, "set"].str[2:]).mean()
    print("### Simulated tumours: share whose foremost class is right, before any refusal\n")
    print(markdown(right.rename_axis("setting")))
    calls = call_subtypes(expression, model)
    print("\n### Simulated tumours: calls of the shipped model\n")
    print(markdown(call_shares(calls, truth)))
    evidence = gather_evidence(expression, model)
    given = single & calls.set_index("sample_id")["subtype"].notna()
    table, brier = reliability(evidence.probability[given], truth.loc[given, "truth"])
    print("\n### Reliability where a call is given, all settings together\n")
    print(markdown(table))
    print(f"\nBrier score {brier:.3f} over {int(given.sum())} samples.\n")

    subtypes = pd.Series(list(CLASSES) * arguments.samples, index=[f"S{i:04d}" for i in range(4 * arguments.samples)])
    rows: dict[str, dict[str, float]] = {}
    for share in (1.0, 0.7, 0.5, 0.3):
        tumours = draw_tumours(subtypes, seed=arguments.seed)
        tumours["purity"] = share
        tpm = simulate_expression(tumours, seed=arguments.seed)
        genes = annotate(tpm.index)
        other = Expression(tpm.set_axis(pd.Index(genes["gene_id"], name="gene_id"), axis=0), genes, "tpm")
        own = pd.DataFrame({"set": f"x purity {share:.0%}", "truth": subtypes})
        rows |= call_shares(call_subtypes(other, model), own).T.to_dict()
    print("### The demonstration's simulation (written apart from the model, 1,300 genes)\n")
    print(markdown(pd.DataFrame(rows).T.rename_axis("setting").astype({"samples": int})))


if __name__ == "__main__":
    main()
