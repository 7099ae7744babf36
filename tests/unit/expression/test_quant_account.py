"""A salmon table that was cut, doubled, mixed or edited is refused: its rows and numbers must agree with each other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.expression.quant_account import reference_problems
from anpi.expression.summary import read_quant
from anpi.problems import InputError

ROOT = Path(__file__).resolve().parents[3]
HEADER = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
COUNT = 60
SILENT = 50  # this and the rows behind it have no reads
ASCL1 = 3


def table(seed: int = 0) -> pd.DataFrame:
    """A table as salmon writes it: TPM from the reads and lengths that were not yet rounded."""
    draw = np.random.default_rng(seed)
    length = np.random.default_rng(99).integers(300, 5000, COUNT)
    effective = length - 180.0 + draw.random(COUNT)
    reads = draw.gamma(0.5, 200, COUNT) * (np.arange(COUNT) < SILENT)
    rates = reads / effective
    names = [f"ENST{number:011d}.{1 + number % 7}" for number in range(COUNT)]
    return pd.DataFrame(
        {
            "Name": names,
            "Length": length,
            "EffectiveLength": [f"{value:.3f}" for value in effective],
            "TPM": [f"{value:.6f}" for value in rates / rates.sum() * 1e6],
            "NumReads": [f"{value:.3f}" for value in reads],
        }
    ).astype(str)


TRANSCRIPTS = pd.DataFrame(
    {
        "transcript_id": table()["Name"],
        "gene_id": [f"ENSG{number // 2:011d}" for number in range(COUNT)],
        "symbol": "x",
        "biotype": "protein_coding",
        "length": table()["Length"],
        "same_as": None,
    }
)


def read(folder: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Read a table, hold it against the reference and return it."""
    (folder / "quant.sf").write_text(frame.to_csv(sep="\t", index=False))
    quant = read_quant(folder / "quant.sf")
    if problems := reference_problems(quant, TRANSCRIPTS, "quant.sf"):
        raise InputError(problems)
    return quant


