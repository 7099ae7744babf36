"""Reads as sequencing centres name and store them: each file becomes the right mate, lane and sample, or is told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from anpi.delivery.decisions import Decisions
from anpi.delivery.reads import choose, find_reads
from anpi.problems import InputError

PATIENTS = ["P001", "P002", "P003"]


def write(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("@r\nACGT\n+\nIIII\n")
    return folder


def units(folder: Path, answers: Mapping[str, str] | None = None) -> tuple[dict, Decisions, list[tuple[str, str]]]:
    """Return the file names of each sample's units, the decisions, and what was left out."""
    decisions = Decisions(dict(answers or {}))
    reads = find_reads(folder, [], decisions)
    kind = choose(reads, folder, PATIENTS, decisions)
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in reads.units.get(str(kind), ()):
        files = [Path(row[key]).name for key in ("fastq_1", "fastq_2", "bam", "quant") if key in row]
        found.setdefault(row["sample_id"], []).append(tuple(files))
    return found, decisions, [(path.name, why) for path, why in reads.notes]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("P001_R1.FASTQ.GZ", "P001_R2.FASTQ.GZ"),
        ("P001_r1.fastq.gz", "P001_r2.fastq.gz"),
        ("P001_R1_trimmed.fq.gz", "P001_R2_trimmed.fq.gz"),
        ("P001_R1_val_1.fq.gz", "P001_R2_val_2.fq.gz"),
        ("P001_1_val_1.fq.gz", "P001_2_val_2.fq.gz"),
        ("P001_val_1.fq.gz", "P001_val_2.fq.gz"),
        ("P001_R1_001_val_1.fq.gz", "P001_R2_001_val_2.fq.gz"),
        ("P001_R1.trimmed.fastq", "P001_R2.trimmed.fastq"),
        ("P001_S3_L001_R1_001.fastq.gz", "P001_S3_L001_R2_001.fastq.gz"),
    ],
)
def test_mates_are_one_sample(first: str, second: str, tmp_path: Path):
    found, decisions, notes = units(write(tmp_path, [first, second]))
    assert found == {"P001": [(first, second)]}
    assert not decisions.open
    assert not notes


def test_names_that_differ_in_1_and_2_alone_are_asked_about(tmp_path: Path):
    names = ["P001_R1_sub.fastq", "P001_R2_sub.fastq"]
    question = "reads: 1 and 2 in names"
    assert set(units(write(tmp_path, names))[1].open) == {question}
    assert units(tmp_path, {question: "mates"})[0] == {"P001_sub": [tuple(names)]}
    assert set(units(tmp_path, {question: "samples"})[0]) == {"P001_R1_sub", "P001_R2_sub"}


def test_patients_whose_numbers_are_1_and_2_are_no_mates(tmp_path: Path):
    found, decisions, _ = units(write(tmp_path, ["P1.fastq", "P2.fastq"]))
    assert found == {"P1": [("P1.fastq",)], "P2": [("P2.fastq",)]}
    assert not decisions.open


def test_first_mates_alone_beside_pairs_are_asked_about(tmp_path: Path):
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq", "P003_R1.fastq"])
    question = "reads: first mates alone, P003_R1.fastq"
    assert set(units(tmp_path)[1].open) == {question}
    pair = ("P001_R1.fastq", "P001_R2.fastq")
    assert units(tmp_path, {question: "single_end"})[0] == {"P001": [pair], "P003": [("P003_R1.fastq",)]}
    for name in pair:
        (tmp_path / name).unlink()
    assert not units(tmp_path)[1].open  # of a delivery of single reads


def test_reads_of_the_index_are_left_out_and_told(tmp_path: Path):
    names = [f"P001_S1_L001_{read}_001.fastq.gz" for read in ("R1", "R2", "I1", "I2")]
    found, _, notes = units(write(tmp_path, names))
    assert found == {"P001": [tuple(names[:2])]}
    assert sorted(name for name, _ in notes) == names[2:]
    assert all("index" in why for _, why in notes)


def test_lanes_of_one_digit_are_asked_about(tmp_path: Path):
    names = [f"P001_{lane}_{mate}.fq.gz" for lane in ("L1", "L2") for mate in "12"]
    question = "reads: L1 and L2 in names"
    assert set(units(write(tmp_path, names))[1].open) == {question}
    assert units(tmp_path, {question: "lanes"})[0] == {"P001": [tuple(names[:2]), tuple(names[2:])]}
    assert set(units(tmp_path, {question: "samples"})[0]) == {"P001_L1", "P001_L2"}


def test_lanes_behind_a_library_and_a_flow_cell_are_lanes(tmp_path: Path):
    stem = "P001_FKRN210234567-1A_HF2YKDSX2"
    names = [f"{stem}_{lane}_{mate}.fq.gz" for lane in ("L1", "L2") for mate in "12"]
    found, decisions, _ = units(write(tmp_path, names))
    assert found == {stem: [tuple(names[:2]), tuple(names[2:])]}
    assert not decisions.open


