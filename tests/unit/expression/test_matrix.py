"""Expression matrices: units, duplicates, missing values, TPM by hand."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.assemble import assemble_matrix
from anpi.expression.declared_units import unit_problems
from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression, is_plain, read_expression, read_sample_names, to_tpm
from anpi.problems import InputError

GENES = pd.DataFrame(
    [
        ("ENSG00000000001", "AAA", "protein_coding", 1000.0),
        ("ENSG00000000002", "BBB", "protein_coding", 2000.0),
        ("ENSG00000000003", "CCC", "lncRNA", 500.0),
        ("ENSG00000000004", "DDD", "lncRNA", np.nan),
    ],
    columns=["gene_id", "symbol", "biotype", "length"],
)


def write(folder: Path, text: str, name: str = "matrix.tsv") -> Path:
    path = folder / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["matrix.tsv", "matrix.csv", "matrix.tsv.gz", "matrix.txt", "matrix.csv.gz"])
def test_tabs_and_commas_packed_and_not(tmp_path, name):
    text = "gene\tS1\t007\nAAA\t1\t2\nENSG00000000002.9\t30\t4.5\n"
    path = write(tmp_path, text if "csv" not in name else text.replace("\t", ","), name)
    found = read_expression(path, "counts", GENES)
    assert found.values.to_numpy().tolist() == [[1, 2], [30, 4.5]]
    assert found.values.columns.tolist() == read_sample_names(path) == ["S1", "007"]
    assert found.values.index.tolist() == ["ENSG00000000001", "ENSG00000000002"]


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("AAA\t1\t2.5e-3\nBBB\t30\t-4\n", True),
        ("AAA\t1\t2", True),
        ("AAA\t1\t2\nAAA\t3\t4\n", False),
        ("AAA\t1\n", False),
        ("AAA\t1\t2\t3\n", False),
        ("AAA\t1\tnan\n", False),
        ("AAA\t1\tNA\n", False),
        ("\u0391AA\t1\t2\n", False),
        ("AAA\t1\t2\n\n", False),
        ("AAA\t1\t2\r\n", False),
        ('"AAA"\t1\t2\n', False),
        (" AAA\t1\t2\n", False),
    ],
)
def test_only_rows_of_plain_names_and_numbers_are_not_looked_at_cell_by_cell(tmp_path, body, plain):
    for name in ("m.tsv", "m.tsv.gz"):
        assert is_plain(write(tmp_path, "gene\tS1\t007\n" + body, name)) is plain


def test_a_matrix_cut_short_or_with_quoted_columns_is_not_plain(tmp_path):
    path = write(tmp_path, "gene\tS1\n" + "".join(f"G{i}\t{i}\n" for i in range(5000)), "m.tsv.gz")
    path.write_bytes(path.read_bytes()[:-100])
    assert not is_plain(path)
    assert not is_plain(write(tmp_path, 'gene\t"S\t1"\nAAA\t1\t2\n'))


def test_columns_that_describe_genes_are_no_samples(tmp_path):
    text = "gene_id\tsymbol\tbiotype\tlength\tS1\nENSG00000000001\tAAA\tprotein_coding\t1000\t5\n"
    path = write(tmp_path, text)
    assert read_expression(path, "counts", GENES).values.columns.tolist() == read_sample_names(path) == ["S1"]


def test_logarithms_are_taken_back(tmp_path):
    text = "gene\tS1\nAAA\t3\nBBB\t0\nCCC\t-0.0001\n"
    values = read_expression(write(tmp_path, text), "log2_tpm_plus_1", GENES).values["S1"]
    assert values.tolist() == [7, 0, 0]
    text = "gene\tS1\nAAA\t3\nBBB\t-9.965784284662087\n"
    values = read_expression(write(tmp_path, text), "log2_tpm_plus_0.001", GENES).values["S1"]
    assert values.tolist() == pytest.approx([7.999, 0], abs=1e-12)


def test_a_gene_that_stands_twice_is_summed_in_the_linear_unit(tmp_path):
    """log2(3 + 1) and log2(7 + 1) make 10, and not 2 + 3 in logarithms; two missing values stay missing."""
    text = "gene\tS1\tS2\nAAA\t2\tNA\nBBB\t1\t1\nENSG00000000001\t3\tNA\n"
    found = read_expression(write(tmp_path, text), "log2_tpm_plus_1", GENES)
    assert found.values.loc["ENSG00000000001", "S1"] == 10
    assert np.isnan(found.values.loc["ENSG00000000001", "S2"])
    assert found.genes["gene_id"].tolist() == found.values.index.tolist()
    assert any("stand more than once, summed" in note for note in found.notes)


def test_counts_to_tpm_by_hand():
    """AAA 10 reads on 1 kb, BBB 40 on 2 kb, CCC 10 on 0.5 kb: rates 10, 20, 20 of 50."""
    values = pd.DataFrame({"S1": [10.0, 40, 10, 99], "S2": [0.0, 0, 0, 5], "S3": [10, np.nan, 10, 1]})
    values.index = pd.Index(GENES["gene_id"])
    found = to_tpm(Expression(values, GENES, "counts"))
    assert found.values["S1"].tolist() == pytest.approx([200_000, 400_000, 400_000])
    assert found.values["S2"].tolist() == [0, 0, 0]
    assert found.values["S3"].tolist()[0] == pytest.approx(1e6 / 3)
    assert np.isnan(found.values["S3"].tolist()[1])
    assert found.genes["symbol"].tolist() == ["AAA", "BBB", "CCC"]
    assert any("1 genes of unknown length" in note for note in found.notes)


def test_tpm_of_a_sample_do_not_hang_on_other_samples():
    rng = np.random.default_rng(2)
    values = pd.DataFrame(rng.poisson(50, (3, 6)).astype(float), index=GENES["gene_id"][:3], columns=list("abcdef"))
    together = to_tpm(Expression(values, GENES[:3], "counts")).values
    for sample in values:
        alone = to_tpm(Expression(values[[sample]], GENES[:3], "counts")).values
        assert alone[sample].tolist() == together[sample].tolist()


def test_tpm_are_scaled_to_one_million():
    values = pd.DataFrame({"S1": [1.0, 3, 0, 0]}, index=GENES["gene_id"])
    assert to_tpm(Expression(values, GENES, "tpm")).values["S1"].tolist() == [250_000, 750_000, 0, 0]


def test_vst_cannot_be_taken_back():
    with pytest.raises(InputError, match="vst values cannot be converted"):
        to_tpm(Expression(pd.DataFrame({"S1": [1.0] * 4}, index=GENES["gene_id"]), GENES, "vst"))


def test_values_by_symbol_sum_what_shares_one():
    genes = GENES.assign(symbol=["X", "X", "C", "C"])
    values = pd.DataFrame({"S1": [1.0, 2, 4, np.nan], "S2": [1, 1, np.nan, np.nan]}, index=GENES["gene_id"])
    found = Expression(values, genes, "tpm").by_symbol()
    assert found["S1"].to_dict() == {"X": 3, "C": 4}
    assert found.loc["X", "S2"] == 2
    assert np.isnan(found.loc["C", "S2"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("S1\tS2\nAAA\t1\t2\n", r"row 2: found '3 cells', expected 2 as in the header.*column of genes a name"),
        ("gene\tS1\tS2\nAAA\t1\t2\t9\nBBB\t3\t4\n", "row 2: found '4 cells', expected 3"),
        ("gene\tS1\tS2\nAAA\t1\t2\nBBB\t3\t4\t5\n", "row 3: found '4 cells', expected 3 as in the header"),
        ("gene\tS1\tS2\nAAA\t1\t2\nBBB\t3\n", "row 3: found '2 cells', expected 3 as in the header"),
        ("gene\tS1\tS1\nAAA\t1\t2\n", "row 1, column S1: the sample stands twice"),
        ("gene\nAAA\n", "no sample columns found"),
        ("gene\tS1\t\nAAA\t1\t2\n", "row 1: a column has no name"),
        ("", "no sample columns found"),
        ("gene\tS1\nAAA\tNA\n", "holds no number"),
        ("gene\tS1\n", "holds no number"),
        ("gene\tS1\nAAA\tn/a\n", "row 2, column S1: found 'n/a', expected a number"),
        ("gene\tS1\nxxx\t5\n", "no gene name is known, found 'xxx'"),
    ],
)
def test_what_is_no_matrix_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_expression(write(tmp_path, text), "counts", GENES)


@pytest.mark.parametrize(("unit", "count"), [("tpm", 0.0), ("counts", 0.0), ("counts", 3.0)])
def test_a_cohort_without_reads_or_with_hardly_any_holds_no_logarithms(unit, count):
    """Every sample failed, or was hardly sequenced: what anpi wrote of it must be read again by its later steps."""
    values = pd.DataFrame({"S1": np.zeros(1000), "S2": np.zeros(1000)})
    values.loc[:3, "S2"] = [count, count, count / 2, count]
    assert unit_problems(values, unit, None, "cohort.tsv") == []


@pytest.mark.parametrize("unit", ["tpm", "counts"])
def test_logarithms_are_told_from_counts_and_tpm(unit):
    logs = pd.DataFrame({"S1": np.log2(np.arange(1000.0) + 1)})
    assert "these look like logarithms" in str(unit_problems(logs, unit, None, "cohort.tsv")[0])


@pytest.mark.parametrize(("made", "declared", "refused"), [(1, 0.001, True), (0.001, 0.001, False), (1, 1, False)])
def test_another_constant_in_the_logarithm_is_told_by_genes_without_expression(made, declared, refused):
    """log2(TPM + 1) read as log2(TPM + 0.001) would give every silent gene 0.999 TPM."""
    tpm = np.random.default_rng(2).gamma(0.3, 30.0, (1000, 3))
    tpm[:100] = 0
    logs = pd.DataFrame(np.log2(tpm + made), columns=["S1", "S2", "S3"])
    told = [str(problem) for problem in unit_problems(logs, f"log2_tpm_plus_{declared}", declared, "x.tsv")]
    assert len(told) == refused
    assert all("found 'the lowest value, 0, in 10% of the cells" in words for words in told)
    assert unit_problems(logs[100:] + 2, f"log2_tpm_plus_{declared}", declared, "x.tsv") == []


@pytest.mark.parametrize("genes", [1200, 6000])
@pytest.mark.parametrize("unit", ["tpm", "counts"])
def test_one_sample_in_logarithms_among_others_is_named(unit, genes):
    """Two deliveries were put side by side; a sample of hardly any reads, or of none, is not meant."""
    levels = np.random.default_rng(3).gamma(0.3, 500.0, genes).round()
    few = np.where(np.arange(genes) < 9, 2.0, 0.0) * (1 if unit == "counts" else 5e4)
    whole = {"S1": levels, "few": few, "none": np.zeros(genes), "chromosome": np.arange(genes) % 22 + 1.0}
    mixed = pd.DataFrame(whole | {"S2": np.log2(levels + 1)})
    told = [str(problem) for problem in unit_problems(mixed, unit, None, "x.tsv")]
    assert len(told) == 1
    assert told[0].startswith(f"x.tsv, S2: declared {unit}, found 'values up to")
    assert "these look like logarithms" in told[0]
    assert unit_problems(mixed.drop(columns="S2"), unit, None, "x.tsv") == []


def test_a_failed_sample_of_estimated_counts_holds_no_logarithms():
    """Its few fragments are shared among transcripts, so most counts are small fractions, and some genes have many."""
    rng = np.random.default_rng(5)
    failed = rng.gamma(0.3, 1.0, 1200).clip(max=25)
    both = pd.DataFrame({"S1": rng.gamma(0.3, 500.0, 1200), "failed": failed})
    assert unit_problems(both, "counts", None, "x.tsv") == []


@pytest.mark.parametrize("unit", ["tpm", "log2_tpm_plus_1"])
def test_one_sample_of_another_sum_is_named(unit):
    """TPM make a million in each sample; a panel has less, in all samples alike."""
    tpm = pd.DataFrame(np.random.default_rng(4).gamma(0.3, 30.0, (1500, 4)), columns=["S1", "S2", "S3", "S4"])
    tpm = tpm / tpm.sum() * 1e6
    offset = None if unit == "tpm" else 1.0
    written = tpm if offset is None else np.log2(tpm + 1)
    assert unit_problems(written, unit, offset, "x.tsv") == []
    assert unit_problems(written.assign(S3=0.0), unit, offset, "x.tsv") == []
    other = written.assign(S2=np.log2(written["S2"] + 1))
    (problem,) = unit_problems(other, unit, offset, "x.tsv")
    found = "values up to" if unit == "tpm" else "TPM that sum to"  # logarithms of TPM are told by their size already
    assert str(problem).startswith(f"x.tsv, S2: declared {unit}, found '{found}")


@pytest.mark.parametrize(("base", "noted"), [(2, False), (np.e, True), (10, True)])
def test_logarithms_of_another_base_give_tpm_far_below_a_million(tmp_path, base, noted):
    tpm = np.random.default_rng(4).gamma(0.3, 30.0, (1500, 3))
    tpm[:40] = 0
    tpm = tpm / tpm.sum(axis=0) * 1e6
    genes = read_gene_table()["gene_id"].drop_duplicates()[:1500]
    frame = pd.DataFrame(np.log(tpm + 1) / np.log(base), index=genes, columns=["S1", "S2", "S3"])
    frame.to_csv(tmp_path / "x.tsv", sep="\t")
    notes = read_expression(tmp_path / "x.tsv", "log2_tpm_plus_1").notes
    assert any("not to a million: of a part of the genes alone?" in note for note in notes) is noted


def test_a_matrix_becomes_a_cohort_of_the_samples_of_the_sheet(tmp_path):
    text = "gene\tS2\tS1\tother\nCCC\t10\t1\t1\nAAA\t10\t6\t1\nBBB\t40\t0\t1\n"
    cohort = assemble_matrix(write(tmp_path, text), "counts", ["S1", "S2"], GENES)
    assert cohort.counts.columns.tolist() == ["S1", "S2"]
    assert cohort.counts.index.is_monotonic_increasing
    assert cohort.tpm["S2"].tolist() == pytest.approx([200_000, 400_000, 400_000])
    facts = cohort.facts.set_index("sample_id")
    assert facts["genes_detected"].to_dict() == {"S1": 1, "S2": 3}
    assert facts["fragments_on_genes"].to_dict() == {"S1": 7, "S2": 60}
    assert facts.at["S2", "top_gene_share"] == 66.67
    assert any(
        "1 columns of the matrix are not in the sample sheet and left out: other" in note for note in cohort.notes
    )


def test_a_sample_of_missing_values_alone_has_no_gene_detected(tmp_path):
    cohort = assemble_matrix(write(tmp_path, "gene\tS1\tS2\nAAA\t5\tNA\nBBB\t5\t\n"), "counts", ["S1", "S2"], GENES)
    facts = cohort.facts.set_index("sample_id")
    assert facts.loc["S2", ["genes_detected", "top_gene_share", "fragments_on_genes"]].tolist() == [0, 0, 0]
    assert cohort.tpm["S2"].isna().all()


def test_variance_stabilised_values_tell_no_fact_of_quality(tmp_path):
    """Their lowest value stands for no read at all: every gene would be detected."""
    cohort = assemble_matrix(write(tmp_path, "gene\tS1\nAAA\t5.1\nBBB\t5.1\nCCC\t9\n"), "vst", ["S1"], GENES)
    assert (cohort.counts, cohort.tpm) == (None, None)
    assert cohort.facts.set_index("sample_id").loc["S1"].isna().all()
    assert {"genes_detected", "top_gene_share"} < set(cohort.facts)


def test_a_row_order_of_the_matrix_does_not_matter(tmp_path):
    lines = ["CCC\t10\t1", "AAA\t10\t6", "BBB\t40\t0"]
    first, second = (
        assemble_matrix(write(tmp_path, "\n".join(["gene\tS2\tS1", *rows]) + "\n"), "counts", ["S1", "S2"], GENES)
        for rows in (lines, lines[::-1])
    )
    pd.testing.assert_frame_equal(first.tpm, second.tpm, check_exact=True)
    pd.testing.assert_frame_equal(first.genes, second.genes)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("AAA\t1\nBBB\tnan\n", "row 3, column S1: found 'nan', expected a number.*NA for a missing"),
        ("AAA\t1\nBBB\t.nan\n", "row 3, column S1: found '.nan'"),
        ("AAA\tinf\nBBB\t2\n", "row 2, column S1: found 'inf'"),
        ("AAA\t-Infinity\nBBB\t2\n", "row 2, column S1: found '-Infinity'"),
        ("AAA\tTrue\nBBB\t2\n", "row 2, column S1: found 'True'"),
        ("AAA\t1\nB\0BB\t2\n", r"row 3: a character that cannot be seen, found '\\\\x00'"),
        ("AAA\t1\nBBB\u200b\t2\n", "row 3: a character that cannot be seen"),
        ("AAA\t1\n\u0412BB\t2\n", "row 3: found .*expected a gene name in Latin letters"),
        ("AAA\t1\nBBB\t2\nAAA\t1\n", "row 4: found 'AAA', expected each row once; it stands in row 2 already"),
        ("ENSG00000000001\t1\nENSG00000000001\t2\nBBB\t1\n", "row 3: .*expected each row once"),
        ("AAA\t1e300\nBBB\t2\n", "S1: declared counts, found 'a sum of 1e.300', expected at most 2e.09"),
    ],
)
def test_a_cell_that_pandas_would_pass_over_is_refused(tmp_path, rows, words):
    with pytest.raises(InputError, match=words):
        read_expression(write(tmp_path, "gene\tS1\n" + rows), "counts", GENES)


def test_rows_of_one_symbol_with_other_values_or_without_any_are_no_copies(tmp_path):
    found = read_expression(write(tmp_path, "gene\tS1\nAAA\t1\nAAA\t2\nBBB\t0\nBBB\t0.0\nBBB\t0\n"), "counts", GENES)
    assert found.values["S1"].tolist() == [3, 0]


ARRAY = np.random.default_rng(4).normal(7, 2, (12_000, 3)).clip(2.3, 14)


@pytest.mark.parametrize("offset", [1, 0.001])
def test_values_of_an_array_are_no_logarithms_of_tpm(offset):
    """Robust multi-array averages reach from about 2 to 14; no gene of them is silent."""
    unit = f"log2_tpm_plus_{offset}"
    (told,) = unit_problems(pd.DataFrame(ARRAY), unit, offset, "x.tsv")
    assert "found 'values from 2.3 to 1" in str(told)
    assert "these look like values of an array" in str(told)
    shifted = pd.DataFrame(np.vstack([ARRAY + 1, np.full((20, 3), np.log2(offset))]))
    (told,) = unit_problems(shifted, unit, offset, "x.tsv")
    assert "TPM that sum to" in str(told)


def test_tpm_far_above_a_million_are_none():
    tpm = np.random.default_rng(2).gamma(0.3, 30.0, (1000, 2))
    near, far = (pd.DataFrame(tpm * million * 1e6 / tpm.sum(axis=0)) for million in (1.9, 2.1))
    assert unit_problems(near, "tpm", None, "x.tsv") == []
    assert "TPM that sum to 2.1e+06" in str(unit_problems(far, "tpm", None, "x.tsv")[0])


def test_counts_are_no_variance_stabilised_values():
    assert "none above 40" in str(unit_problems(pd.DataFrame({"S1": [1.0, 800.0]}), "vst", None, "x.tsv")[0])


def whole_cohort(samples: int = 4) -> pd.DataFrame:
    """Return counts of 900 genes, whole numbers."""
    genes = read_gene_table().drop_duplicates("gene_id")["gene_id"].iloc[:900]
    counts = np.random.default_rng(4).poisson(60, (900, samples))
    return pd.DataFrame(counts, index=pd.Index(genes, name="gene"), columns=[f"S{n}" for n in range(samples)])


def notes_of(folder: Path, frame: pd.DataFrame, samples: Sequence[str] = ("S0", "S1", "S2", "S3")) -> str:
    frame.to_csv(folder / "m.tsv", sep="\t")
    return " ".join(assemble_matrix(folder / "m.tsv", "counts", samples).notes)


def test_samples_that_were_counted_by_two_programs_are_noted(tmp_path):
    counts = whole_cohort()
    assert "two programs" not in notes_of(tmp_path, counts)
    assert "two programs" not in notes_of(tmp_path, counts + 0.25)
    mixed = counts.assign(S2=counts["S2"] + 0.25)
    words = r"counts of 1 sample are fractions \(S2\), of 3 others whole numbers: counted by two programs"
    assert re.search(words, notes_of(tmp_path, mixed))
    assert "two programs" not in notes_of(tmp_path, mixed, ["S0", "S1", "S3"])
    mixed.iloc[9:, 2] = 0
    assert "two programs" not in notes_of(tmp_path, mixed)


def test_samples_that_lack_values_of_genes_are_noted(tmp_path):
    """As where tables of two references were joined; what no sample has is no matter of one of them."""
    counts = whole_cohort().astype(float)
    counts.iloc[:5] = np.nan
    assert "missing" not in notes_of(tmp_path, counts)
    counts.iloc[:40, 1] = np.nan
    assert "that other samples have are missing in 1 sample: S1 of 35" in notes_of(tmp_path, counts)


def test_samples_with_zeros_where_others_express_are_noted(tmp_path):
    """As where tables of two references were joined and filled with zeros; not of a thin sample or a lost gene."""
    counts = whole_cohort()
    assert "other samples have the value 0" not in notes_of(tmp_path, counts)
    filled = counts.assign(S1=counts["S1"].where(np.arange(900) >= 60, 0))
    words = r"well expressed in other samples have the value 0 in 1 sample \(S1 of 60, such as ENSG"
    assert re.search(words, notes_of(tmp_path, filled))
    few = counts.assign(S1=counts["S1"].where(np.arange(900) >= 20, 0))
    assert "the value 0" not in notes_of(tmp_path, few)
    thin = counts.assign(S1=np.random.default_rng(5).poisson(0.6, 900), S2=0)
    assert "the value 0" not in notes_of(tmp_path, thin)
