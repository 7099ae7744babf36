"""A unit that the values contradict is told, and one that they may have is taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.declared_units import unit_problems
from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import as_expression, read_expression
from anpi.expression.reference_levels import read_reference
from anpi.problems import InputError


def coding_genes(count: int) -> pd.Index:
    table = read_gene_table()
    return pd.Index(table.loc[table["biotype"].eq("protein_coding"), "gene_id"].drop_duplicates()[:count])


def profiles(genes: int, samples: int = 3, seed: int = 7) -> pd.DataFrame:
    """Return TPM as tumours have them: log-normal, a fifth of the genes silent."""
    rng = np.random.default_rng(seed)
    tpm = rng.lognormal(1.5, 2.2, (genes, samples)) * (rng.random((genes, samples)) > 0.2)
    frame = pd.DataFrame(tpm, coding_genes(genes), [f"S{i}" for i in range(1, samples + 1)])
    return frame / frame.sum() * 1e6


def estimated_counts(genes: int, fragments: float, shared: float = 0.1) -> pd.DataFrame:
    """Return counts as salmon and RSEM estimate them: fragments that fit two genes are parted between the two."""
    tpm, rng = profiles(genes), np.random.default_rng(3)
    counts = rng.poisson(tpm / tpm.sum() * fragments * (1 - shared)).astype(float)
    parted = rng.poisson(tpm / tpm.sum() * fragments * shared) * rng.random(tpm.shape)
    return pd.DataFrame(counts + np.where(counts > 0, parted, 0.0), tpm.index, tpm.columns).round(3)


def told(values: pd.DataFrame, unit: str, offset: float | None = None) -> str:
    return " ".join(map(str, unit_problems(values, unit, offset, "x.tsv")))


@pytest.mark.parametrize("unit", ["tpm", "counts"])
@pytest.mark.parametrize("genes", [30, 120, 490])
def test_logarithms_of_a_panel_are_no_tpm_and_no_counts(unit: str, genes: int):
    tpm = profiles(4000).head(genes)
    assert "these look like logarithms" in told(np.log2(tpm + 1), unit)
    assert told(tpm if unit == "tpm" else tpm.round(), unit) == ""


@pytest.mark.parametrize("unit", ["tpm", "counts"])
def test_a_panel_of_genes_that_are_hardly_expressed_holds_no_logarithms(unit: str):
    """Markers of T cells in a tumour that has none: few TPM each, and one gene with many times the others."""
    tpm = pd.DataFrame({"S1": np.random.default_rng(2).lognormal(-1, 1.5, 40).clip(max=20)}, coding_genes(40))
    tpm.iloc[3] = 24.0
    assert "logarithms" not in told(tpm, unit)
    assert "logarithms" not in told(tpm.assign(by_chance=np.linspace(1.1, 4.9, 40)), unit)


@pytest.mark.parametrize("unit", ["tpm", "counts"])
def test_of_a_few_genes_nothing_is_told_however_many_samples(unit: str):
    few = pd.DataFrame(np.random.default_rng(2).uniform(2, 9, (4, 60)), coding_genes(4), [f"S{i}" for i in range(60)])
    assert told(few, unit) == ""


def test_counts_of_a_thin_panel_are_no_logarithms_where_rounding_left_them_beside_whole_numbers():
    counts = np.random.default_rng(2).poisson(3.0, (60, 2)) + 1.0
    assert told(pd.DataFrame(counts - 1e-6, coding_genes(60), ["S1", "S2"]), "counts") == ""


@pytest.mark.parametrize(
    ("factor", "silent"),
    [(1.0, False), (1.0, True), (0.93, False), (0.45, False), (0.34, True)],
    ids=["TPM", "TPM beside a sample of zeros", "of a part of the genes", "FPKM", "FPKM beside a sample of zeros"],
)
def test_tpm_and_fpkm_are_no_counts(factor: float, silent: bool):
    """Taken for counts they would be divided by the length of the gene a second time."""
    values = profiles(15_000) * factor
    words = told(values.assign(Z=0.0) if silent else values, "counts")
    assert "these look like tpm" in words.lower()
    assert ("S1" in words) or factor == 1.0


@pytest.mark.parametrize("genes", [60, 300, 900])
def test_tpm_of_a_panel_are_no_counts_whatever_they_sum_to(genes: int):
    assert "these look like TPM or FPKM" in told(profiles(15_000).head(genes).round(3), "counts")
    for fragments in (3e5, 2e6, 3e7):
        assert told(estimated_counts(15_000, fragments).head(genes), "counts") == ""


def test_real_counts_of_a_panel_are_counts_and_their_tpm_are_none(external_data: Path):
    """Transcripts of smooth muscle, every fortieth of those that are expressed, as salmon estimated them."""
    folder = external_data / "data" / "quants" / "airway"
    for file in folder.glob("*/quant.sf.gz"):
        quant = pd.read_csv(file, sep="\t").query("NumReads > 0").iloc[::40].set_index("Name")
        assert told(quant[["NumReads"]], "counts") == ""
        assert "these look like" in told(quant[["TPM"]], "counts")


def test_one_sample_of_tpm_among_counts_is_named():
    mixed = estimated_counts(15_000, 5e6).assign(S2=profiles(15_000)["S2"] * 0.93)
    assert told(mixed, "counts").startswith("x.tsv, S2: declared counts, found 'a sum of 9.3e+05, ")


@pytest.mark.parametrize("fragments", [3e4, 4e5, 1e6, 2e7])
def test_estimated_counts_are_counts_at_any_depth(fragments: float):
    assert told(estimated_counts(15_000, fragments), "counts") == ""
    assert told(estimated_counts(15_000, fragments).assign(Z=0.0), "counts") == ""
    assert told(estimated_counts(15_000, fragments).round(), "counts") == ""


@pytest.mark.parametrize(("base", "refused"), [(2, False), (np.e, True), (10, True)])
def test_a_whole_transcriptome_in_logarithms_of_another_base_is_refused(tmp_path: Path, base: float, refused: bool):
    tpm = profiles(12_000).assign(Z=0.0)
    (np.log(tpm + 1) / np.log(base)).rename_axis("gene").to_csv(tmp_path / "x.tsv", sep="\t")
    if not refused:
        back = read_expression(tmp_path / "x.tsv", "log2_tpm_plus_1").values
        pd.testing.assert_frame_equal(back, tpm.rename_axis("gene_id"), rtol=1e-9)
        return
    with pytest.raises(InputError, match=r"12,000 coding genes that sum to .*expected about one million.*base 2"):
        read_expression(tmp_path / "x.tsv", "log2_tpm_plus_1")


def test_logarithms_of_a_part_of_the_genes_may_sum_to_anything():
    part = profiles(19_000).iloc[:6000]
    assert as_expression(np.log2(part * 0.5 + 1), "log2_tpm_plus_1").values.shape == (6000, 3)


def test_real_estimates_of_counts_are_counts_and_real_tpm_are_none(external_data: Path):
    folder = external_data / "data" / "quants" / "airway"
    quants = {file.parent.name: pd.read_csv(file, sep="\t") for file in folder.glob("*/quant.sf.gz")}
    counts, tpm = (
        pd.DataFrame({name: quant.set_index("Name")[column] for name, quant in quants.items()})
        for column in ("NumReads", "TPM")
    )
    assert told(counts, "counts") == ""
    assert told(tpm, "tpm") == ""
    assert "these look like" in told(tpm * 0.9, "counts")


@pytest.mark.parametrize("genes", [60, 8000])
def test_counts_with_points_between_thousands_are_told(genes: int):
    """As a spreadsheet in German shows them: 1234 becomes 1.234, and 999 stays."""
    counts = (profiles(8000, 12).head(genes) * 20).round().clip(upper=999_999)
    shown = counts.map(lambda count: float(f"{count:,.0f}".replace(",", ".")))
    assert "fractions such as" in told(shown, "counts")
    assert "signs of thousands. Write counts without signs" in told(shown, "counts")
    assert told(counts, "counts") == ""


@pytest.mark.parametrize("seed", range(20))
def test_estimated_counts_of_a_panel_below_a_thousand_have_no_such_points(seed: int):
    """Three decimals, none below 1: a third of the values are fractions, whatever their size."""
    rng = np.random.default_rng(seed)
    whole = np.floor(np.exp(rng.uniform(0, np.log(900), (40, 25)))) + 1
    parts = np.where(rng.random((40, 25)) < 0.3, rng.random((40, 25)), 0)
    assert told(pd.DataFrame((whole + parts).round(3), coding_genes(40)), "counts") == ""


def tumours(samples: int = 4, seed: int = 3) -> pd.DataFrame:
    """Return TPM around the medians of the reference tumours, a million a sample."""
    levels = read_reference()["median"]
    levels = levels[levels.index.isin(read_gene_table()["gene_id"])].rename_axis("gene_id")
    rng = np.random.default_rng(seed)
    tpm = levels.to_numpy()[:, None] * np.exp2(rng.normal(0, 1.5, (len(levels), samples)))
    frame = pd.DataFrame(tpm, levels.index, [f"S{i}" for i in range(1, samples + 1)])
    return frame / frame.sum() * 1e6


def by_length(tpm: pd.DataFrame) -> pd.DataFrame:
    """Return counts per million: what fragments make of TPM where longer genes have more of them."""
    lengths = read_gene_table().drop_duplicates("gene_id").set_index("gene_id")["length"].reindex(tpm.index)
    reads = tpm.mul(lengths, axis=0)
    return reads / reads.sum() * 1e6


@pytest.mark.parametrize("unit", ["tpm", "log2_tpm_plus_1"])
def test_counts_per_million_are_no_tpm(unit: str):
    """Long genes would stand too high: percentiles of signatures move by up to a third of the scale."""
    whole, cpm = tumours(), by_length(tumours())
    written = (lambda x: x) if unit == "tpm" else (lambda x: np.log2(x + 1))
    for values, sample in ((cpm, "S1"), (whole.assign(S3=cpm["S3"]), "S3")):
        with pytest.raises(InputError, match=rf"{sample}: declared {unit}.*these look like counts per million"):
            as_expression(written(values), unit)
    assert len(as_expression(written(whole), unit).values) == len(whole)
    assert len(as_expression(written(whole * 0.4), unit).values) == len(whole)  # FPKM, or TPM of a part
    few = cpm.head(4000)
    assert len(as_expression(written(few), unit).values) == len(few)


def test_tpm_that_fall_with_the_length_of_the_gene_are_taken():
    """Degraded libraries and those of 3' ends do: the latter have counts per million that stand for TPM."""
    short = tumours().div(by_length(tumours()) / tumours(), axis=0)
    assert len(as_expression(short / short.sum() * 1e6, "tpm").values) == len(short)


