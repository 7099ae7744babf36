"""Simulated tumours are what they are said to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from anpi.files.shipped import ROOT
from anpi.tables.reading import read_text_table
from demo.expression import SUBTYPES, ExpressionModel, build_model, draw_tumours, simulate_expression
from demo.genes import asked_genes, choose_genes, gene_ids_of, read_quartiles

FACTORS = {"A": "ASCL1", "N": "NEUROD1", "P": "POU2F3"}


@pytest.fixture(scope="module")
def model(genes: pd.DataFrame) -> ExpressionModel:
    return build_model(genes)


@pytest.fixture(scope="module")
def tumours() -> pd.DataFrame:
    table = draw_tumours(pd.Series({f"T{i:03d}": SUBTYPES[i % 4] for i in range(200)}))
    table["sex"] = ["F", "M"] * 100
    return table


@pytest.fixture(scope="module")
def tpm(tumours: pd.DataFrame, model: ExpressionModel) -> pd.DataFrame:
    return simulate_expression(tumours, 1, model).set_axis(model.genes["symbol"], axis=0)


def test_genes_of_models_and_signatures_are_in_the_transcriptome(genes: pd.DataFrame) -> None:
    weights = [read_text_table(path) for path in sorted((ROOT / "resources" / "subtypes").glob("*/*/weights.tsv"))]
    needed = set(pd.concat(weights)["gene_id"]) if weights else set()
    assert needed <= set(genes.index)
    assert gene_ids_of(asked_genes()) <= set(genes.index)
    assert {"XIST", "RPS4Y1", "DDX3Y", "KDM5D", "EIF1AY", "USP9Y", "MKI67", "CXCL9", "GZMA"} <= set(genes["symbol"])


def test_asked_genes_are_read_from_the_tables_of_a_folder(tmp_path) -> None:
    (tmp_path / "subtypes" / "m" / "1").mkdir(parents=True)
    (tmp_path / "signatures").mkdir()
    (tmp_path / "subtypes" / "m" / "1" / "weights.tsv").write_text(
        "panel\tgene_id\tsymbol\nA\tENSG00000139352\tASCL1\n"
    )
    (tmp_path / "signatures" / "sets.tsv").write_text("signature\tsymbol\nmine\tCXCL9\nhallmark_broad\tABCA1\n")
    (tmp_path / "signatures" / "registry.tsv").write_text("id\tname\nmine\tMine\n")
    assert asked_genes(tmp_path) == {"ENSG00000139352", "CXCL9"}


def test_fewer_genes_are_asked_then_ballast_fills_up() -> None:
    genes = choose_genes(size=1000, asked=["ASCL1"])
    assert len(genes) == 1000
    assert genes.index.is_unique
    assert (genes["role"] == "ballast").sum() > 400
    assert genes["length"].between(300, 3000).all()
    # Named genes keep the published quartiles; all together sum to about a whole transcriptome.
    named = genes[(genes["role"] == "named") & genes.index.isin(read_quartiles().index)]
    pd.testing.assert_series_equal(named["median"], read_quartiles()["median"].reindex(named.index))
    assert genes["median"].sum() == pytest.approx(870_000, rel=0.01)


def test_each_subtype_is_led_by_its_factor(tpm: pd.DataFrame, tumours: pd.DataFrame) -> None:
    for subtype, factor in FACTORS.items():
        own = tpm.loc[factor, tumours["subtype"] == subtype]
        others = tpm.loc[factor, tumours["subtype"] != subtype]
        assert own.median() > 8 * others.median()
        assert own.quantile(0.1) > others.quantile(0.9)
    inflamed = tumours["subtype"] == "I"
    for gene in ("HLA-DRA", "CXCL9", "STAT1", "CD3D"):
        assert tpm.loc[gene, inflamed].median() > 1.5 * tpm.loc[gene, ~inflamed].median()
    for gene in ("INSM1", "CHGA", "SYP"):
        neuroendocrine = tumours["subtype"].isin(["A", "N"])
        assert tpm.loc[gene, neuroendocrine].median() > 2 * tpm.loc[gene, ~neuroendocrine].median()


def test_inflammation_moves_immune_genes_and_no_others(tpm: pd.DataFrame, tumours: pd.DataFrame) -> None:
    neuroendocrine = tumours["subtype"] == "A"
    levels = np.log2(tpm.loc[:, neuroendocrine] + 1)
    inflammation = tumours.loc[neuroendocrine, "inflammation"]
    immune = levels.loc[["CXCL9", "CD3D", "GZMA", "PTPRC", "STAT1", "HLA-DRA"]].mean()
    stable = levels.loc[["GAPDH", "TBP", "SDHA", "POLR2A", "OAZ1"]].mean()
    assert immune.corr(inflammation) > 0.8
    assert abs(stable.corr(inflammation)) < 0.4


def test_levels_stand_on_the_scale_of_the_reference(tpm: pd.DataFrame, model: ExpressionModel) -> None:
    # Housekeeping genes are in no programme: their median is the published one, within a fifth.
    reference = model.genes.set_index("symbol")["median"]
    stable = ["TBP", "SDHA", "POLR2A", "OAZ1", "ABCF1", "G6PD", "HPRT1", "GUSB", "PGK1", "YWHAZ"]
    shift = np.log2(tpm.loc[stable].median(axis=1) / reference[stable])
    assert abs(shift.median()) < 0.3
    assert tpm.sum().to_numpy() == pytest.approx(1e6)


def test_sex_genes_follow_sex(tpm: pd.DataFrame, tumours: pd.DataFrame) -> None:
    women = tumours["sex"] == "F"
    assert tpm.loc["XIST", women].min() > 20 * tpm.loc["XIST", ~women].max()
    for gene in ("RPS4Y1", "DDX3Y", "KDM5D", "EIF1AY"):
        assert tpm.loc[gene, ~women].min() > 20 * tpm.loc[gene, women].max()


def test_purity_and_tissue(model: ExpressionModel) -> None:
    tumour = draw_tumours(pd.Series({"T": "A"})).iloc[0].to_dict()
    mixes = pd.DataFrame([tumour | {"purity": p, "tissue": "airway_muscle", "donor": "T"} for p in (1.0, 0.5, 0.0)])
    mixes.index = pd.Index(["pure", "half", "muscle"])
    tpm = simulate_expression(mixes, 1, model).set_axis(model.genes["symbol"], axis=0)
    assert tpm.loc["ASCL1", "muscle"] < 0.5 < 100 < tpm.loc["ASCL1", "pure"]
    assert tpm.loc["MKI67", "muscle"] < 0.1 * tpm.loc["MKI67", "pure"]
    for gene in ("ACTA2", "DES", "MYH11", "SFTPC"):
        assert tpm.loc[gene, "muscle"] > 5 * tpm.loc[gene, "pure"]
    # The mixture is linear: half of each, but for the small noise of a sample.
    half = (tpm["pure"] + tpm["muscle"]) / 2
    large = half > 100
    assert np.median(np.abs(np.log2(tpm["half"] / half)[large])) < 0.4


def test_a_sample_does_not_depend_on_others(tumours: pd.DataFrame, model: ExpressionModel) -> None:
    few = tumours.iloc[[7, 3]]
    together = simulate_expression(tumours.iloc[:10], 1, model)
    pd.testing.assert_frame_equal(simulate_expression(few, 1, model), together[few.index])
    assert not np.allclose(simulate_expression(few, 2, model), together[few.index])
