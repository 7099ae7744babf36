"""The subtype by each scheme: of the cohort and of a sample."""

from __future__ import annotations

import pandas as pd

from anpi.report.blocks import Table, Text
from anpi.report.schemes import scheme_blocks, schemes_of_sample

CALLS = pd.DataFrame(
    {
        "sample_id": ["s2", "s1", "s3"],
        "patient_id": ["p2", "p1", "p3"],
        "scheme_gay": ["I", "A", None],
        "scheme_rudin": ["A", "A", None],
        "scheme_nabet": ["I-nonNE", "NE", None],
        "scheme_forest": [None, "A.1", None],
        "scheme_agreement": ["1 of 2", "3 of 3", None],
        "scheme_reason": ["forest: genes lack", None, None],
    }
)


def test_samples_that_schemes_name_otherwise_are_named_with_each_class():
    _, words, table = scheme_blocks(CALLS)
    assert isinstance(words, Text)
    assert words.words == (
        "Of 2 called samples, in 1 all schemes that say something agree; not in s2 (Gay 2021 I, Rudin 2019 A, in the "
        "manner of Nabet 2024 I-nonNE)."
    )
    assert isinstance(table, Table)
    assert [row[0].words for row in table.rows] == ["s1", "s2"]  # s3 has no call
    assert [cell.words for cell in table.rows[1]][-2:] == ["1 of 2", "forest: genes lack"]


def test_calls_of_a_model_without_schemes_have_no_block():
    assert scheme_blocks(CALLS[["sample_id", "patient_id"]]) == []
    assert schemes_of_sample(CALLS.iloc[2]) == []


def test_a_sample_shows_its_class_by_each_scheme_and_which_says_nothing():
    (table,) = schemes_of_sample(CALLS.iloc[0])
    assert [row[1].words for row in table.rows] == ["I", "A", "I-nonNE", "says nothing"]
    assert table.caption.startswith("1 of 2 of the other schemes")
    assert "forest: genes lack" in table.caption
