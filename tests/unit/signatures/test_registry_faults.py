"""A registry that was cut or mistyped is refused: it would score nothing, or by no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from anpi.problems import InputError
from anpi.signatures.registry import COLUMNS, read_registry

ROW = ["own", "Own", "user", "mean_log", "log2_tpm_plus_1", "higher = more", "0.8", "genes.tsv", "x", "y"]
GENES = "signature\tsymbol\tweight\trole\nown\tASCL1\t1\tgene\n"


def write(folder: Path, rows: list[list[str]], genes: str = GENES) -> Path:
    lines = ["\t".join(row) for row in [COLUMNS, *rows]]
    (folder / "registry.tsv").write_text("\n".join(lines) + "\n")
    (folder / "genes.tsv").write_text(genes)
    return folder / "registry.tsv"


def test_a_sound_registry_is_read(tmp_path):
    assert [signature.id for signature in read_registry(write(tmp_path, [ROW]))] == ["own"]


@pytest.mark.parametrize(
    ("rows", "genes", "words"),
    [
        ([], GENES, "the registry has no signature"),
        ([ROW], GENES.replace("\t1\t", "\tnan\t"), r"genes\.tsv, row 2, column weight: found 'nan', expected a number"),
        ([ROW], GENES.replace("\t1\t", "\tone\t"), "column weight: found 'one'"),
        ([ROW], GENES.replace("weight", "wait"), r"genes\.tsv, row 1, column weight: the column is missing"),
        ([ROW[:6] + ["nan"] + ROW[7:]], GENES, "row 2, column minimum_coverage: found 'nan'"),
        ([[*ROW[:7], "", *ROW[8:]]], GENES, "row 2, column genes_file: found '', expected a value"),
    ],
)
def test_a_registry_that_scores_nothing_or_by_no_number_is_refused(tmp_path, rows, genes, words):
    with pytest.raises(InputError, match=words):
        read_registry(write(tmp_path, rows, genes))


@pytest.mark.parametrize("name", ["registry.tsv", "genes.tsv"])
def test_a_table_whose_last_row_has_no_line_end_is_refused(tmp_path, name):
    """What is left of a file that was cut within a line is a table like any other."""
    registry = write(tmp_path, [ROW, ["other", *ROW[1:]]], GENES + GENES.splitlines()[1].replace("own", "other") + "\n")
    cut = tmp_path / name
    cut.write_text(cut.read_text().removesuffix("\n"))
    with pytest.raises(InputError, match=rf"{name}: the last row has no line end"):
        read_registry(registry)