def test_real_tpm_do_not_rise_with_the_length_of_the_gene_as_reads_do(external_data: Path):
    """Melanoma, and blood and tumour of quanTIseq: accepted as they are, refused times the length."""
    melanoma = external_data / "data" / "expression" / "gide2019_melanoma" / "expression_log2tpm.tsv.gz"
    mixed = external_data / "data" / "deconvolution" / "quantiseq" / "quanTIseq_gene_tpm.txt.gz"
    for tpm in (
        read_expression(melanoma, "log2_tpm_plus_0.001").values,
        as_expression(pd.read_csv(mixed, sep="\t", index_col=0), "tpm").values,
    ):
        with pytest.raises(InputError, match="these look like counts per million"):
            as_expression(by_length(tpm), "tpm")


@pytest.mark.parametrize(("base", "word"), [(np.e, "natural logarithms"), (10, "logarithms to base 10|another unit")])
def test_a_sample_of_logarithms_to_another_base_is_refused(base: float, word: str):
    logs = np.log2(tumours() + 1)
    with pytest.raises(InputError, match=rf"S2: declared log2_tpm_plus_1.*look.*({word})"):
        as_expression(logs.assign(S2=np.log(tumours()["S2"] + 1) / np.log(base)), "log2_tpm_plus_1")


