"""Targets of the sample half: matrices, gene sets, the registry, verdicts, salmon tables, reads and alignments."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from anpi.cohort.verdicts import judge_samples, read_verdicts
from anpi.expression.assemble import assemble_matrix
from anpi.expression.matrix import read_expression
from anpi.files.shipped import REGISTRY
from anpi.identity.compare import same_expression
from anpi.signatures.registry import named_once, read_gmt, read_registry
from anpi.signatures.scores import score_signatures
from anpi.subtypes.calls import call_subtypes
from anpi.subtypes.model import DEFAULT, load_model
from anpi.targets.levels import score_targets
from anpi.targets.lists import TARGETS, read_targets
from attack.oracle import Outcome
from attack.workbooks import workbook_of
from demo.trial import LEAST_PATIENTS, simulate_trial

SAMPLES = 6
NUMBER = re.compile(r"\d+(\.\d+)?")
THRESHOLDS = {"genes_detected": {"warn": 600, "fail": 400}, "top_gene_share": {"warn": 20, "fail": 50}}
SIGNATURES = ("gep18", "ifng6", "cytolytic", "proliferation")
FEW_TARGETS = ("DLL3", "SEZ6", "CD276", "CD274", "CTLA4", "SLFN11", "MHC-I")
ROOT = Path(__file__).resolve().parents[2]

model = cache(lambda: load_model(DEFAULT))


def write_expression(folder: Path) -> None:
    """Write a matrix in three units, gene sets, a registry and verdicts."""
    folder.mkdir(parents=True)
    trial = simulate_trial(LEAST_PATIENTS, 1000)
    tpm = trial.tpm.iloc[:, :SAMPLES]
    counts = (tpm * 3).round().astype(int)
    for unit, values in (("tpm", tpm), ("log2_tpm_plus_1", np.log2(tpm + 1)), ("counts", counts)):
        values.to_csv(folder / f"{unit}.tsv", sep="\t", float_format="%.6g")
    (folder / "tpm.xlsx").write_bytes(workbook_of((folder / "tpm.tsv").read_bytes(), "TPM", "\t"))
    genes = pd.read_csv(ROOT / "resources" / "signatures" / "genes" / "immune.tsv", sep="\t")
    sets = [(f"own_{name}", genes.loc[genes["signature"] == name, "symbol"]) for name in ("gep18", "ifng6")]
    lines = ["\t".join([name, "from a paper", *symbols]) for name, symbols in sets]
    (folder / "own.gmt").write_text("".join(line + "\n" for line in lines))
    (folder / "genes").mkdir()
    registry = pd.read_csv(REGISTRY, sep="\t", dtype=str, keep_default_na=False)
    registry = registry[registry["id"].isin(SIGNATURES)]
    registry.to_csv(folder / "registry.tsv", sep="\t", index=False)
    for file in registry["genes_file"].unique():
        table = pd.read_csv(REGISTRY.parent / file, sep="\t", dtype=str, keep_default_na=False)
        table[table["signature"].isin(SIGNATURES)].to_csv(folder / file, sep="\t", index=False)
    targets = pd.read_csv(TARGETS, sep="\t", dtype=str, keep_default_na=False)
    targets[targets["target"].isin(FEW_TARGETS)].to_csv(folder / "targets.tsv", sep="\t", index=False)
    verdicts = pd.DataFrame({"sample_id": tpm.columns, "verdict": "pass", "reasons": "NA"})
    verdicts.loc[1, ["verdict", "reasons"]] = ["fail", "few reads"]
    verdicts.to_csv(folder / "verdicts.tsv", sep="\t", index=False)


@cache
def samples_of(folder: str) -> tuple[str, ...]:
    return tuple(pd.read_csv(Path(folder) / "verdicts.tsv", sep="\t")["sample_id"])


def table_text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format="%.7g")


def words_of(frame: pd.DataFrame, columns: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return what a table tells of its samples in words, without the numbers in them."""
    told = set()
    for row in frame.to_dict("records"):
        words = [str(row[column]) for column in columns if pd.notna(row.get(column)) and row[column] != ""]
        told |= {(str(row["sample_id"]), NUMBER.sub("#", text)) for text in words}
    return told


def matrix_outcome(unit: str, matrix: str = ""):
    """Return the run from a matrix (that of the unit's name) to verdicts, calls and scores."""

    def run() -> Outcome:
        samples = samples_of(str(Path.cwd()))
        cohort = assemble_matrix(Path(matrix or f"{unit}.tsv"), unit, list(samples))
        verdicts = judge_samples(cohort.facts, THRESHOLDS)
        values = cohort.tpm
        notes = {("", note) for note in cohort.notes}
        assert values is not None
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "tpm.tsv.gz"
            values.reset_index().to_csv(path, sep="\t", index=False)
            expression = read_expression(path, "tpm", genes_needed=False)
        calls = call_subtypes(expression, model(), verdicts)
        scores = score_signatures(expression, few_signatures())
        told = words_of(verdicts, ("reasons",)) | words_of(calls, ("reason",)) | notes
        owners = pd.DataFrame({"sample_id": samples, "patient_id": samples, "timepoint": "baseline"})
        told |= set(same_expression(values, owners).items())
        told |= {(row.sample_id, f"{row.signature} not given") for row in scores.itertuples() if pd.isna(row.score)}
        told |= {("", f"{row.signature}: {row.genes_used} of {row.genes_total}") for row in scores.itertuples()}
        return Outcome(frozenset(told), {"calls": table_text(calls), "scores": table_text(scores)})

    return run


@cache
def few_signatures():
    return [signature for signature in read_registry(REGISTRY) if signature.id in SIGNATURES]


@cache
def expression_of(folder: str):
    return read_expression(Path(folder) / "tpm.tsv", "tpm")


def score_outcome() -> Outcome:
    """Score the registry and the gene sets of this folder."""
    signatures = named_once([*read_registry(Path("registry.tsv")), *read_gmt("own.gmt", "mean_log")])
    scores = score_signatures(expression_of(str(Path.cwd())), signatures)
    told = {("", f"{row.signature}: {row.genes_used} of {row.genes_total}") for row in scores.itertuples()}
    return Outcome(frozenset(told), {"scores": "\n".join(sorted(table_text(scores).splitlines()))})


def target_outcome() -> Outcome:
    """Score the list of targets of this folder."""
    table = score_targets(expression_of(str(Path.cwd())), read_targets(Path("targets.tsv")))
    told = {("", f"{row.target}: {row.reason}") for row in table.itertuples() if pd.notna(row.reason)}
    return Outcome(frozenset(told), {"targets": "\n".join(sorted(table_text(table).splitlines()))})


def verdict_outcome() -> Outcome:
    """Call subtypes by the verdicts of this folder."""
    expression = expression_of(str(Path.cwd()))
    verdicts = read_verdicts("verdicts.tsv", list(expression.values.columns))
    calls = call_subtypes(expression, model(), verdicts)
    return Outcome(frozenset(words_of(calls, ("reason",))), {"calls": table_text(calls)})
