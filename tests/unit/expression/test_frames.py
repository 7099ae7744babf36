"""A data frame is checked as a file is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.matrix import as_expression, read_expression
from anpi.problems import InputError

GENES = ["TP53", "RB1", "ASCL1", "NEUROD1"]


def frame(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"S1": [100.0, 4, 5, 0], **columns}, index=GENES)


def renamed(*names: str) -> pd.DataFrame:
    return frame().set_axis([*names, *GENES[len(names) :]])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pd.concat([frame(), frame()], axis=1), "row 1, column S1: the sample stands twice"),
        (renamed("1-Mar", "2-Sep"), "2 gene names turned into dates, found '1-Mar, 2-Sep'"),
        (pd.concat([frame(), frame().iloc[:1]]), "row 6, found 'TP53', expected each row once; it stands in row 2"),
        (frame(S2=[np.nan] * 4).drop(columns="S1"), "the matrix holds no number"),
        (frame().iloc[:0], "the matrix holds no number"),
        (frame().iloc[:, :0], "no sample columns found"),
        (frame(S2=[1, "a", 2, 3]), "row 3, column S2: found 'a', expected a number"),
        (frame(S2=[1, 2, np.inf, 3]), "row 4, column S2: found 'inf', expected a number"),
        (frame(S2=[1, 2, "nan", 3]), "row 4, column S2: found 'nan', expected a number"),
        (frame().reset_index(), "row 2, column index: found 'TP53', expected a number"),
        (renamed("TP53\u200b"), "row 2: a character that cannot be seen"),
        (renamed("\u0422P53"), "row 2: found .*expected a gene name in Latin letters"),
        (frame().to_numpy(), "found 'ndarray', expected a data frame of genes x samples"),
    ],
)
def test_a_frame_that_a_file_could_not_be_is_refused(values: pd.DataFrame, words: str):
    with pytest.raises(InputError, match=words.replace("row 6, found", "row 6: found")):
        as_expression(values, "counts")


@pytest.mark.parametrize(
    "values",
    [
        frame(S2=[7, 8, 9, 1]),
        frame(S2=[7, None, 9, 1]),
        frame(S2=["7", "NA", "9", ""]).astype(object),
        pd.concat([frame(), frame().assign(S1=[1.0, 2, 3, 4]).set_axis(GENES)]),
        pd.concat([frame(), frame()]),
    ],
    ids=["numbers", "a missing value", "numbers as texts", "rows of one symbol", "every row in two parts"],
)
def test_a_frame_is_read_as_the_file_of_it(tmp_path: Path, values: pd.DataFrame):
    values.to_csv(tmp_path / "x.tsv", sep="\t", index_label="gene")
    of_file, of_frame = read_expression(tmp_path / "x.tsv", "counts"), as_expression(values, "counts")
    pd.testing.assert_frame_equal(of_frame.values, of_file.values)
    pd.testing.assert_frame_equal(of_frame.genes, of_file.genes)
    assert of_frame.notes == of_file.notes
