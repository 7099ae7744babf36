"""Levels of targets: quartiles, read depth against R, purity against a known mixture, invariance."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression
from anpi.expression.reference_levels import read_reference
from anpi.problems import InputError
from anpi.tables.targets import TARGETS
from anpi.targets.levels import read_interval, score_targets
from anpi.targets.lists import read_normal, read_targets
from anpi.targets.purity import choose_purity

ROOT = Path(__file__).resolve().parents[3]
MHC = ("HLA-A", "HLA-B", "HLA-C", "B2M", "TAP1", "TAP2", "NLRC5")


def id_of(symbol: str) -> str:
    table = read_gene_table()
    return str(table.loc[table["symbol"].eq(symbol), "gene_id"].iloc[0])


def tumour(**levels: float) -> pd.Series:
    """Return the median tumour of the reference, with some genes at other levels (underscore for hyphen)."""
    profile = read_reference()["median"].copy()
    for symbol, value in levels.items():
        profile[id_of(symbol.replace("_", "-"))] = value
    return profile


def expression_of(profiles: dict[str, pd.Series], unit: str = "tpm") -> Expression:
    values = pd.DataFrame(profiles).rename_axis("gene_id")
    genes = read_gene_table().drop_duplicates("gene_id").set_index("gene_id").reindex(values.index).reset_index()
    return Expression(values, genes[["gene_id", "symbol", "biotype", "length"]], unit)


def counts_of(profile: pd.Series, fragments: float) -> pd.Series:
    """Return the counts that a library of so many fragments has of a profile, whole numbers."""
    lengths = expression_of({"S": profile}).genes["length"].fillna(1000).to_numpy()
    weight = profile * lengths
    return (weight / weight.sum() * fragments).round()


def scored(profile: pd.Series, target: str, purity: float = 1.0, counts: pd.Series | None = None) -> pd.Series:
    counted = None if counts is None else expression_of({"S": counts}, "counts")
    table = score_targets(expression_of({"S": profile}), read_targets(), counted, pd.Series({"S": purity}))
    return table.set_index("target").loc[target]


@pytest.mark.parametrize(("quartile", "percentile"), [("q1", 25.0), ("median", 50.0), ("q3", 75.0)])
@pytest.mark.parametrize("symbol", ["DLL3", "TACSTD2", "PDCD1", "B2M"])
def test_the_quartiles_of_the_reference_are_its_percentiles(symbol: str, quartile: str, percentile: float):
    level = read_reference().at[id_of(symbol), quartile]
    assert scored(tumour(**{symbol: level}), symbol)["reference_percentile"] == pytest.approx(percentile, abs=0.1)


def test_tpm_of_coding_genes_alone_stand_where_those_of_all_genes_do():
    whole, part = (scored(tumour(DLL3=90) * factor, "DLL3") for factor in (0.7, 1.0))
    assert whole["reference_percentile"] == pytest.approx(part["reference_percentile"], abs=0.3)
    assert whole["level"] == part["level"]


@pytest.mark.parametrize("trop2", [5, 20, 60, 200])
def test_tpm_that_a_panel_shares_out_say_no_other_levels_than_those_of_all_genes(trop2: float):
    """What normal tissue gives is taken out at the level of the sample."""
    profile, targets = tumour(DLL3=90, TACSTD2=trop2, MSLN=9), read_targets()
    measured = {gene for target in targets for gene in target.gene_ids} | set(profile.index[::12])
    panel = profile[profile.index.isin(measured)]
    purity = pd.Series({"S": 0.5})
    whole, part = (
        score_targets(expression_of({"S": found / found.sum() * 1e6}), targets, None, purity).set_index("target")
        for found in (profile, panel)
    )
    assert part.at["DLL3", "tpm"] > 5 * whole.at["DLL3", "tpm"]
    assert part["level"].to_dict() == whole["level"].to_dict()


@pytest.mark.parametrize(("tpm", "level"), [(400.0, "high"), (60.0, "intermediate"), (10.0, "low"), (0.0, "low")])
def test_levels_of_dll3_in_a_pure_tumour_with_many_reads(tpm: float, level: str):
    profile = tumour(DLL3=tpm)
    assert scored(profile, "DLL3", 1.0, counts_of(profile, 3e7))["level"] == level


def test_the_upper_quarter_of_a_gene_that_no_tumour_expresses_is_not_high():
    assert read_reference().at[id_of("MSLN"), "q3"] < 8 < 10
    assert scored(tumour(MSLN=8), "MSLN")["level"] == "intermediate"


def test_intervals_of_counts_are_the_exact_ones():
    """Garwood's table of 1936, to its digits; R's poisson.test gives the same."""
    counts = np.array([0.0, 3.0, 10.0, 100.0])
    found = read_interval(counts, np.ones(4), counts)
    assert found.low == pytest.approx([0, 0.6187, 4.7954, 81.364], abs=1e-3)
    assert found.high == pytest.approx([3.6889, 8.7673, 18.3904, 121.627], abs=1e-3)


def test_with_few_reads_nothing_can_be_told():
    profile = tumour(DLL3=0)
    deep, shallow = (scored(profile, "DLL3", 1.0, counts_of(profile, n)) for n in (3e7, 2e4))
    assert (deep["level"], shallow["level"]) == ("low", "cannot_tell")
    assert deep["tpm_low"] == shallow["tpm_low"] == 0
    assert shallow["tpm_high"] > 100 * deep["tpm_high"]
    assert shallow["reason"].startswith("the interval reaches from low to")


def test_a_known_mixture_with_normal_tissue_gives_back_its_tumour():
    pure = tumour(DLL3=120, TACSTD2=30, SEZ6=60)
    normal = read_normal().median(axis=1)
    mixed = pure.copy()
    shared = mixed.index.intersection(normal.index)
    mixed[shared] = 0.6 * pure[shared] + 0.4 * normal[shared]
    for symbol, expected in (("DLL3", 120), ("TACSTD2", 30), ("SEZ6", 60)):
        row = scored(mixed, symbol, 0.6)
        assert row["tumour_tpm"] == pytest.approx(expected, rel=1e-6)
        assert row["tumour_low"] <= expected <= row["tumour_high"]


def test_dilution_is_never_called_low():
    """SEZ6 at its lower quartile or more in the tumour; two thirds normal tissue take it below."""
    diluted = tumour(SEZ6=0.35 * 40)
    assert scored(diluted, "SEZ6", 0.35)["level"] in ("intermediate", "cannot_tell")
    assert scored(diluted, "SEZ6", math.nan)["level"] == "cannot_tell"
    assert scored(diluted, "SEZ6", 0.1)["level"] == "cannot_tell"


def test_a_target_of_normal_lung_is_not_called_high_in_a_biopsy_full_of_lung():
    lung = read_normal().at[id_of("FOLR1"), "lung"]
    row = scored(tumour(FOLR1=0.5 * lung + 0.5 * 6), "FOLR1", 0.5)
    assert row["level"] == "cannot_tell"
    assert row["normal_tpm"] == pytest.approx(lung)
    assert scored(tumour(FOLR1=0.5 * lung), "FOLR1", 1.0)["level"] == "high"


def test_low_antigen_presentation_is_stated():
    quartiles = read_reference()
    low = tumour(**{symbol.replace("-", "_"): quartiles.at[id_of(symbol), "q1"] * 0.5 for symbol in MHC})
    assert scored(low, "MHC-I", 1.0, counts_of(low, 3e7))["level"] == "low"
    whole = tumour()
    assert scored(whole, "MHC-I", 1.0, counts_of(whole, 3e7))["level"] == "intermediate"
    assert scored(whole.drop([id_of("HLA-A"), id_of("B2M")]), "MHC-I")["level"] == "cannot_tell"


def test_a_gene_that_the_matrix_lacks_is_named():
    part = scored(tumour().drop(id_of("TAP1")), "MHC-I")
    assert part["reason"].startswith("not in the matrix: TAP1; the mean is of the others")
    assert scored(tumour().drop(id_of("DLL3")), "DLL3")["reason"] == "not in the matrix: DLL3"
    assert "not in the matrix" not in scored(tumour(), "MHC-I")["reason"]


def test_a_sample_knows_nothing_of_the_others():
    rng = np.random.default_rng(5)
    profiles = {f"S{i}": tumour() * rng.lognormal(0, 1, len(tumour())) for i in range(4)}
    counts = {name: counts_of(profile, 1e6) for name, profile in profiles.items()}
    purity = pd.Series(dict.fromkeys(profiles, 0.8))
    together = score_targets(expression_of(profiles), read_targets(), expression_of(counts, "counts"), purity)
    alone = score_targets(
        expression_of({"S2": profiles["S2"].iloc[::-1]}),
        read_targets(),
        expression_of({"S2": counts["S2"]}, "counts"),
        purity,
    )
    part = together[together["sample_id"].eq("S2")]
    assert part.to_csv(index=False) == alone.to_csv(index=False)


def test_purity_of_the_calls_goes_before_that_of_normal_tissue():
    calls = pd.DataFrame({"sample_id": ["a", "b"], "purity": [0.9, np.nan]})
    tissues = pd.DataFrame(
        {"sample_id": ["a", "b"], "sclc": "yes", "sclc_reason": None, "lung": [30.0, 30.0], "liver": 10.0}
    )
    assert choose_purity(calls, tissues).to_dict() == pytest.approx({"a": 0.9, "b": 0.6})


def test_every_target_has_its_source_and_its_normal_tissue():
    table = pd.read_csv(TARGETS, sep="\t", keep_default_na=False, na_values=["NA"])
    assert table["drugs"].notna().eq(table["drug_source"].notna()).all()
    assert table["drug_source"].dropna().str.contains(r"doi:10\.|NCT\d{8}|PMID \d+").all()
    assert table["threshold"].notna().all()
    genes = [gene for target in read_targets() for gene in target.gene_ids]
    assert set(genes) <= set(read_normal().index)


def test_targets_of_ones_own_stand_behind_the_shipped_ones(tmp_path: Path):
    own = tmp_path / "own.tsv"
    own.write_text("target\tgenes\tcompartment\tdrugs\nPTK7\tPTK7\ttumour\tone\nchemokines\tCXCL9, CXCL10\timmune\t\n")
    shipped, both = read_targets(), read_targets(users=own)
    assert both[: len(shipped)] == shipped
    assert [(target.name, len(target.gene_ids), target.compartment) for target in both[len(shipped) :]] == [
        ("PTK7", 1, "tumour"),
        ("chemokines", 2, "immune"),
    ]
    assert both[-2].gene_ids == ("ENSG00000112655",)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("target\tgenes\tcompartment\nDLL3\tDLL3\ttumour\n", "row 2, column target: the shipped list has this target"),
        ("target\tgenes\nPTK7\tPTK7\n", "row 1, column compartment: the column is missing"),
    ],
)
def test_faults_of_a_list_of_ones_own(tmp_path: Path, rows: str, words: str):
    (tmp_path / "own.tsv").write_text(rows)
    with pytest.raises(InputError, match=words):
        read_targets(users=tmp_path / "own.tsv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"compartment": "tumor"}, "compartment"),
        ({"genes": ""}, "genes"),
        ({"genes": " ,"}, "column genes"),
        ({"target": "DLL3"}, "DLL3 twice"),
    ],
)
def test_faults_of_a_list_of_targets(tmp_path: Path, tells: Callable, change: dict[str, str], words: str):
    table = pd.read_csv(TARGETS, sep="\t", keep_default_na=False)
    for column, value in change.items():
        table.loc[3, column] = value
    file = tmp_path / "targets.tsv"
    table.to_csv(file, sep="\t", index=False)
    with pytest.raises(InputError) as error:
        read_targets(file)
    assert words in str(error.value)
    tells(f"a list of targets with {words}", str(error.value).splitlines())


def test_the_program_finds_purity_itself(tmp_path: Path):
    tumour(DLL3=400).rename("S").to_frame().rename_axis("gene").to_csv(tmp_path / "tpm.tsv", sep="\t")
    program = [python(), str(ROOT / "scripts" / "score_targets.py"), "--expression", str(tmp_path / "tpm.tsv")]
    subprocess.run([*program, "--unit", "tpm", "--out", str(tmp_path / "out.tsv")], check=True, capture_output=True)
    table = pd.read_csv(tmp_path / "out.tsv", sep="\t").set_index("target")
    assert table.at["DLL3", "level"] == "high"
    assert table.at["DLL3", "purity"] > 0.5
