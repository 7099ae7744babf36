"""What is attacked: files of a small trial, what may be done to each, and the run that reads it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from anpi.check import check_run
from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import observe
from anpi.endpoints.rules import read_rules
from anpi.tables.clinical import read_clinical
from anpi.tables.schema import load_yaml
from attack.clinical_targets import CONFIG, clinical_outcome, plan_outcome
from attack.expression_targets import matrix_outcome, score_outcome, verdict_outcome, write_expression
from attack.matrices import genes_kinds, gmt_kinds, matrix_kinds, registry_kinds, salmon_kinds, verdict_kinds
from attack.mutation import Kinds
from attack.oracle import Outcome
from attack.read_targets import reads_outcome, salmon_outcome, write_reads, write_salmon
from attack.reads import alignment_kinds, fastq_kinds, genome_kinds
from attack.tables import clinical_kinds, table_kinds
from attack.yamls import yaml_kinds
from demo.trial import LEAST_PATIENTS, write_trial

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    """A file to attack.

    Parameters
    ----------
    name : str
    folder : str
        Of the trial in which it lies.
    file : str
        Path in it.
    kinds : Kinds
    run : callable
        Runs what reads the file, in the current folder.
    share : int
        How many inputs, beside those of other targets.
    judgements : dict
        Why no rule can find a kind in this file, although one can in others.
    """

    name: str
    folder: str
    file: str
    kinds: Kinds
    run: Callable[[], Outcome]
    share: int
    judgements: dict[str, str] = field(default_factory=dict)

    def judgement(self, kind: str) -> str:
        return self.kinds.kinds[kind].judgement or self.judgements.get(kind, "")


def write_trials(folder: Path) -> None:
    """Write the trials whose files are attacked: by dates, and with the sponsor's endpoints, own plan and rules."""
    dates = folder / "dates"
    write_trial(dates, LEAST_PATIENTS, pairs=1000)
    supplied = folder / "supplied"
    shutil.copytree(dates, supplied)
    for name in ("endpoints", "plan"):
        shutil.copyfile(ROOT / "config" / f"{name}.yaml", supplied / "config" / f"{name}.yaml")
    with open(supplied / CONFIG, "a", encoding="utf-8") as out:
        out.write("endpoints: config/endpoints.yaml\nplan: config/plan.yaml\n")
    add_supplied(supplied)
    write_expression(folder / "expression")
    write_reads(dates, folder / "reads")
    with chdir(folder / "reads"):
        write_salmon(Path())


def add_supplied(trial: Path) -> None:
    """Add times and best responses that a sponsor decided: those that the trial's tables lead to."""
    with chdir(trial):
        config = check_run(load_yaml(CONFIG), CONFIG).config
        rules = read_rules(Path(config["endpoints"]))
        clinical = read_clinical(config["clinical"])
        endpoints = derive_endpoints(clinical, observe(clinical, rules), rules)
    path = trial / config["clinical"]["patients"]
    columns = ["patient_id", "pfs_days", "pfs_event", "os_days", "os_event", "bor"]
    patients = pd.read_csv(path, dtype=str, keep_default_na=False)
    supplied = endpoints[columns].convert_dtypes().astype(str).replace("<NA>", "NA")
    patients.merge(supplied, on="patient_id").to_csv(path, index=False)


def all_targets() -> list[Target]:
    """Return every target."""
    others = {
        "therapies": {
            "cut at a row's end": "most patients have no further therapy, and no other table speaks of one",
            "another word": "the kind of a therapy is free text",
            "formula": "names of therapies are free text; a workbook shows it as a text",
        },
    }
    tables = {"patients": 9, "assessments": 8, "lesions": 8, "therapies": 4, "adverse_events": 7}
    targets = [
        Target(
            f"{table}.csv",
            "dates",
            f"config/clinical/{table}.csv",
            clinical_kinds(),
            clinical_outcome,
            share,
            others.get(table, {}),
        )
        for table, share in tables.items()
    ]
    patients = "config/clinical/patients.csv"
    targets.append(
        Target("patients.csv with supplied endpoints", "supplied", patients, clinical_kinds(), clinical_outcome, 4)
    )
    shifted = {
        "samples": "whose sample it is, sex and genotypes tell, where there are reads of several samples of a patient",
        "units": "names of mates that do not match are refused when the reads are read",
    }
    for name, why in shifted.items():
        judgements = {"column shifted by a row": why}
        targets.append(Target(f"{name}.tsv", "dates", f"config/{name}.tsv", table_kinds(), plan_outcome, 6, judgements))
    for name, share in (("config", 8), ("plan", 8), ("endpoints", 8)):
        targets.append(Target(f"{name}.yaml", "supplied", f"config/{name}.yaml", yaml_kinds(), plan_outcome, share))
    return targets + expression_targets() + read_targets()


def expression_targets() -> list[Target]:
    """Return the targets of the sample half that need no tools."""
    folder = "expression"
    unscaled = {
        "NumReads doubled": "a scaled count leaves TPM as they are; meta_info.json, which tells it, is not there"
    }
    alone = Target(
        "quant.sf alone", "reads", "bare/quant.sf", salmon_kinds(), salmon_outcome("bare/quant.sf"), 2, unscaled
    )
    return [
        *(
            Target(f"matrix of {unit}", folder, f"{unit}.tsv", matrix_kinds(unit), matrix_outcome(unit), 4)
            for unit in ("tpm", "log2_tpm_plus_1", "counts")
        ),
        Target("gene sets (GMT)", folder, "own.gmt", gmt_kinds(), score_outcome, 4),
        Target("registry of signatures", folder, "registry.tsv", registry_kinds(), score_outcome, 3),
        Target("genes of signatures", folder, "genes/immune.tsv", genes_kinds(), score_outcome, 3),
        Target("verdicts", folder, "verdicts.tsv", verdict_kinds(), verdict_outcome, 2),
        Target("quant.sf", "reads", "quant/salmon/quant.sf", salmon_kinds(), salmon_outcome("quant/salmon"), 5),
        alone,
    ]


def read_targets() -> list[Target]:
    """Return the targets that run fastp, salmon and samtools."""
    return [
        Target("FASTQ", "reads", "R1.fastq", fastq_kinds(), reads_outcome("fastq"), 3),
        Target("BAM", "reads", "reads.bam", alignment_kinds("b"), reads_outcome("bam"), 2),
        Target("CRAM", "reads", "reads.cram", alignment_kinds("c"), reads_outcome("cram"), 2),
        Target("genome of a CRAM", "reads", "genome.fa", genome_kinds(), reads_outcome("cram"), 1),
    ]
