"""Rows of programs that count, in which no gene stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.assemble import assemble_matrix
from anpi.expression.matrix import read_expression
from anpi.problems import InputError

COUNTS = pd.DataFrame({"S1": [10, 40, 10], "S2": [3, 0, 9]}, index=["TP53", "RB1", "ASCL1"])
TALLIES = {
    "htseq-count": ["__no_feature", "__ambiguous", "__too_low_aQual", "__not_aligned", "__alignment_not_unique"],
    "STAR": ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"],
    "featureCounts": ["Unassigned_Unmapped", "Unassigned_NoFeatures"],
}


def write(folder: Path, rows: list[str]) -> Path:
    frame = pd.concat([pd.DataFrame({"S1": 9000, "S2": 8000}, index=rows), COUNTS])
    frame.rename_axis("gene").to_csv(folder / "counts.tsv", sep="\t")
    return folder / "counts.tsv"


@pytest.mark.parametrize("program", TALLIES)
def test_reads_on_no_gene_are_no_gene(tmp_path: Path, program: str):
    """Facts of quality and TPM are those of the matrix without such rows, and they are told."""
    plain = assemble_matrix(write(tmp_path, []), "counts", ["S1", "S2"])
    found = assemble_matrix(write(tmp_path, TALLIES[program]), "counts", ["S1", "S2"])
    pd.testing.assert_frame_equal(found.facts, plain.facts)
    pd.testing.assert_frame_equal(found.tpm, plain.tpm)
    pd.testing.assert_frame_equal(found.counts, plain.counts)
    number = len(TALLIES[program])
    assert any(note.startswith(f"{number} rows of reads on no gene left out: ") for note in found.notes)
    assert not any("left out" in note for note in plain.notes)


@pytest.mark.parametrize("name", ["Total", "sum", "TOTALS", "Grand total"])
def test_a_row_of_sums_is_refused(tmp_path: Path, name: str):
    with pytest.raises(InputError, match=f"a row of sums, found '{name}', expected a gene in every row"):
        read_expression(write(tmp_path, [name]), "counts")


def test_a_matrix_without_a_gene_beside_them_is_refused(tmp_path: Path):
    file = tmp_path / "counts.tsv"
    file.write_text("gene\tS1\nN_unmapped\t7\n")
    with pytest.raises(InputError, match="holds no number"):
        read_expression(file, "counts")


@pytest.mark.parametrize("unit", ["counts", "tpm", "log2_tpm_plus_1"])
@pytest.mark.parametrize("name", ["total_counts", "Summe", "lib.size"])
def test_a_row_of_sums_is_told_by_its_values_too(tmp_path: Path, name: str, unit: str):
    """Whatever it is called; a gene that no table knows may have half of the reads of a sample."""
    symbols = ["TP53", "RB1", "ASCL1", "NEUROD1", "POU2F3", "YAP1", "MYC", "MYCL", "DLL3", "CD8A", "GAPDH", "ACTB"]
    counts = pd.DataFrame({"S1": range(1, 13), "S2": [7] * 12}, index=symbols) * (1 if unit == "counts" else 6000.0)
    sums = pd.concat([counts, counts.sum().rename(name).to_frame().T])
    half = sums.assign(S2=[*sums["S2"].iloc[:-1], 3])
    for values, refused in ((sums, True), (half, False)):
        shown = np.log2(values + 1) if unit.startswith("log2") else values
        shown.rename_axis("gene").to_csv(tmp_path / "m.tsv", sep="\t")
        if refused:
            with pytest.raises(InputError, match=f"a row of sums, found '{name}', expected a gene in every row"):
                read_expression(tmp_path / "m.tsv", unit)
        else:
            assert len(read_expression(tmp_path / "m.tsv", unit).values) == 13
