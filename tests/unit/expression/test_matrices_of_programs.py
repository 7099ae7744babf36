"""Matrices as programs write them: what they put beside and above the samples, and tables of one sample."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from anpi.delivery.reads import matrix_samples
from anpi.expression.matrix import read_expression, read_sample_names
from anpi.problems import InputError

GENES = ["ENSG00000139352.4", "ENSG00000162992.4", "ENSG00000137709.10", "ENSG00000157168.19", "ENSG00000141510.18"]
GENES += ["ENSG00000012048.23"]
SYMBOLS = ["ASCL1", "NEUROD1", "POU2F3", "NRG1", "TP53", "BRCA1"]
ONE, TWO = [5, 17, 0, 130, 2000, 41], [8, 0, 3, 99, 1200, 77]
REMARK = '# Program:featureCounts v2.0.3; Command:"featureCounts" "-a" "genes.gtf" "-o" "counts.txt" "S1.bam" "S2.bam"'
FEATURES = "Geneid\tChr\tStart\tEnd\tStrand\tLength\t/data/star_salmon/S1.markdup.sorted.bam\t/data/star_salmon/S2.bam"


def rows(*beside: list[str], names: list[str] = GENES) -> list[str]:
    """Return rows of the genes, with other columns before those of the two samples."""
    columns = [names, *beside, *([str(value) for value in values] for values in (ONE, TWO))]
    return ["\t".join(cells) for cells in zip(*columns, strict=True)]


PLACES = [["chr1;chr1"] * 6, ["100;200"] * 6, ["150;250"] * 6, ["+;+"] * 6, ["1102"] * 6]
LAYOUTS = {
    "featureCounts": [REMARK, FEATURES, *rows(*PLACES)],
    "featureCounts without its remark": [FEATURES, *rows(*PLACES)],
    "nf-core": ["gene_id\tgene_name\tS1\tS2", *rows(SYMBOLS)],
    "cBioPortal": ["Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2", *rows(list("123456"), names=SYMBOLS)],
    "GCT": ["#1.2", "6\t2", "Name\tDescription\tS1\tS2", *rows(SYMBOLS)],
    "GDC's columns": ["# gene-model: GENCODE v36", "gene_id\tgene_name\tgene_type\tS1\tS2", *rows(SYMBOLS, ["x"] * 6)],
    "a header that begins with #": ["#gene\tS1\tS2", *rows()],
    "a remark above a header that begins with #": ["# made by us", "#gene\tS1\tS2", *rows()],
}


def write(folder: Path, lines: list[str], name: str = "counts.txt") -> Path:
    (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layouts_of_programs_are_read(layout: str, tmp_path: Path):
    path = write(tmp_path, LAYOUTS[layout])
    assert read_sample_names(path) == ["S1", "S2"]
    assert matrix_samples(path) == ["S1", "S2"]
    found = read_expression(path, "counts")
    assert list(found.genes["symbol"]) == SYMBOLS
    assert found.values["S1"].tolist() == ONE
    assert found.values["S2"].tolist() == TWO


@pytest.mark.parametrize("name", ["x.gct", "x.tab", "x.gct.gz", "x.tsv"])
def test_a_gct_goes_by_its_own_name(name: str, tmp_path: Path):
    content = "\n".join([*LAYOUTS["GCT"], ""]).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert read_expression(tmp_path / name, "counts").values["S2"].tolist() == TWO


@pytest.mark.parametrize(("layout", "header"), [("featureCounts", 2), ("GCT", 3), ("nf-core", 1)])
def test_faults_below_remarks_name_the_row_of_the_file(layout: str, header: int, tmp_path: Path):
    lines = list(LAYOUTS[layout])
    lines[header + 1] = lines[header + 1].removesuffix("\t0") + "\tmany"
    with pytest.raises(InputError, match=f"row {header + 2}, column S2: found 'many'"):
        read_expression(write(tmp_path, lines), "counts")
    lines[header + 1] += "\t7"
    with pytest.raises(InputError, match=f"row {header + 2}: found"):
        read_expression(write(tmp_path, lines), "counts")
    lines[header - 1] = lines[header - 1].replace("S2", "S1").replace("star_salmon/S1.bam", "S1.bam")
    twice = write(tmp_path, [line.replace("/data/star_salmon/S1.markdup.sorted.bam", "/data/S1.bam") for line in lines])
    with pytest.raises(InputError, match=f"row {header}, column .*: the sample stands twice"):
        read_sample_names(twice)


def test_alignments_of_one_name_in_folders_of_samples_keep_their_paths(tmp_path: Path):
    header = "Geneid\tS1/Aligned.sortedByCoord.out.bam\tS2/Aligned.sortedByCoord.out.bam"
    path = write(tmp_path, [header, *rows()])
    assert read_sample_names(path) == header.split("\t")[1:]


@pytest.mark.parametrize(
    "lines",
    [
        ["ENSG00000139352.4\t5", "ENSG00000162992.4\t17", "__no_feature\t200"],
        ["N_unmapped\t10\t10\t10", "N_multimapping\t7\t7\t7", "ENSG00000139352.4\t5\t0\t5"],
        ["ASCL1\t5\t7.5", "NEUROD1\t17\t3"],
    ],
    ids=["htseq-count", "STAR", "symbols"],
)
def test_a_first_row_of_a_gene_is_no_header(lines: list[str], tmp_path: Path):
    """It would be lost, and its numbers name the samples."""
    path = write(
        tmp_path, [*lines, *(f"ENSG0000000000{n}\t{n}" + lines[0].count("\t") // 2 * f"\t{n}" for n in range(9))]
    )
    with pytest.raises(InputError, match="row 1: no header"):
        read_expression(path, "counts")
    assert matrix_samples(path) == []


@pytest.mark.parametrize("header", ["gene\t1\t2", "\t101\t102", "Geneid\t001\t002"])
def test_samples_that_are_called_by_numbers_are_samples(header: str, tmp_path: Path):
    path = write(tmp_path, [header, *rows()])
    assert read_expression(path, "counts").values.iloc[:, 1].tolist() == TWO


@pytest.mark.parametrize(
    "header",
    [
        "target_id\tlength\teff_length\test_counts\ttpm",
        "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM",
        "Gene ID\tGene Name\tReference\tStrand\tStart\tEnd\tCoverage\tFPKM\tTPM",
        "Name\tLength\tEffectiveLength\tTPM\tNumReads",
        "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded",
    ],
    ids=["kallisto", "RSEM", "StringTie", "salmon", "GDC"],
)
def test_the_table_of_one_sample_is_no_matrix(header: str, tmp_path: Path):
    """Its measures would each be a sample."""
    body = [f"{gene}\t" + "\t".join(["1"] * header.count("\t")) for gene in GENES]
    path = write(tmp_path, [header, *body])
    with pytest.raises(InputError, match=r"row 1: found 'columns .*this is the table of one sample.* Make one matrix"):
        read_expression(path, "counts")
    assert matrix_samples(path) == []


def test_sums_of_coverage_are_no_counts(tmp_path: Path):
    """recount3 sums bases: of pairs of 2 x 75 a count is 150 of them."""
    remarks = ["##annotation=G026", "##date.generated=2020-08-20"]
    path = write(tmp_path, [*remarks, "gene_id\tS1\tS2", *rows()])
    with pytest.raises(InputError, match=r"row 1: sums of the coverage of bases.* Divide them by the length"):
        read_expression(path, "counts")
    assert read_expression(write(tmp_path, [remarks[1], "gene_id\tS1\tS2", *rows()]), "counts").values.shape == (6, 2)
