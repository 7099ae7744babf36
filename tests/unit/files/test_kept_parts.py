"""What is kept of a step is found by all that it was computed from, and never believed when it is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.files.kept import Kept, Place, frame_bytes, frame_of, keeping


def place(folder: Path, code: str = "code") -> Place:
    return Place(folder / "kept" / "step.zip", code)


def keep(where: Place | None, *parts: str) -> list[bytes | None]:
    """Ask for parts, put those that lack; return what was found."""
    with keeping(where) as kept:
        found = [kept.take(kept.key(part)) for part in parts]
        for part in parts:
            kept.put(kept.key(part), part.encode() * 100)
    return found


def test_parts_come_back_and_those_not_asked_for_are_forgotten(tmp_path):
    assert keep(place(tmp_path), "a", "b") == [None, None]
    assert keep(place(tmp_path), "b", "c") == [b"b" * 100, None]
    assert keep(place(tmp_path), "a", "c") == [None, b"c" * 100]


def test_nothing_is_kept_without_a_place_or_by_other_code(tmp_path):
    assert keep(None, "a") == keep(None, "a") == [None]
    keep(place(tmp_path), "a")
    assert keep(place(tmp_path, "other"), "a") == [None]


def test_a_step_that_fails_leaves_what_was_kept(tmp_path):
    keep(place(tmp_path), "a")
    with pytest.raises(TypeError), keeping(place(tmp_path)) as kept:
        kept.put(kept.put(kept.key("b"), b"half"))  # type: ignore[call-arg]
    assert keep(place(tmp_path), "a", "b") == [b"a" * 100, None]


def test_a_folder_in_the_place_of_the_file_is_named_as_the_user_named_it(tmp_path):
    where = place(tmp_path)
    where.path.mkdir(parents=True)
    with pytest.raises(IsADirectoryError) as refused:
        keep(where, "a")
    assert refused.value.filename == str(where.path)
    assert list(where.path.parent.iterdir()) == [where.path]


def test_every_damage_of_the_file_forgets_what_it_touches_and_gives_nothing_wrong(tmp_path):
    where = place(tmp_path)
    keep(where, "a", "b")
    whole = where.path.read_bytes()
    draw = np.random.default_rng(1)
    for number in [*range(len(whole)), *draw.integers(0, len(whole), 50)]:
        cut = whole[:number] if draw.random() < 0.2 else None
        flipped = bytes([whole[number] ^ (1 << int(draw.integers(8)))])
        where.path.write_bytes(whole[:number] + flipped + whole[number + 1 :] if cut is None else cut)
        kept = Kept(where)
        assert kept.take(kept.key("a")) in (None, b"a" * 100)
        assert kept.take(kept.key("b")) in (None, b"b" * 100)
    where.path.unlink()
    where.path.mkdir()
    assert Kept(where).before == {}


def test_the_same_parts_make_the_same_file(tmp_path):
    keep(place(tmp_path / "one"), "a", "b")
    keep(place(tmp_path / "two"), "b", "a")
    assert place(tmp_path / "one").path.read_bytes() == place(tmp_path / "two").path.read_bytes()


TABLE = pd.DataFrame({"x": [1.0, np.nan], "name": ["a", None]}, index=["p", "q"])


@pytest.mark.parametrize(
    "other",
    [
        TABLE.assign(x=[1.0 + 2**-52, np.nan]),
        TABLE.assign(x=[1.0, 0.0]),
        TABLE.assign(name=["a", "b"]),
        TABLE.rename(columns={"x": "y"}),
        TABLE.rename(index={"q": "r"}),
        TABLE[["name", "x"]],
        TABLE.iloc[::-1],
        TABLE.assign(z=1),
    ],
)
def test_any_change_of_a_table_changes_the_key(other):
    kept = Kept(None)
    assert kept.key(TABLE) == kept.key(TABLE.copy())
    assert kept.key(other) != kept.key(TABLE)
    assert kept.key(TABLE, other) != kept.key(other, TABLE)


def test_equal_contents_have_one_key_whichever_objects_they_are():
    """A text that a cache gave twice is one object, one that was read twice is two."""
    kept, one, other = Kept(None), "".join(["a", "b"]), "".join(["a", "b"])
    assert one is not other
    assert kept.key([one, {"x": one}], TABLE) == kept.key([one, {"x": other}], TABLE.copy())


def test_what_lies_below_a_missing_number_is_no_content():
    kept, mask = Kept(None), np.array([False, True])
    columns = [pd.arrays.IntegerArray(np.array([3, below]), mask) for below in (0, 77)]
    frames = [pd.DataFrame({"age": column}) for column in columns]
    assert kept.key(frames[0]) == kept.key(frames[1])
    assert kept.key(frames[0]) != kept.key(frames[0].fillna(0))


def test_tables_come_back_to_the_bit():
    draw = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "gene": ["a", "b", "c"],
            "p": np.exp(draw.normal(0, 200, 3)),
            "none": [None, None, None],
            "some": ["x", None, "y"],
            "missing": [np.nan, 1.5, np.nan],
            "whole": [1, 2, 3],
        }
    )
    pd.testing.assert_frame_equal(frame_of(frame_bytes(table)), table, check_exact=True)
