"""From alignments to verdicts: a swap, a mixture and a wrong sex, found by the programs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.identity.alignments import made_up_sites, write_sample
from warm import python

from anpi.cohort.verdicts import judge_samples
from anpi.files.writing import write_json, write_table
from anpi.identity.genotypes import genotype_facts, genotype_table
from anpi.identity.pileup import count_alleles
from anpi.identity.sex import XIST, Y_GENES
from anpi.identity.sites import read_sites
from anpi.tables.reading import read_facts

ROOT = Path(__file__).resolve().parents[3]
# Sample, patient of the sheet, true person; s3 and s4 bear each other's names, s8 is mixed with 30% of another person.
SAMPLES = {
    "s1": ("A", 0),
    "s2": ("A", 0),
    "s3": ("B", 2),
    "s4": ("C", 1),
    "s5": ("B", 1),
    "s6": ("C", 2),
    "s7": ("D", 3),
    "s8": ("D", 3),
}
SEXES = {"A": "F", "B": "M", "C": "F", "D": "M"}


def run(program: str, *arguments: object) -> None:
    subprocess.run([python(), str(ROOT / "scripts" / f"{program}.py"), *map(str, arguments)], check=True)


def genotype(folder: Path, sites: Path, alignments: Sequence[Path], *more: str) -> None:
    files = ["--out", folder / "genotypes.tsv", "--out-facts", folder / "identity.json"]
    run("genotype_sample", "--alignment", *alignments, "--sites", sites, *files, *more)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame, Path]:
    folder = tmp_path_factory.mktemp("identity")
    sites, path = made_up_sites(80), folder / "snps.tsv"
    write_table(path, sites)
    people = np.random.default_rng(6).binomial(2, sites["af"], (5, len(sites)))
    for number, (sample, (_, person)) in enumerate(SAMPLES.items()):
        mixture = [(people[person], 0.7), (people[4], 0.3)] if sample == "s8" else [(people[person], 1.0)]
        build = "grch37" if sample == "s2" else "grch38"
        bam = write_sample(folder / f"{sample}.bam", sites, mixture, 20, number, build, index=number % 2 == 0)
        pileup = count_alleles([bam], sites)
        write_table(folder / "samples" / sample / "genotypes.tsv", genotype_table(pileup, sites))
        write_json(folder / "samples" / sample / "identity.json", genotype_facts(pileup, sites))
    sheet = pd.DataFrame({"sample_id": list(SAMPLES), "patient_id": [patient for patient, _ in SAMPLES.values()]})
    sheet.loc[len(sheet)] = ["s9", "A"]
    write_table(folder / "samples.tsv", sheet.assign(timepoint="baseline"))
    patients = pd.DataFrame({"patient_id": list(SEXES), "arm": "one", "sex": list(SEXES.values()), "age": 60})
    write_table(folder / "patients.csv", patients.assign(treatment_start_date="2024-01-01"))
    truly = [SEXES[patient] for patient in sheet["patient_id"]]
    truly[0] = "M"  # s1 is said to be a woman's
    levels = {
        sample: {XIST: 20.0 * (sex == "F"), **dict.fromkeys(Y_GENES, 30.0 * (sex == "M"))}
        for sample, sex in zip(sheet["sample_id"], truly, strict=True)
    }
    write_table(folder / "tpm.tsv.gz", pd.DataFrame(levels).rename_axis("gene_id").reset_index())
    tables = [
        "--samples",
        folder / "samples.tsv",
        "--patients",
        folder / "patients.csv",
        "--tpm",
        folder / "tpm.tsv.gz",
    ]
    out = ["--out", folder / "identity.tsv", "--out-pairs", folder / "pairs.tsv"]
    run(
        "compare_identities",
        *tables,
        "--samples-dir",
        folder / "samples",
        "--genotyped",
        *SAMPLES,
        "--sites",
        path,
        *out,
    )
    return read_facts(folder / "identity.tsv").set_index("sample_id"), read_facts(folder / "pairs.tsv"), folder


def test_every_pair_is_told_rightly(compared: tuple[pd.DataFrame, pd.DataFrame, Path]):
    """Among them a pair of the two genome builds, and one of a mixture with a clean sample of its patient."""
    pairs = compared[1]
    truth = np.where(
        pairs["sample_1"].map(lambda s: SAMPLES[s][1]) == pairs["sample_2"].map(lambda s: SAMPLES[s][1]),
        "same",
        "different",
    )
    assert len(pairs) == 28
    assert (pairs["result"] == truth).all()


def test_the_swap_names_both_samples(compared: tuple[pd.DataFrame, pd.DataFrame, Path]):
    identities = compared[0]
    assert identities["identity"].to_dict() == {
        **dict.fromkeys(["s1", "s2", "s7", "s8"], "match"),
        **dict.fromkeys(["s3", "s4", "s5", "s6"], "suspect"),
        "s9": "unknown",
    }
    assert "differ from s5 of the same patient B" in identities.loc["s3", "identity_reason"]
    assert "match s6 of patient C" in identities.loc["s3", "identity_reason"]
    assert identities.loc["s9", "identity_reason"] == "no alignment to the genome, so no genotypes"


def test_the_mixture_is_measured_and_nothing_else(compared: tuple[pd.DataFrame, pd.DataFrame, Path]):
    contamination = compared[0]["contamination"]
    assert 20 <= contamination["s8"] <= 50
    assert (contamination.drop(["s8", "s9"]) == 0).all()
    assert pd.isna(contamination["s9"])


def test_the_wrong_sex_is_told(compared: tuple[pd.DataFrame, pd.DataFrame, Path]):
    identities = compared[0]
    wrong = identities["sex_clinical"] != identities["sex_expression"]
    assert identities.index[wrong].tolist() == ["s1"]


def test_verdicts_follow(compared: tuple[pd.DataFrame, pd.DataFrame, Path]):
    identities = compared[0].reset_index()
    limits = {"contamination": {"warn": 5, "fail": 20}}
    verdicts = judge_samples(identities[["sample_id"]], limits, identities).set_index("sample_id")
    assert verdicts["verdict"].to_dict() == {
        **dict.fromkeys(["s2", "s7", "s9"], "pass"),
        **dict.fromkeys(["s3", "s4", "s5", "s6", "s8"], "fail"),
        "s1": "warn",
    }
    assert verdicts.loc["s1", "reasons"] == "female in the clinical table but male by XIST and Y genes (warn)"
    assert "another person's by genotypes, above 20% (fail)" in verdicts.loc["s8", "reasons"]


def test_the_program_gives_the_same_bytes(compared: tuple[pd.DataFrame, pd.DataFrame, Path], tmp_path: Path):
    folder = compared[2]
    genotype(tmp_path, folder / "snps.tsv", [folder / "s1.bam"])
    for name in ("genotypes.tsv", "identity.json"):
        assert (tmp_path / name).read_bytes() == (folder / "samples" / "s1" / name).read_bytes()


def test_sexes_in_words_and_samples_in_any_order_give_the_same_bytes(compared, tmp_path: Path):
    folder = compared[2]
    tables = ["--samples", folder / "samples.tsv", "--tpm", folder / "tpm.tsv.gz", "--sites", folder / "snps.tsv"]
    sexes = ["--sex", *(f"{patient}={sex}" for patient, sex in SEXES.items())]
    out = ["--out", tmp_path / "identity.tsv", "--out-pairs", tmp_path / "pairs.tsv"]
    genotyped = ["--samples-dir", folder / "samples", "--genotyped", *reversed(SAMPLES)]
    run("compare_identities", *tables, *sexes, *genotyped, *out)
    for name in ("identity.tsv", "pairs.tsv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_an_unreadable_file_is_recorded_when_asked(tmp_path: Path):
    broken, sites = tmp_path / "broken.bam", tmp_path / "snps.tsv"
    broken.write_text("nothing")
    write_table(sites, made_up_sites(5))
    with pytest.raises(subprocess.CalledProcessError):
        genotype(tmp_path, sites, [broken])
    assert not (tmp_path / "genotypes.tsv").exists()
    genotype(tmp_path, sites, [broken], "--record-failure")
    facts = json.loads((tmp_path / "identity.json").read_text())
    assert facts["build"] is None
    assert facts["note"].startswith("broken.bam: no whole alignment file")
    assert str(tmp_path) not in facts["note"]
    assert len(read_sites(sites)) == len(read_facts(tmp_path / "genotypes.tsv")) == 5
