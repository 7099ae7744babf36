"""Degraded and DNA-contaminated libraries of known truth: what the facts say, how often the verdict warns.

    python tests/benchmarks/degraded_libraries.py [--pairs 20000 200000] [--repeats 3]

Libraries are simulated on a genome of 3 Gb with 20,000 genes, half of it genic; each repeat draws other expression. For
every kind and depth: the median of each fact, and the share of libraries that the default thresholds or the grade of
degradation warn of. Clean libraries among them give the false alarms.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests" / "benchmarks")]

from simulated_alignments import Library, simulate_genes, write_annotations, write_sam

from anpi.alignment.gene_model import build_gene_model
from anpi.alignment.measure import measure_alignments
from anpi.cohort.verdicts import judge_samples
from anpi.expression.degradation import grade_degradation
from anpi.expression.summary import alignment_facts
from anpi.tables.schema import load_schema

KINDS = {
    "clean": {},
    "clean, unstranded": {"stranded": False},
    "10% DNA": {"dna": 0.1},
    "30% DNA": {"dna": 0.3},
    "30% DNA, unstranded": {"dna": 0.3, "stranded": False},
    "60% DNA": {"dna": 0.6},
    "fragments of 130": {"fragment": 130},
    "fragments of 80": {"fragment": 80},
    "3' end, 1,000 bases": {"three_prime": 1000.0},
    "3' end, 300 bases": {"three_prime": 300.0},
}
SHOWN = [
    "intergenic_share",
    "genomic_dna_share",
    "fragment_length_median",
    "three_prime_share",
    "aligned_forward_share",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--genes", type=int, default=20_000)
    arguments = parser.parse_args()
    rules = load_schema("config")["properties"]["qc"]["properties"]
    thresholds = {fact: rule["default"] for fact, rule in rules.items()}
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        genes = simulate_genes(arguments.genes, np.random.default_rng(1))
        write_annotations(folder, genes)
        model = build_gene_model(folder / "genes.gtf")
        for pairs in arguments.pairs:
            for repeat in range(arguments.repeats):
                for number, (kind, made) in enumerate(KINDS.items()):
                    draw = np.random.default_rng([pairs, repeat, number])
                    with open(folder / "reads.sam", "w") as out:
                        write_sam(out, genes, Library(pairs, **made), draw)
                    facts = alignment_facts(measure_alignments([folder / "reads.sam"], model))
                    facts |= grade_degradation(facts)
                    judged = judge_samples(pd.DataFrame([{"sample_id": "S", **facts}]), thresholds)
                    warned = judged["verdict"][0] != "pass"
                    rows.append({"pairs": pairs, "kind": kind, **facts, "warned": 100.0 * warned})
    table = pd.DataFrame(rows).groupby(["pairs", "kind"], sort=False)
    shown = (
        table[SHOWN]
        .median()
        .join(table["warned"].mean())
        .join(table["degradation"].agg(lambda x: "/".join(sorted(set(x)))))
    )
    print(shown.round(1).to_string())


if __name__ == "__main__":
    main()
