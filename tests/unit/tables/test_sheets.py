"""The sample sheets: kinds of units, salmon results, what two rows of a sample may hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from anpi.files.stored import quant_file
from anpi.problems import InputError
from anpi.tables.sheets import other_owner_notes, read_samples, read_units, unit_notes, used_samples


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a_1.fq", "a_2.fq", "b_1.fq", "b_2.fq", "c.fq.gz"):
        (tmp_path / name).write_text("@r\nA\n+\nI\n")
    for name in ("salmon", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "quant.sf.gz").touch()
    return tmp_path


def sheet(folder: Path, *rows: str) -> tuple[Path, pd.DataFrame]:
    header = "sample_id\tunit_id\tfastq_1\tfastq_2\tbam\tquant\tstrandedness\n"
    path = folder / "units.tsv"
    path.write_text(header + "".join("\t".join(row.split()) + "\n" for row in rows))
    samples = pd.DataFrame({"sample_id": list(dict.fromkeys(row.split()[0] for row in rows)), "use": None})
    return path, samples


def test_a_sample_called_as_a_column_of_genes_is_refused(folder):
    """It would be passed over as such a column wherever the matrices are read."""
    path = folder / "samples.tsv"
    rows = [f"{name}\tP1\tbaseline" for name in ("S1", "length", "lengths", "symbol")]
    path.write_text("\n".join(["sample_id\tpatient_id\ttimepoint", *rows]) + "\n")
    with pytest.raises(InputError) as error:
        read_samples(path)
    assert "2 problems" in str(error.value)
    assert "row 3, column sample_id: found 'length', expected another id" in str(error.value)
    assert "row 5, column sample_id: found 'symbol'" in str(error.value)


def test_each_kind_of_unit_is_told(folder):
    path, samples = sheet(
        folder,
        "S1 L1 a_1.fq a_2.fq NA NA reverse",
        "S1 L2 b_1.fq b_2.fq NA NA auto",
        "S2 L1 c.fq.gz NA NA NA NA",
        "S3 q NA NA NA salmon NA",
        "S4 q NA NA NA other/quant.sf.gz NA",
    )
    units = read_units(path, samples)
    assert units["kind"].tolist() == ["paired", "paired", "single", "quant", "quant"]
    assert quant_file("salmon") == Path("salmon/quant.sf.gz")
    assert quant_file("other/quant.sf.gz") == Path("other/quant.sf.gz")


def test_objects_of_s3_are_not_looked_for_on_disk(folder):
    path, samples = sheet(
        folder,
        "S1 L1 s3://bucket/reads/a_1.fq.gz s3://bucket/reads/a_2.fq.gz NA NA NA",
        "S2 L1 NA NA s3://bucket/b.bam NA NA",
        "S3 q NA NA NA s3://bucket/salmon/quant.sf.gz NA",
    )
    units = read_units(path, samples)
    assert units["kind"].tolist() == ["paired", "bam", "quant"]
    assert units["fastq_2"].tolist() == ["s3://bucket/reads/a_2.fq.gz", None, None]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["S1 L1 a_1.fq NA NA NA NA", "S1 L1 b_1.fq NA NA NA NA"], "row 3, column sample_id . unit_id: found 'S1, L1'"),
        (["S1 L1 a_1.fq a_1.fq NA NA NA"], "column fastq_2: found 'a_1.fq', expected each file once"),
        (["S1 L1 a_1.fq a_2.fq NA NA NA", "S2 L1 a_2.fq NA NA NA NA"], "row 3, column fastq_1: .*stands in row 2"),
        (["S1 q NA NA NA salmon NA", "S1 r NA NA NA other NA"], "found '2 salmon results', expected one salmon result"),
        (["S1 q NA NA NA salmon NA", "S1 L1 a_1.fq NA NA NA NA"], "sample S1 mixes units, found 'quant and single'"),
        (["S1 q NA a_2.fq NA salmon NA"], "column fastq_2: fastq_2 beside quant"),
        (["S1 q NA NA NA salmon/quant.sf NA"], "the file does not exist.*Is it salmon/quant.sf.gz"),
        (["S1 L1 gs://bucket/a.fq NA NA NA NA"], "column fastq_1: found 'gs://bucket/a.fq', expected s3://bucket/key"),
        (["S1 L1 s3://bucket NA NA NA NA"], "found 's3://bucket', expected s3://bucket/key"),
        (["S1 L1 s3://bucket/../../a.fq NA NA NA NA"], "found 's3://bucket/../../a.fq', expected s3://bucket/key"),
        (["S1 L1 s3://bucket/folder/ NA NA NA NA"], "found 's3://bucket/folder/', expected s3://bucket/key"),
        (["S1 q NA NA NA s3://bucket/salmon NA"], "column quant: found 's3://bucket/salmon', expected .*/quant.sf"),
        (["S1 L1 s3://b/a.fq s3://b/a.fq NA NA NA"], "column fastq_2: found 's3://b/a.fq', expected each file once"),
        (["S1 L1 NA NA NA NA NA"], "row 2: found 'none', expected exactly one of fastq_1, bam, quant"),
    ],
)
def test_units_that_cannot_be(folder, rows, words):
    with pytest.raises(InputError, match=words):
        read_units(*sheet(folder, *rows))


def test_units_of_a_sample_all_have_molecular_identifiers_or_none(folder):
    path, samples = sheet(folder, "S1 L1 a_1.fq NA NA NA NA", "S1 L2 b_1.fq NA NA NA NA")
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{header}\tumi", f"{rows[0]}\tread1:4", f"{rows[1]}\tNA"]) + "\n")
    with pytest.raises(InputError, match="row 3, column umi: sample S1, found 'molecular identifiers and nothing'"):
        read_units(path, samples)


def test_a_link_to_a_file_is_the_same_file(folder):
    (folder / "link.fq").symlink_to(folder / "a_1.fq")
    with pytest.raises(InputError, match=r"row 3, column fastq_1: found 'link\.fq', expected each file once"):
        read_units(*sheet(folder, "S1 L1 a_1.fq NA NA NA NA", "S2 L1 link.fq NA NA NA NA"))


def test_samples_in_use_are_sorted_and_those_not_in_use_left_out(folder):
    path = folder / "samples.tsv"
    rows = ("S2\tP1\tbaseline\tNA", "S10\tP1\tprogression\tyes", "S1\tP2\tbaseline\tno")
    path.write_text("sample_id\tpatient_id\ttimepoint\tuse\n" + "\n".join(rows) + "\n")
    samples = read_samples(path, pd.Index(["P1", "P2", "P3"]))
    assert samples["sample_id"].tolist() == ["S2", "S10", "S1"]
    assert used_samples(samples) == ["S10", "S2"]


SHEET = pd.DataFrame(
    [("P001-B", "P001"), ("P001-P", "P001"), ("P002-B", "P002"), ("X7", "P003"), ("1-2", "1")],
    columns=["sample_id", "patient_id"],
    index=range(5),
)
SHEET.attrs["file"] = "samples.tsv"


@pytest.mark.parametrize(
    ("sample", "patient", "told"),
    [
        ("P001-B", "P002", "sample P001-B is of patient P002, and its name holds P001; is it exchanged?"),
        ("P001-B", "P001", None),
        ("P001_vs_P002", "P002", None),
        ("P0010-B", "P002", None),
        ("X7", "P002", None),
        ("1-2", "2", None),
    ],
)
def test_a_sample_that_is_called_by_another_patient_is_asked_about(sample, patient, told):
    """Ids stand in names set off by signs; those of one or two characters may stand there by chance."""
    samples = pd.DataFrame({"sample_id": ["S0", sample], "patient_id": ["P003", patient]})
    samples.attrs["file"] = "samples.tsv"
    found = other_owner_notes(samples, ["P001", "P002", "P003", "P00", "1", "2"])
    assert found == ([f"samples.tsv, row 3: {told}"] if told else [])


@pytest.mark.parametrize(
    ("sample", "file", "holds"),
    [
        ("P001-B", "fastq/P001-B_S1_L001_R1_001.fastq.gz", None),
        ("P001-B", "fastq/P002-B_S1_L001_R1_001.fastq.gz", "P002-B"),
        ("P001-B", "fastq/P001-P_R1.fastq.gz", "P001-P"),
        ("P001-B", "P001-B/P002-B.fastq.gz", None),
        ("P001-B", "P002-B/reads_R1.fastq.gz", None),
        ("P001-B", "fastq/P001_R1.fastq.gz", None),
        ("P001-B", "fastq/P002.fastq.gz", "P002"),
        ("P001-B", "fastq/P0020_R1.fastq.gz", None),
        ("X7", "P003/tumour.fq", None),
        ("X7", "X7-after-P002-B.fq", None),
        ("1-2", "fastq/1-2.fastq", None),
    ],
)
def test_a_file_that_is_called_by_another_sample_is_asked_about(sample, file, holds):
    units = pd.DataFrame([{"sample_id": sample, "fastq_1": file, "fastq_2": None, "bam": None, "quant": None}])
    units.attrs["file"] = "units.tsv"
    words = f"{file.rsplit('/', 1)[-1]} is given for sample {sample}, and its name holds {holds}; is it exchanged?"
    assert unit_notes(units, SHEET) == ([f"units.tsv, row 2, column fastq_1: {words}"] if holds else [])


def test_a_salmon_result_is_called_by_its_folder():
    rows = [("P001-B", "salmon/P001-B"), ("P002-B", "salmon/P001-P/quant.sf"), ("X7", "s3://bucket/P002-B/quant.sf")]
    units = pd.DataFrame([{"sample_id": s, "fastq_1": None, "fastq_2": None, "bam": None, "quant": q} for s, q in rows])
    units.attrs["file"] = "units.tsv"
    assert [note.split(" is given")[0] for note in unit_notes(units, SHEET)] == [
        "units.tsv, row 3, column quant: P001-P/quant.sf",
        "units.tsv, row 4, column quant: P002-B/quant.sf",
    ]
