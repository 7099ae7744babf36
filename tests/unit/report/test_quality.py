"""The section on quality: every sample's facts against the thresholds, worst first, and what was set by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.report.made import make_tables, read_made, record_of, write_run

from anpi.cohort.verdicts import judge_samples
from anpi.report.blocks import Drawing, Note, Points, Section, Table, Text
from anpi.report.patient import quality_blocks
from anpi.report.quality import fact_levels, quality

LIMITS = {"fragments": (5000.0, 1000.0), "mapping_rate": (60.0, 30.0), "top_gene_share": (20.0, 50.0)}
THRESHOLDS = {fact: {"warn": warn, "fail": fail} for fact, (warn, fail) in LIMITS.items()}
# Twelve patients, eleven samples: P0003-B is swapped, P0005-B poor and let in by hand, P0007-B damaged, P0009-B without
# alignment and degraded reads, P0011-B poor.
FACTS = pd.DataFrame(
    {
        "sample_id": [f"P{n:04d}-B" for n in range(1, 12)],
        "fragments": [9000.0] * 4 + [800.0] + [9000.0] * 5 + [500.0],
        "mapping_rate": [90.0] * 8 + [45.0, 90.0, 90.0],
        "top_gene_share": [3.0] * 11,
        "exonic_share": [88.0] * 8 + [np.nan] + [88.0] * 2,
        "strandedness_declared": ["reverse"] * 11,
        "strandedness": ["reverse"] * 9 + ["forward", "reverse"],
        "strandedness_resolved": ["reverse"] * 9 + ["forward", "reverse"],
        "failure": [None] * 6 + ["L1_R2.fastq.gz is cut short after 10 reads"] + [None] * 4,
    }
)
IDENTITIES = pd.DataFrame(
    {
        "sample_id": FACTS["sample_id"],
        "identity": ["match", "match", "suspect"] + ["unknown"] * 8,
        "identity_reason": [None, None, "its genotypes are those of P0001-B of patient P0001", *["no site"] * 8],
        "sex_clinical": "F",
        "sex_expression": ["F"] * 10 + ["M"],
    }
)
SHEET = pd.DataFrame(
    {"sample_id": ["P0005-B"], "verdict_override": ["warn"], "override_reason": ["all markers were seen twice"]}
)


def section(folder: Path, verdicts: pd.DataFrame | None, thresholds: bool = True, **more: pd.DataFrame) -> Section:
    tables = make_tables(12) | more
    del tables["verdicts"]
    if verdicts is not None:
        tables["verdicts"] = verdicts
    write_run(folder, tables)
    run = read_made(folder)
    run.thresholds = LIMITS if thresholds else {}
    return quality(run)


def words(made: Section) -> str:
    parts = []
    for block in made.blocks:
        if isinstance(block, Points):
            parts += block.items
        elif isinstance(block, Text | Note):
            parts.append(block.words)
        elif isinstance(block, Drawing):
            parts.append(block.caption)
    return "\n".join(parts)


@pytest.fixture(scope="module")
def judged() -> pd.DataFrame:
    return judge_samples(FACTS, THRESHOLDS, IDENTITIES, SHEET)


@pytest.fixture(scope="module")
def made(judged, tmp_path_factory) -> Section:
    position = np.arange(100) / 99
    curves = [1 + slope * (position - 0.5) for slope in np.linspace(0, 1.6, 10)]
    body = pd.DataFrame(curves, columns=[f"part_{n}" for n in range(1, 101)]).round(4)
    body.insert(0, "sample_id", judged.loc[judged["exonic_share"].notna(), "sample_id"].to_numpy())
    return section(tmp_path_factory.mktemp("quality"), judged, gene_body=body)


def test_levels_are_those_of_the_verdict(judged):
    levels = fact_levels(judged, LIMITS)
    assert levels.at["Fragments sequenced", "P0005-B"] == "fail"
    assert levels.at["Fragments mapped, %", "P0009-B"] == "warn"
    assert levels.at["Strandedness", "P0010-B"] == "warn"
    assert levels.at["Genotypes of the patient", "P0003-B"] == "fail"
    assert levels.at["Genotypes of the patient", "P0004-B"] == "not known"
    assert levels.at["Sex", "P0011-B"] == "warn"
    assert levels.at["Inputs readable", "P0007-B"] == "fail"
    worst = {"pass": 0, "not known": 0, "warn": 1, "fail": 2}
    before = judged["verdict_before_override"].fillna(judged["verdict"])
    assert levels.apply(lambda column: column.map(worst).max()).tolist() == before.map(worst).tolist()


def test_failed_samples_come_first_with_their_reasons(made):
    (table,) = [block for block in made.blocks if isinstance(block, Table)]
    assert [row[0].words for row in table.rows][:3] == ["P0003-B", "P0007-B", "P0011-B"]
    text = words(made)
    assert "P0007-B (patient P0007): L1_R2.fastq.gz is cut short after 10 reads (fail)." in text
    assert text.index("P0007-B (patient P0007)") < text.index("thresholds (warn / fail)")


def test_what_was_set_by_hand_is_told_with_both_verdicts_and_the_reason(made):
    assert "P0005-B (patient P0005): fail by its facts, warn by hand: all markers were seen twice." in words(made)


def test_a_suspected_swap_names_both_samples(made):
    assert "P0003-B (patient P0003): its genotypes are those of P0001-B of patient P0001." in words(made)
    assert "2 fit their patient, 1 may be another patient's and 8 cannot be told" in words(made)


def test_the_wrong_sex_is_told(made):
    told = "can be told in 11 samples and agrees with the clinical table in 10; it differs in P0011-B (patient P0011)."
    assert told in words(made)


def test_tissue_is_told_where_it_is_known(tmp_path):
    samples = FACTS["sample_id"]
    tissues = pd.DataFrame({"sample_id": samples, "sclc": ["no"] * 2 + ["yes"] * 9, "sclc_reason": None, "liver": 12.5})
    made = section(tmp_path, judge_samples(FACTS, THRESHOLDS), tissues=tissues)
    assert "9 are and 2 are not" in words(made)
    (table,) = [block for block in made.blocks if isinstance(block, Table) and block.title == "Tissue"]
    assert table.rows[0][-1].words == "12.5"


def test_coverage_along_genes_is_drawn_for_samples_with_alignments(made):
    (figure,) = [block for block in made.blocks if isinstance(block, Drawing) and block.name == "gene-body"]
    assert figure.caption.startswith("10 samples with alignments")
    assert "P0009-B" not in set(figure.draw().data["sample_id"])


def test_a_cohort_in_which_everything_failed_says_what_that_means(tmp_path):
    failed = judge_samples(FACTS.assign(fragments=5.0), THRESHOLDS)
    text = words(section(tmp_path, failed))
    assert "Of 11 samples, 11 fail." in text
    assert "No sample is left" in text


def test_what_is_absent_is_said(tmp_path, judged):
    assert "no expression data" in words(section(tmp_path / "a", None))
    assert "thresholds were not given" in words(section(tmp_path / "b", judged, thresholds=False))
    bare = judge_samples(FACTS[["sample_id"]], THRESHOLDS)
    assert "No facts of sequencing are known" in words(section(tmp_path / "c", bare))


def test_a_patients_page_shows_what_the_cohorts_table_shows(judged, tmp_path):
    tables = make_tables(12)
    tables["verdicts"] = judged.assign(aligned_records=5, fragment_length_iqr=3)
    write_run(tmp_path, tables)
    (table,) = quality_blocks(record_of(read_made(tmp_path), "P0005"))
    row = dict(zip(table.header, [cell.words for cell in table.rows[0]], strict=True))
    assert row["Verdict by its facts"] == "fail"
    assert row["Set by hand because"] == "all markers were seen twice"
    assert row["Fragments sequenced"] == "800"
    assert "aligned records" not in row
    assert "Reasons" in row
