"""Genes that a list of the user names: strangers are refused with the nearest name, genes not measured are noted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anpi.check import check_run
from anpi.problems import InputError


def config(folder: Path, genes: str, rows: str = "PTK7\nDLL3\nSEZ6\nAARS1\nown_probe\n") -> dict:
    (folder / "patients.csv").write_text("patient_id,arm,treatment_start_date\nP1,A,2024-01-10\n")
    (folder / "samples.tsv").write_text("sample_id\tpatient_id\ttimepoint\nS1\tP1\tbaseline\n")
    (folder / "matrix.tsv").write_text("gene\tS1\n" + "".join(f"{name}\t5\n" for name in rows.split()))
    (folder / "own.tsv").write_text(f"target\tgenes\tcompartment\nmine\tPTK7\ttumour\nother\t{genes}\ttumour\n")
    return {
        "samples": str(folder / "samples.tsv"),
        "expression": {"matrix": str(folder / "matrix.tsv"), "unit": "tpm"},
        "clinical": {"patients": str(folder / "patients.csv")},
        "targets": {"own": str(folder / "own.tsv")},
    }


@pytest.mark.parametrize(
    ("genes", "words"),
    [
        ("CEACAM55", "row 3, column genes: no gene has this name, found 'CEACAM55'. Is it CEACAM5?"),
        ("SEZ6, Dll-3", "row 3, column genes: no gene has this name, found 'Dll-3'. Is it DLL3?"),
        ("xyzzyqq", "Give the symbol of HGNC, or the Ensembl id."),
    ],
)
def test_a_target_whose_gene_nobody_knows_is_refused_at_planning(
    tmp_path: Path, tells: Callable, genes: str, words: str
):
    with pytest.raises(InputError) as error:
        check_run(config(tmp_path, genes))
    assert words in str(error.value)
    tells(f"a target of your own with the gene {genes}", map(str, error.value.problems))


@pytest.mark.parametrize(
    ("genes", "lacks"),
    [
        ("SEZ6", None),
        ("ENSG00000112655", None),  # PTK7
        ("AARS", None),  # AARS1 before
        ("own_probe", None),
        ("CEACAM5", "CEACAM5"),
        ("SEZ6, ENSG00000999999.1", "ENSG00000999999.1"),
    ],
)
def test_a_target_whose_gene_the_matrix_lacks_is_noted_at_planning(tmp_path: Path, genes: str, lacks: str | None):
    notes = [note for note in check_run(config(tmp_path, genes)).notes if "column genes" in note]
    assert [note.split(": ", 1)[1] for note in notes] == (
        [f"not in the matrix: {lacks}; its level cannot be told"] if lacks else []
    )
