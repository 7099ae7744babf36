"""What is attacked: files of a small trial, what may be done to each, and the run that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from attack.clinical_targets import clinical_outcome, plan_outcome
from attack.expression_targets import matrix_outcome, score_outcome, target_outcome, verdict_outcome
from attack.matrices import (
    genes_kinds,
    gmt_kinds,
    matrix_kinds,
    registry_kinds,
    salmon_kinds,
    target_kinds,
    verdict_kinds,
)
from attack.mutation import Kinds
from attack.oracle import Outcome
from attack.read_targets import reads_outcome, salmon_outcome
from attack.reads import alignment_kinds, fastq_kinds, genome_kinds
from attack.tables import clinical_kinds, day_table_kinds, table_kinds
from attack.workbooks import sheet_kinds
from attack.yamls import yaml_kinds

# Why a column of a sheet that is shifted by a row is no fault that its table tells.
SHIFTED = {
    "samples": "whose sample it is, sex and genotypes tell, where there are reads of several samples of a patient",
    "units": "names of mates that do not match are refused when the reads are read",
}


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


def all_targets() -> list[Target]:
    """Return every target."""
    others = {
        "therapies": {
            "column shifted by a row": "whose therapy it is, no other table tells",
            "cut at a row's end": "most patients have no further therapy, and no other table speaks of one",
            "another word": "the kind of a therapy is free text",
            "two columns exchanged": "name and kind of a therapy are both free text",
            "formula": "names of therapies are free text; a workbook shows it as a text",
        },
        "biomarkers": {
            "column shifted by a row": "whose measurement it is, no other table tells",
            "another word": "0 is a result of a marker, as is any word of its scale",
            "two columns exchanged": "marker, unit and method are free text; a plan that names a marker tells another",
        },
    }
    of_days = {"biomarkers": {"negative number": "a marker may be measured before treatment or after its start"}}
    tables = {"patients": 9, "assessments": 8, "lesions": 8, "therapies": 4, "adverse_events": 7, "biomarkers": 5}
    by_days = {"patients": 3, "assessments": 2, "lesions": 2, "therapies": 1, "adverse_events": 2, "biomarkers": 1}
    targets = []
    for folder, kinds, shares in (("dates", clinical_kinds, tables), ("days", day_table_kinds, by_days)):
        for table, share in shares.items():
            name = f"{table}.csv" + " of study days" * (folder == "days")
            file = f"config/clinical/{table}.csv"
            judgements = others.get(table, {}) | (of_days.get(table, {}) if folder == "days" else {})
            targets.append(Target(name, folder, file, kinds(), clinical_outcome, share, judgements))
    patients = "config/clinical/patients.csv"
    targets.append(
        Target("patients.csv with supplied endpoints", "supplied", patients, clinical_kinds(), clinical_outcome, 4)
    )
    for name, why in SHIFTED.items():
        judgements = {"column shifted by a row": why}
        targets.append(Target(f"{name}.tsv", "dates", f"config/{name}.tsv", table_kinds(), plan_outcome, 6, judgements))
    for name, share in (("config", 8), ("plan", 8), ("endpoints", 8)):
        targets.append(Target(f"{name}.yaml", "supplied", f"config/{name}.yaml", yaml_kinds(), plan_outcome, share))
    return targets + sheet_targets(others) + expression_targets() + read_targets()


def sheet_targets(others: dict[str, dict[str, str]]) -> list[Target]:
    """Return the tables that are sheets of workbooks; ``others`` as those of the text tables."""
    targets = []
    for table, share in (("patients", 3), ("assessments", 2), ("lesions", 2), ("biomarkers", 2)):
        file, kinds = f"config/clinical/{table}.xlsx", sheet_kinds(clinical_kinds(), table)
        name = f"{table}.xlsx#{table}"
        targets.append(Target(name, "sheets", file, kinds, clinical_outcome, share, others.get(table, {})))
    shifted = {"column shifted by a row": SHIFTED["samples"]}
    kinds = sheet_kinds(table_kinds(), "samples")
    targets.append(Target("samples.xlsx#samples", "sheets", "config/samples.xlsx", kinds, plan_outcome, 2, shifted))
    outcome = matrix_outcome("tpm", "tpm.xlsx#TPM")
    matrix = sheet_kinds(matrix_kinds("tpm"), "TPM")
    return [*targets, Target("matrix of a workbook", "expression", "tpm.xlsx", matrix, outcome, 1)]


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
        Target("list of targets", folder, "targets.tsv", target_kinds(), target_outcome, 2),
        Target("verdicts", folder, "verdicts.tsv", verdict_kinds(), verdict_outcome, 2),
        Target("quant.sf", "reads", "quant/salmon/quant.sf", salmon_kinds(), salmon_outcome("quant/salmon"), 5),
        alone,
    ]


def read_targets() -> list[Target]:
    """Return the targets that run fastp, salmon and samtools."""
    return [
        Target("FASTQ", "reads", "R1.fastq", fastq_kinds(), reads_outcome("fastq"), 5),
        Target("BAM", "reads", "reads.bam", alignment_kinds("b"), reads_outcome("bam"), 4),
        Target("CRAM", "reads", "reads.cram", alignment_kinds("c"), reads_outcome("cram"), 4),
        Target("genome of a CRAM", "reads", "genome.fa", genome_kinds(), reads_outcome("cram"), 2),
    ]