@pytest.mark.parametrize("name", ["P003_R1.fastq.bz2", "P003_R1.fq.zst", "P003.fastq.gz.part"])
def test_a_file_that_looks_like_reads_and_is_not_taken_is_told(name: str, tmp_path: Path):
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq", name, "P001_R1.fastq.md5"])
    found, _, notes = units(tmp_path)
    assert set(found) == {"P001"}
    assert [told for told, _ in notes] == [name]


def test_a_third_file_beside_two_mates_is_refused(tmp_path: Path):
    write(tmp_path, [f"P001_S1_R{read}_001.fastq.gz" for read in (1, 2, 3)])
    with pytest.raises(InputError, match=r"P001_S1_R3_001.fastq.gz: a third file beside two mates"):
        units(tmp_path)


def test_reads_trimmed_and_as_they_came_are_refused(tmp_path: Path):
    write(tmp_path, ["raw/P001_R1.fq", "raw/P001_R2.fq", "trimmed/P001_R1_val_1.fq", "trimmed/P001_R2_val_2.fq"])
    with pytest.raises(InputError, match="the reads of P001 are there trimmed and as they came"):
        units(tmp_path)


def test_a_trimmed_mate_is_no_pair_with_one_that_is_not(tmp_path: Path):
    write(tmp_path, ["P001_R1_trimmed.fq", "P001_R2.fq"])
    with pytest.raises(InputError, match="the reads of P001 are there trimmed and as they came"):
        units(tmp_path)


def test_links_in_circles_and_to_nothing_under_the_names_of_tables_are_passed_over(tmp_path: Path):
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq"])
    for name, to in {"loop.tsv": "loop.tsv", "gone.xlsx": "nowhere.xlsx", "gone.csv": "nowhere.csv"}.items():
        (tmp_path / name).symlink_to(to)
    found, _, notes = units(tmp_path)
    assert set(found) == {"P001"}
    assert {name for name, _ in notes} == {"loop.tsv", "gone.xlsx", "gone.csv"}


def test_links_to_folders_are_followed_once(tmp_path: Path):
    write(tmp_path / "store", ["P001_R1.fastq", "P001_R2.fastq"])
    reads = write(tmp_path / "reads", ["run1/P002_R1.fastq", "run1/P002_R2.fastq"])
    (reads / "a").symlink_to(tmp_path / "store")
    (reads / "latest").symlink_to("run1")
    (reads / "run1" / "up").symlink_to("..")
    found, _, notes = units(reads)
    pair = ("_R1.fastq", "_R2.fastq")
    assert found == {name: [tuple(name + end for end in pair)] for name in ("P001", "P002")}
    assert sorted(name for name, _ in notes) == ["latest", "up"]


def test_a_link_to_reads_that_are_there_too_counts_once(tmp_path: Path):
    write(tmp_path, ["run1/P001_R1.fastq", "run1/P001_R2.fastq"])
    (tmp_path / "again").mkdir()
    for mate in "12":
        (tmp_path / "again" / f"P001_R{mate}.fastq").symlink_to(tmp_path / "run1" / f"P001_R{mate}.fastq")
    found, _, notes = units(tmp_path)
    assert found == {"P001": [("P001_R1.fastq", "P001_R2.fastq")]}
    assert len(notes) == 2


def test_a_link_to_nothing_is_told(tmp_path: Path):
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq"])
    (tmp_path / "P003").symlink_to(tmp_path / "gone")
    assert units(tmp_path)[2] == [("P003", "a link to nothing, or to what cannot be read")]


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq", "locked/P003_R1.fastq"])
    scandir = os.scandir

    def locked(place: str):
        if os.fspath(place).endswith("locked"):
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(InputError, match="locked: the folder cannot be read: Permission denied"):
        units(tmp_path)


