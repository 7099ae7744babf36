"""Write a small simulated trial: reads, reference, sheets and clinical tables, with the truth beside them.

The folder is ready for the workflow:

    python scripts/simulate_demo.py --out demo
    snakemake --cores all --directory demo

The same arguments give the same bytes. More patients leave the files of the earlier ones as they are.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where demo/ lies

from anpi.program import run_program
from anpi.provenance import code_digest
from demo.genes import DEMO, choose_genes
from demo.stamp import genes_digest, lift_stamp, set_stamp, stands
from demo.trial import LEAST_PATIENTS, write_trial


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder to write to")
    parser.add_argument("--patients", type=int, default=24, help="number of patients (default 24, at least 16)")
    parser.add_argument("--pairs", type=int, default=120_000, help="read pairs of an ordinary sample (default 120000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all chance (default 1)")
    parser.add_argument(
        "--if-changed", action="store_true", help="leave the folder alone when it holds the same simulation already"
    )
    arguments = parser.parse_args()
    if arguments.patients < LEAST_PATIENTS:
        parser.error(f"--patients {arguments.patients}: what is planted needs at least {LEAST_PATIENTS} patients")
    if arguments.pairs < 1000:
        parser.error(f"--pairs {arguments.pairs}: at least 1000")
    if arguments.seed < 0:
        parser.error(f"--seed {arguments.seed}: not below 0")
    facts = {
        "patients": arguments.patients,
        "pairs": arguments.pairs,
        "seed": arguments.seed,
        "code": code_digest("simulate_demo.py", DEMO),
        "genes": genes_digest(choose_genes()),
    }
    if arguments.if_changed and stands(arguments.out, facts):
        print(f"{arguments.out} holds this simulated trial already")
        return
    lift_stamp(arguments.out)
    trial = write_trial(arguments.out, arguments.patients, arguments.pairs, arguments.seed)
    set_stamp(arguments.out, facts)
    print(f"{len(trial.patients)} patients, {len(trial.samples)} samples in {arguments.out}")


if __name__ == "__main__":
    run_program(main)
