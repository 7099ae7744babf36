"""Matrices are written as pandas writes them, byte by byte."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from anpi.files.writing import is_matrix, write_table

NUMBERS = [0.0, -0.0, 1.0, 12345678901.0, 1e-300, 0.1, 1 / 3, 123456.789, -2.5e10, np.inf, -np.inf]


def by_pandas(frame: pd.DataFrame, separator: str) -> str:
    return frame.to_csv(sep=separator, index=False, na_rep="NA", float_format="%.10g", lineterminator="\n")


@pytest.mark.parametrize("name", ["ENSG00000000001", "a b", 'q"uote', "tab\tin", "comma,in", None, "", "Grün"])
@pytest.mark.parametrize("file", ["m.tsv.gz", "m.csv"])
def test_a_matrix_has_the_bytes_of_pandas(tmp_path, name, file):
    rng = np.random.default_rng(0)
    values = np.vstack([NUMBERS, rng.gamma(1, 100, (3, len(NUMBERS)))])
    values[2, 4] = np.nan
    columns = ["S1", 'S"2', "S,3", "S\t4", *[f"T{i}" for i in range(len(NUMBERS) - 4)]]
    frame = pd.DataFrame(values, columns=columns)
    frame.insert(0, "gene_id", ["ENSG00000000002", name, "MIR1.1", "HLA-A"])
    assert is_matrix(frame) == (name == "ENSG00000000001")
    write_table(tmp_path / file, frame)
    data = (tmp_path / file).read_bytes()
    text = (gzip.decompress(data) if file.endswith("gz") else data).decode()
    assert text == by_pandas(frame, "\t" if "tsv" in file else ",")


def test_no_rows_and_no_columns_are_written_too(tmp_path):
    for frame in (pd.DataFrame(columns=["gene_id", "S1"]), pd.DataFrame({"gene_id": ["ENSG00000000002"]})):
        write_table(tmp_path / "m.tsv", frame)
        assert (tmp_path / "m.tsv").read_text() == by_pandas(frame, "\t")