def matrix(path: Path, samples: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(["gene", *samples])]
    lines += ["\t".join([f"G{number}", *("3.5" for _ in samples)]) for number in range(1, 9)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_two_matrices_of_one_name_are_both_choices(tmp_path: Path):
    first = matrix(tmp_path / "a" / "tpm.tsv", ["P001"])
    second = matrix(tmp_path / "b" / "tpm.tsv", ["P001"])
    decisions = Decisions()
    reads = find_reads(tmp_path, [], decisions)
    assert choose(reads, tmp_path, PATIENTS, decisions) is None
    assert decisions.open["reads: kind"].choices == ("matrix a/tpm.tsv", "matrix b/tpm.tsv")
    for path in (first, second):
        answer = {"reads: kind": f"matrix {path.relative_to(tmp_path)}"}
        assert choose(reads, tmp_path, PATIENTS, Decisions(answer)) == str(path)


def test_a_sample_that_another_kind_alone_holds_is_asked_about(tmp_path: Path):
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq", "P003/quant.sf"])
    known = {"reads: kind": "fastq"}  # of an earlier delivery
    question = "reads: samples of quant alone, P003"
    assert set(units(tmp_path, known)[1].open) == {question}
    pair = ("P001_R1.fastq", "P001_R2.fastq")
    assert units(tmp_path, known | {question: "take"})[0] == {"P001": [pair], "P003": [("P003",)]}
    found, _, notes = units(tmp_path, known | {question: "leave_out"})
    assert found == {"P001": [pair]}
    assert notes == [("P003", "left out: quant alone holds the sample, as answered")]


def test_a_patient_whose_sample_stands_in_another_matrix_alone_is_asked_about(tmp_path: Path):
    matrix(tmp_path / "old.tsv", ["P001_baseline", "P002_baseline"])
    matrix(tmp_path / "new.tsv", ["P003_baseline"])
    matrix(tmp_path / "fold_changes.tsv", ["log2FoldChange", "pvalue"])
    known = {"reads: kind": "matrix old.tsv"}
    assert set(units(tmp_path, known)[1].open) == {"reads: samples of matrix new.tsv alone, P003_baseline"}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["salmon/P001/quant.sf", "star_salmon/P001/quant.sf"], "several salmon results of sample P001"),
        (["P001.sorted.bam", "P001.markdup.sorted.bam"], "several alignments of sample P001"),
        (["a/P001.bam", "b/P001.cram", "b/P002.bam"], "several alignments of sample P001"),
    ],
)
def test_several_results_of_one_sample_are_refused_in_words_where_they_are_chosen(names, words, tmp_path: Path):
    """As an nf-core/rnaseq run leaves them; beside reads that are chosen they do not matter."""
    with pytest.raises(InputError, match=rf"{words}\. The other is .*one of them"):
        units(write(tmp_path, names))
    write(tmp_path, ["P001_R1.fastq", "P001_R2.fastq", "P002_R1.fastq", "P002_R2.fastq"])
    found, _, _ = units(tmp_path, {"reads: kind": "fastq"})
    assert found["P001"] == [("P001_R1.fastq", "P001_R2.fastq")]


def test_a_sample_that_lacks_a_lane_of_most_others_is_told(tmp_path: Path):
    """Where no lanes are those of most samples, nothing is."""
    lanes = {"P001": (1, 2), "P002": (1, 2), "P003": (2,)}
    names = [f"{s}_S1_L00{lane}_R{m}_001.fastq.gz" for s, found in lanes.items() for lane in found for m in (1, 2)]
    _, decisions, notes = units(write(tmp_path / "a", names))
    why = "lanes L002 alone, where most samples have L001 and L002 too: are the others still to be copied?"
    assert notes == [("P003", why)]
    assert not decisions.open
    assert units(write(tmp_path / "b", names[4:]))[2] == []
    assert units(write(tmp_path / "c", names[:8]))[2] == []


@pytest.mark.parametrize(
    "names",
    [
        ["对照1_S1_L001_R1_001.fastq.gz", "对照1_S1_L001_R2_001.fastq.gz", "治疗1_S2_L001_R1_001.fastq.gz"],
        ["P 1_L001_R1.fastq.gz", "P+1_L002_R1.fastq.gz"],
        ["P 1.bam", "P+1.bam"],
    ],
)
def test_two_names_that_would_be_one_sample_are_refused(names: Sequence[str], tmp_path: Path):
    """An id holds no other letters than Latin ones: what is left of two names may be one."""
    names = [*names, *(name.replace("_R1", "_R2") for name in names if "R1" in name)]
    with pytest.raises(InputError, match=r"becomes sample P?-?1, as .* does|several alignments of sample P-1"):
        units(write(tmp_path, names))


@pytest.mark.parametrize("name", ["患者_R1.fastq.gz", "患者.bam", "患者"])
def test_a_name_of_which_no_id_can_be_made_is_refused(name: str, tmp_path: Path):
    with pytest.raises(InputError, match=f"{name}: no id of a sample can be made of its name.* Name it with"):
        units(write(tmp_path, [name if "." in name else f"{name}/quant.sf"]))


def test_a_name_with_a_sign_that_no_id_holds_is_a_sample(tmp_path: Path):
    found, _, _ = units(write(tmp_path, ["P 1_L001_R1.fastq.gz", "P 1_L002_R1.fastq.gz", "患者P2_R1.fastq.gz"]))
    assert {sample: len(rows) for sample, rows in found.items()} == {"P-1": 2, "P2": 1}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("abundance.tsv", "target_id\tlength\teff_length\test_counts\ttpm"),
        ("P001.genes.results", "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM"),
        ("P001ReadsPerGene.out.tab", "N_unmapped\t1\t1\t1"),
    ],
)
def test_tables_of_one_sample_are_told(name: str, header: str, tmp_path: Path):
    (tmp_path / name).write_text(header + "\nENSG00000139352.4" + "\t1" * header.count("\t") + "\n")
    with pytest.raises(
        InputError, match=f"no reads and no expression found.*{name}: left out: .*(?:one sample|a name for)"
    ):
        units(tmp_path)