@pytest.mark.parametrize("share", [0.5, 0.3, 0.2, 0.1])
def test_a_sample_of_which_the_matrix_holds_a_part_is_taken(share: float):
    """RNA that is not coding may take most of a million."""
    thin = tumours().assign(S2=tumours()["S2"] * share)
    assert len(as_expression(np.log2(thin + 1), "log2_tpm_plus_1").values) == len(thin)


def test_each_real_sample_in_natural_logarithms_is_told(external_data: Path):
    file = external_data / "data" / "expression" / "gide2019_melanoma" / "expression_log2tpm.tsv.gz"
    tpm = read_expression(file, "log2_tpm_plus_0.001").values
    told_of = [natural_logarithms_told(tpm, sample) for sample in tpm.columns[:12]]
    assert told_of.count(True) >= 11


def natural_logarithms_told(tpm: pd.DataFrame, sample: str) -> bool:
    """Return whether a sample is named that is given in natural logarithms among others to base 2."""
    logs = np.log2(tpm + 1).assign(**{sample: np.log(tpm[sample] + 1)})
    try:
        as_expression(logs, "log2_tpm_plus_1")
    except InputError as error:
        return f"{sample}: declared" in str(error)
    return False


@pytest.mark.parametrize("unit", ["tpm", "counts"])
def test_values_of_an_array_that_are_no_logarithms_are_refused(unit: str):
    """An array has a background: no gene is without a signal."""
    array = np.exp2(np.log2(tumours() + 30) + np.random.default_rng(2).normal(0, 0.1, tumours().shape))
    with pytest.raises(InputError, match="these look like values of an array"):
        as_expression(array, unit)
    panel = array.head(2500)  # of a deep panel every gene may have reads
    assert len(as_expression(panel, unit).values) == len(panel)
    filtered = tumours()[(tumours() >= 1).all(axis=1)]
    assert len(as_expression(filtered, "tpm").values) == len(filtered)
    assert len(as_expression(filtered.round(), "counts").values) == len(filtered)


