"""A matrix as Parquet is the matrix as text, and one that is damaged or foreign is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anpi.expression.assemble import Cohort
from anpi.expression.matrix import read_expression
from anpi.files.numbers import read_numbers, write_numbers
from anpi.problems import InputError
from anpi.tables.matrices import read_matrix

GENES = ["ENSG00000141510", "ENSG00000139352", "ENSG00000187621", "own"]


@pytest.fixture
def values() -> pd.DataFrame:
    """Numbers of more digits than the text holds, and one that is missing."""
    frame = pd.DataFrame(np.exp(np.random.default_rng(1).normal(5, 3, (4, 3))), columns=["S1", "S10", "S2"])
    frame.iloc[1, 2] = np.nan
    return frame.set_index(pd.Index(GENES, name="gene_id"))


def test_text_and_parquet_of_a_run_hold_the_same_numbers(tmp_path, values, monkeypatch):
    import assemble_cohort

    cohort = Cohort(None, values, pd.DataFrame({"gene_id": GENES}), pd.DataFrame({"sample_id": values.columns}))
    monkeypatch.setattr(assemble_cohort, "assemble_matrix", lambda *given: cohort)
    files = [tmp_path / f"{matrix}.{kind}" for matrix in ("counts", "tpm") for kind in ("tsv.gz", "parquet")]
    given = ["--matrix", "m.tsv", "--unit", "tpm", "--samples", *values.columns]
    outs = ["--out-counts", *files[:2], "--out-tpm", *files[2:], "--out-genes", "genes.tsv", "--out-facts", "facts.tsv"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["assemble_cohort.py", *map(str, [*given, *outs])])
    assemble_cohort.main()
    for read in (read_matrix, lambda path: read_expression(path, "tpm").values):
        text, parquet = read(files[2]), read(files[3])
        pd.testing.assert_frame_equal(text, parquet, check_exact=True)
        assert list(parquet.columns) == ["S1", "S10", "S2"]
    exact = values.map(lambda value: float(f"{value:.10g}"))
    pd.testing.assert_frame_equal(read_numbers(files[3]), exact, check_exact=True)
    empty = read_expression(files[1], "counts", genes_needed=False)
    assert empty.values.shape == (0, 3)
    assert read_matrix(files[1]).empty
    with pytest.raises(InputError, match="holds no number"):
        read_expression(files[1], "counts")


def test_a_flipped_bit_is_told_wherever_it_is(tmp_path, values):
    """Nothing of the values or the names is another afterwards; bytes that no reader looks at may be."""
    path = tmp_path / "tpm.parquet"
    write_numbers(path, values)
    whole, told = path.read_bytes(), 0
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        try:
            found = read_numbers(path)
        except InputError:
            told += 1
        else:
            pd.testing.assert_frame_equal(found, values, check_exact=True)
    assert told > 0.3 * len(whole) / 3
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="damaged or cut short"):
            read_numbers(path)


def test_parquet_of_another_program_is_refused_in_words(tmp_path, values):
    path = tmp_path / "theirs.parquet"
    values.reset_index().to_parquet(path)
    with pytest.raises(InputError, match=r"theirs\.parquet.*another program.*as text"):
        read_expression(path, "tpm")


def test_a_matrix_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"tpm\.parquet: file not found"):
        read_expression(tmp_path / "tpm.parquet", "tpm")


def test_the_same_matrix_makes_the_same_bytes(tmp_path, values):
    write_numbers(tmp_path / "one.parquet", values)
    write_numbers(tmp_path / "two.parquet", pd.DataFrame(values.to_dict()).rename_axis("gene_id"))
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_sample_called_as_the_column_of_genes_keeps_its_numbers(tmp_path, values):
    """Such a name is allowed in a sheet."""
    path = tmp_path / "tpm.parquet"
    named = values.set_axis(["gene_id", "S10", "S2"], axis=1)
    write_numbers(path, named)
    pd.testing.assert_frame_equal(read_numbers(path), named, check_exact=True)
