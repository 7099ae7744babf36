"""Swaps, mixtures and wrong sex with known truth: what is found, what is cried wrongly; 0.5, 2, 20 million pairs.

Tumours of simulated people of five populations, at the listed SNPs: levels of genes as in the reference tumours, purity
40 to 95%, a third of the chromosomes without one parent's copy, allelic imbalance (see demo.genotypes). Two
samples a patient.

  python tests/benchmarks/benchmark_identity.py [--cases 60] [--seed 1] [--depths 500000 2000000 20000000]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from anpi.identity.contamination import estimate_contamination
from anpi.identity.relatedness import compare_samples, pair_table
from anpi.identity.sex import XIST, Y_GENES, sex_from_expression
from anpi.identity.sites import POPULATIONS, read_sites
from anpi.identity.swaps import judge_identities
from demo.genotypes import Tumour, simulate_counts, simulate_people
from demo.streams import stream

DEPTHS = (500_000, 2_000_000, 20_000_000)
LEVELS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SITES = read_sites()
FREQUENCIES = SITES[list(POPULATIONS)].to_numpy(dtype=float).T
Y_LEVEL, XIST_LEVEL, LEVEL_SPREAD = 40.0, 20.0, 0.8  # median TPM, natural log
LOST_Y, LOST_XIST, READS_A_TPM = 0.2, 0.1, 1.5e-9


def tumour(draw: np.random.Generator, fragments: float, contamination: float = 0.0) -> Tumour:
    return Tumour(fragments, float(draw.uniform(0.4, 0.95)), 1 / 3, contamination)


def two_samples(draw: np.random.Generator, fragments: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the counts of two samples of one person."""
    person = simulate_people(FREQUENCIES[draw.integers(len(FREQUENCIES))], 1, draw)[0]
    return [simulate_counts(SITES, person, tumour(draw, fragments), draw) for _ in range(2)]


def judge(counts: list[tuple[np.ndarray, np.ndarray]], patients: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [f"S{i:04d}" for i in range(len(counts))]
    ref, alt = (np.array([pair[k] for pair in counts]) for k in (0, 1))
    lod, shared = compare_samples(ref, alt, FREQUENCIES, [0.0] * len(names))
    pairs = pair_table(names, patients, lod, shared)
    return pairs, judge_identities(pairs, dict(zip(names, patients, strict=True)))


def cohort(cases: int, fragments: float, seed: int) -> dict[str, str]:
    """One cohort: patients as they should be, patients whose second samples are swapped, a person under two names."""
    draw = stream(seed, "cohort", fragments)
    clean, swapped, doubled = cases, 2 * (cases // 4), 2 * (cases // 4)
    persons = [two_samples(draw, fragments) for _ in range(clean + swapped + doubled // 2)]
    counts, patients, kinds = [], [], []
    for i, samples in enumerate(persons):
        kind = "clean" if i < clean else "swapped" if i < clean + swapped else "doubled"
        first, second = f"P{i:03d}", f"P{i:03d}"
        if kind == "swapped":
            second = f"P{clean + ((i - clean) ^ 1):03d}"
        if kind == "doubled":
            second = f"Q{i:03d}"
        counts += samples
        patients += [first, second]
        kinds += [kind, kind]
    pairs, judged = judge(counts, patients)
    found = pd.crosstab(pd.Series(kinds), judged["identity"]).reindex(
        columns=["match", "unknown", "suspect"], fill_value=0
    )
    truth = np.repeat(np.arange(len(persons)), 2)
    position = {name: i for i, name in enumerate(judged["sample_id"])}
    one = pairs["sample_1"].map(position).map(lambda i: truth[i]) == pairs["sample_2"].map(position).map(
        lambda i: truth[i]
    )
    results = pd.crosstab(one, pairs["result"]).reindex(columns=["same", "unclear", "different"], fill_value=0)
    told = {f"pairs of {'one person' if is_one else 'two persons'}": shares(row) for is_one, row in results.iterrows()}
    return told | {f"samples, {kind}": shares(row) for kind, row in found.iterrows()}


def shares(row: pd.Series) -> str:
    return ", ".join(f"{name} {count}" for name, count in row.items() if count) + f" of {row.sum()}"


def mixtures(cases: int, fragments: float, seed: int) -> pd.DataFrame:
    """Mix a second person in; hold the estimate and the match with a clean sample of the patient against the truth."""
    rows = []
    for level in LEVELS:
        draw = stream(seed, "mixture", fragments, level)
        estimates, results = [], []
        for _ in range(cases):
            people = simulate_people(FREQUENCIES[draw.integers(len(FREQUENCIES))], 2, draw)
            mixed = simulate_counts(SITES, people[0], tumour(draw, fragments, level), draw, people[1])
            partner = simulate_counts(SITES, people[0], tumour(draw, fragments), draw)
            share = estimate_contamination(*mixed, FREQUENCIES).share
            estimates.append(np.nan if share is None else share)
            ref, alt = np.stack([mixed, partner], axis=1)
            lod, shared = compare_samples(ref, alt, FREQUENCIES, [share or 0.0, 0.0])
            results.append(pair_table(["a", "b"], ["p", "p"], lod, shared)["result"].item())
        values = np.array(estimates)
        told = Counter(results)
        rows.append(
            {
                "mixed in": f"{level:.0%}",
                "no estimate": int(np.isnan(values).sum()),
                "above 0": int((values > 0).sum()),
                "5% or more": int((values >= 0.05).sum()),
                "20% or more": int((values >= 0.2).sum()),
                "median": "" if np.isnan(values).all() else f"{np.nanmedian(values):.1%}",
                "still the patient's": f"{told['same']} same, {told['unclear']} unclear, {told['different']} different",
                "cases": cases,
            }
        )
    return pd.DataFrame(rows)


def sexes(cases: int, fragments: float, seed: int) -> pd.DataFrame:
    """Call the sex of men (a fifth lost Y in the tumour) and women (a tenth lost XIST), at purities of 40 to 95%."""
    draw = stream(seed, "sex", fragments)
    rows = []
    for sex in "FM":
        for _ in range(cases):
            purity = draw.uniform(0.4, 0.95)
            kept = 1 - purity if draw.random() < (LOST_Y if sex == "M" else LOST_XIST) else 1.0
            level = (Y_LEVEL if sex == "M" else XIST_LEVEL) * np.exp(LEVEL_SPREAD * draw.normal()) * kept
            genes = [XIST, *Y_GENES]
            tpm = np.array([level if (gene == XIST) == (sex == "F") else draw.exponential(0.05) for gene in genes])
            reads = draw.poisson(tpm * fragments * 1500 * READS_A_TPM)
            rows.append((sex, pd.Series(reads / (fragments * 1500 * READS_A_TPM), index=genes)))
    called = sex_from_expression(pd.DataFrame([row for _, row in rows]).T)["sex_expression"]
    return pd.crosstab(pd.Series([sex for sex, _ in rows], name="truly"), called.fillna("cannot tell"))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=60, help="a cell of the tables (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--depths", type=int, nargs="+", default=DEPTHS, help="read pairs (default 0.5, 2, 20 million)")
    arguments = parser.parse_args()
    start = time.perf_counter()
    for fragments in arguments.depths:
        print(f"\n== {fragments / 1e6:g} million pairs")
        for what, told in cohort(arguments.cases, fragments, arguments.seed).items():
            print(f"{what}: {told}")
        print(mixtures(arguments.cases, fragments, arguments.seed).to_string(index=False))
        print(sexes(5 * arguments.cases, fragments, arguments.seed).to_string())
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