def put(row: int, column: str, value: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def damage(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, column] = value
        return frame

    return damage


def shuffled(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: frame.assign(**{column: frame[column].to_numpy()[::-1]})


LONGER = {"Length": [str(int(value) + 77) for value in table()["Length"]]}
DAMAGED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "the last rows lost": (lambda f: f.iloc[:SILENT], r"10 of 60 transcripts of the reference have no row"),
    "header alone": (lambda f: f.iloc[:0], "60 of 60 transcripts of the reference have no row"),
    "the row of one gene gone": (
        lambda f: f.drop(index=COUNT - 1),
        r"1 of 60 transcripts of the reference have no row.*none of ENST00000000059",
    ),
    "a row of reads gone": (lambda f: f.drop(index=ASCL1), r"1 of 60 .*none of ENST00000000003"),
    "a transcript twice": (
        lambda f: pd.concat([f, f.iloc[[COUNT - 1]]]),
        "row 62, column Name: .*expected each transcript once",
    ),
    "negative reads": (put(5, "NumReads", "-3.000"), "row 7, column NumReads: found '-3', expected 0 or more"),
    "negative TPM": (put(55, "TPM", "-0.000001"), "row 57, column TPM: .*expected 0 or more"),
    "reads beyond reason": (put(5, "NumReads", "1e300"), "TPM do not follow from reads and effective lengths"),
    "a truth value": (put(5, "NumReads", "True"), "row 7, column NumReads: found 'True', expected a number"),
    "truth values alone": (lambda f: f.assign(EffectiveLength="True"), "EffectiveLength: found 'True'"),
    "no number": (put(5, "TPM", "nan"), "row 7, column TPM: found 'nan', expected a number"),
    "reads shuffled": (shuffled("NumReads"), "TPM do not follow"),
    "TPM shuffled": (shuffled("TPM"), "TPM do not follow"),
    "names shuffled": (shuffled("Name"), "of 60 lengths are not those of the reference"),
    "effective lengths shuffled": (shuffled("EffectiveLength"), "TPM do not follow"),
    "TPM of another sample": (lambda f: f.assign(TPM=table(1)["TPM"]), "TPM do not follow"),
    "lengths 77 bases off": (lambda f: f.assign(**LONGER), "60 of 60 lengths are not those of the reference"),
    "one length off": (put(55, "Length", "301"), "row 57, column Length: .*expected .*, the length of ENST"),
    "a fraction as length": (put(55, "Length", "300.5"), "row 57, column Length: .*a whole number of bases"),
    "an effective length of 0": (put(55, "EffectiveLength", "0.000"), "EffectiveLength: .*above 0"),
    "no name": (put(55, "Name", ""), "row 57, column Name: .*the name of a transcript"),
    "a stranger": (put(55, "Name", "ENSMUST00000000055.1"), "1 of 60 transcripts are none of the reference"),
    "reads 1000 times as many in one row": (put(5, "NumReads", "300000.000"), "TPM do not follow"),
    "NUL in a cell": (put(5, "NumReads", "3\0"), "row 7: .*a character that stands in no table"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_table_is_refused(tmp_path, kind):
    damage, words = DAMAGED[kind]
    with pytest.raises(InputError, match=words):
        read(tmp_path, damage(table()))


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_table_passes_in_any_order_and_under_other_versions(tmp_path, seed):
    unversioned = table(seed).assign(Name=[name.split(".")[0] for name in table()["Name"]])
    for sound in (table(seed), table(seed).sample(frac=1, random_state=seed), unversioned):
        assert len(read(tmp_path, sound)) == len(sound)


def test_a_sample_without_reads_passes(tmp_path):
    assert read(tmp_path, table().assign(TPM="0.000000", NumReads="0.000"))["NumReads"].sum() == 0


def test_of_transcripts_with_one_sequence_salmon_keeps_one(tmp_path):
    """salmon index leaves duplicates out unless told to keep them."""
    names = TRANSCRIPTS["transcript_id"]
    twins = TRANSCRIPTS.assign(same_as=[names[58] if row == 59 else None for row in range(COUNT)])
    twins.loc[59, "length"] = twins.loc[58, "length"]
    quant = table().assign(Length=twins["length"])
    quant.to_csv(tmp_path / "quant.sf", sep="\t", index=False)
    whole = read_quant(tmp_path / "quant.sf")
    assert reference_problems(whole, twins, "quant.sf") == []
    assert reference_problems(whole.drop(index=59), twins, "quant.sf") == []
    assert reference_problems(whole.drop(index=58), twins, "quant.sf") == []
    assert len(reference_problems(whole.drop(index=[58, 59]), twins, "quant.sf")) == 1
    assert len(reference_problems(whole.drop(index=57), twins, "quant.sf")) == 1


def test_a_published_result_passes_whole_and_not_cut(external_data, tmp_path):
    """GENCODE v29 with GC correction by salmon 0.14: 205,870 rows."""
    file = external_data / "data" / "quants" / "airway" / "SRR1039508" / "quant.sf.gz"
    quant = read_quant(file)
    assert len(quant) == 205_870
    reference = pd.DataFrame({"transcript_id": quant["Name"], "length": quant["Length"].astype(int).astype(str)})
    assert reference_problems(quant, reference, "quant.sf") == []
    assert reference_problems(quant.iloc[:-1], reference, "quant.sf") != []


def summarise(folder: Path, meta: dict | None = None, reads: dict | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program on ``quant.sf`` of a folder."""
    TRANSCRIPTS.to_csv(folder / "transcripts.tsv", sep="\t", index=False, na_rep="NA")
    command = [python(), str(ROOT / "scripts" / "summarise_sample.py"), "--quant", str(folder / "quant.sf")]
    command += ["--transcripts", str(folder / "transcripts.tsv"), "--out-genes", str(folder / "genes.parquet")]
    if meta is not None:
        (folder / "aux_info").mkdir()
        (folder / "aux_info" / "meta_info.json").write_text(json.dumps(meta))
    if reads is not None:
        (folder / "reads.json").write_text(json.dumps(reads))
        command += ["--reads", str(folder / "reads.json")]
    return subprocess.run([*command, "--out-qc", str(folder / "qc.json")], capture_output=True, text=True, check=False)


def test_reads_are_those_that_salmon_says_it_mapped(tmp_path):
    quant = table()
    quant.to_csv(tmp_path / "quant.sf", sep="\t", index=False)
    mapped = round(quant["NumReads"].astype(float).sum())
    done = summarise(tmp_path, {"num_processed": 2 * mapped, "num_mapped": mapped})
    assert done.returncode == 0, done.stderr
    (tmp_path / "doubled").mkdir()
    doubled = quant.assign(NumReads=[f"{2 * float(value):.3f}" for value in quant["NumReads"]])
    doubled.to_csv(tmp_path / "doubled" / "quant.sf", sep="\t", index=False)
    done = summarise(tmp_path / "doubled", {"num_processed": 2 * mapped, "num_mapped": mapped})
    assert done.returncode == 2
    assert f"expected {mapped}, num_mapped of meta_info.json" in done.stderr


def meta_of_salmon_2(version: str, mapped: int, processed: int) -> dict:
    """Return ``meta_info.json`` as salmon 2 writes it (release notes 2.0.0 to 2.3.2): its keys and those it added."""
    return {
        "salmon_version": version, "library_types": ["ISR"], "frag_length_mean": 181.7, "num_bootstraps": 0,
        "num_processed": processed, "num_mapped": mapped, "percent_mapped": 100 * mapped / processed,
        "detected_library_type": "ISR", "num_orphan": 0, "em_converged": True, "num_em_iterations": 100,
        "range_factorization_bins": 4, "pos_bias_correct": False, "peak_rss_kb": 1, "total_time_seconds": 1.0,
        "diagnostics": [], "inference_truncated_mass": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "stated", "accepted"),
    [
        ("2.0.0", 311_967 / 295_597, True),  # of its issue 1025: num_mapped 311,967 where NumReads sum to 295,597
        ("2.1.0", 311_967 / 295_597, True),
        ("2.1.1", 311_967 / 295_597, False),
        ("2.3.2", 1.0, True),
        ("1.10.1", 311_967 / 295_597, False),
        ("2.0.1", 0.9, False),
    ],
)
def test_folders_of_salmon_2_are_held_against_what_their_version_counts(tmp_path, version, stated, accepted):
    quant = table()
    quant.to_csv(tmp_path / "quant.sf", sep="\t", index=False)
    total = quant["NumReads"].astype(float).sum()
    done = summarise(tmp_path, meta_of_salmon_2(version, round(stated * total), round(2 * total)))
    assert (done.returncode == 0) == accepted, done.stderr
    if accepted:
        facts = json.loads((tmp_path / "qc.json").read_text())
        assert facts["mapping_rate"] == pytest.approx(50, abs=0.1)
        assert facts["strandedness"] in (None, "reverse")


def test_a_table_without_rows_is_believed_of_the_step_that_found_nothing_alone(tmp_path):
    (tmp_path / "quant.sf").write_text(HEADER)
    done = summarise(tmp_path)
    assert done.returncode == 2
    assert "60 of 60 transcripts of the reference have no row" in done.stderr
    done = summarise(tmp_path, reads={"units": [], "fragments": 9, "fragments_passed": 9, "fragments_mapped": 0})
    assert done.returncode == 0, done.stderr
    done = summarise(tmp_path, reads={"units": [], "fragments": 9, "fragments_passed": 9, "fragments_mapped": 5})
    assert done.returncode == 2