@pytest.mark.parametrize("unit", ["tpm", "counts", "log2_tpm_plus_1"])
def test_a_sample_of_one_value_is_refused_unless_it_is_that_of_no_expression(unit: str):
    """A column that was filled would be told to be of another tissue."""
    whole = profiles(900) if unit == "tpm" else estimated_counts(900, 3e6).round()
    values = np.log2(profiles(900) + 1) if unit.startswith("log2") else whole
    with pytest.raises(InputError, match="S2: all genes of the sample have one value, found '7'"):
        as_expression(values.assign(S2=7.0), unit)
    with pytest.raises(InputError, match="S2: all genes of the sample have one value"):
        as_expression(values[["S2"]] * 0 + 7.0, unit)
    assert as_expression(values.assign(S2=0.0), unit).values["S2"].sum() == 0


@pytest.mark.parametrize(("fragments", "refused"), [(3e7, False), (1e9, False), (3e7 * 150, True)])
def test_sums_of_the_coverage_of_bases_are_no_counts(fragments: float, refused: bool):
    """Thirty million pairs of 2 x 75 cover 4.5e9 bases; no library is sequenced to so many fragments."""
    values = (profiles(15_000) / 1e6 * fragments).round()
    assert ("sums of the coverage" in told(values, "counts")) is refused
