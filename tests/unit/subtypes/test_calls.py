"""Calls against known truth, and refusals."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.george_tumours import as_matrix, dilute, george_cohort
from benchmarks.simulated_tumours import (
    KINDS,
    TISSUES,
    World,
    adenocarcinoma,
    as_expression,
    carcinoid,
    measure,
    tissue,
    tumour,
)

from anpi.expression.matrix import Expression, read_expression, to_tpm
from anpi.problems import InputError
from anpi.signatures.registry import read_registry
from anpi.signatures.scores import score_signatures
from anpi.subtypes.calls import call_subtypes, placed_programmes, programme_table, tissue_table
from anpi.subtypes.model import DEFAULT, Model, genes_needed, load_model
from anpi.tables.reading import read_text_table


def calls_of(world: World, model: Model, tpm: dict[str, np.ndarray], depth: float = 5e6) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    counts = {name: measure(world, profile, rng, depth) for name, profile in tpm.items()}
    return call_subtypes(as_expression(world, counts), model).set_index("sample_id")


@pytest.fixture(scope="module")
def pure(world: World) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(21)
    return {f"{kind}{i}": tumour(world, kind, rng) for kind in KINDS for i in range(12)}


def test_pure_tumours_are_called_what_they_are(world: World, model: Model, pure: dict[str, np.ndarray]) -> None:
    calls = calls_of(world, model, pure)
    truth = calls.index.str[0]
    called = calls["subtype"].notna()
    assert called.mean() >= 0.95
    assert (calls["subtype"] == truth)[called].mean() >= 0.97
    assert (calls["subtype"] == truth)[calls["call"] == "confident"].all()
    assert calls["agreement"].isin(["yes", "no"]).sum() >= 40


def test_factors_of_simulated_tumours(world: World, model: Model, pure: dict[str, np.ndarray]) -> None:
    calls = calls_of(world, model, pure)
    truth = pd.Series(calls.index.str[0], index=calls.index)
    neural = truth.isin(["A", "P"])
    assert (calls["napy"] == truth)[neural].mean() >= 0.95


@pytest.mark.parametrize("name", [*TISSUES, "carcinoid", "adenocarcinoma"])
def test_what_is_not_sclc_gets_no_call_and_a_reason(world: World, model: Model, name: str) -> None:
    rng = np.random.default_rng(22)
    draw = {"carcinoid": carcinoid, "adenocarcinoma": adenocarcinoma}
    profiles = {f"x{i}": draw[name](world, rng) if name in draw else tissue(world, name, rng) for i in range(8)}
    calls = calls_of(world, model, profiles)
    assert (calls["call"] == "none").all()
    assert calls[["subtype", "p_A", "p_N", "p_P", "p_I", "margin", "napy", "second_method"]].isna().all(axis=None)
    assert calls["reason"].str.contains("not SCLC-like").all()


NORMAL = {"lung": "lung", "liver": "liver", "lymph_node": "lymph_node", "skeletal_muscle": "muscle"}
NORMAL["smooth_muscle"] = "smooth_muscle"


@pytest.mark.parametrize("tissue_of_atlas", NORMAL)
@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_normal_tissue_is_named_and_sized(model: Model, tissue_of_atlas: str, share: float) -> None:
    """Tumours diluted by profiles of the Human Protein Atlas, each gene off by a factor of 1.4 or so."""
    tpm, facts = george_cohort(np.resize(list(KINDS), 40), 5)
    diluted = as_matrix(dilute(tpm, tissue_of_atlas, share, 1))
    name = NORMAL[tissue_of_atlas]
    found = tissue_table(diluted, model)[name] / 100
    assert abs(found.median() - share) <= 0.12
    calls = call_subtypes(diluted, model)
    told = calls.loc[calls["contamination"].notna(), "contamination"]
    assert told.str.contains(name.replace("_", " ")).mean() >= 0.95
    known = calls["purity"].notna()
    truth = facts["cancer"].to_numpy() * (1 - share)
    assert np.abs(calls["purity"] - truth)[known].median() <= 0.10


def test_dilution_does_not_make_a_confident_or_leaning_i(model: Model) -> None:
    tpm, _ = george_cohort(np.resize(["A", "N"], 60), 5)
    matrices = [dilute(tpm, tissue, share, 2) for tissue in NORMAL for share in (0.5, 0.65, 0.8, 0.9)]
    calls = call_subtypes(as_matrix(np.vstack(matrices)), model)
    called_i = calls["subtype"] == "I"
    assert (called_i & (calls["call"] == "confident")).sum() == 0
    assert called_i.mean() <= 0.05


@pytest.mark.parametrize("name", ["lymph_node", "blood"])
def test_leukocytes_of_normal_tissue_make_no_confident_i(world: World, model: Model, name: str) -> None:
    """Tumours of A in tissue that differs from every profile: its leukocytes imitate the infiltrate of SCLC-I."""
    rng = np.random.default_rng(2027)
    tumours = [tumour(world, "A", rng) for _ in range(60)]
    mixed = {
        f"A{share}{i}": share * pure / pure.sum() + (1 - share) * normal / normal.sum()
        for i, pure in enumerate(tumours)
        for share in (0.4, 0.6)
        for normal in [tissue(world, name, rng)]
    }
    calls = calls_of(world, model, mixed)
    confident_i = calls["subtype"].eq("I") & calls["call"].eq("confident")
    assert confident_i.mean() <= 0.01
    assert calls.loc[calls["subtype"] == "I", "reason"].notna().all()


def test_leukocytes_of_a_spleen_make_no_confident_i(model: Model) -> None:
    """The spleen has no profile in the model; blood is seen in it by its marker genes."""
    tpm, _ = george_cohort(np.resize(["A", "N"], 120), 15)
    calls = call_subtypes(as_matrix(np.vstack([dilute(tpm, "spleen", share, 4) for share in (0.6, 0.7)])), model)
    assert (calls["subtype"].eq("I") & calls["call"].eq("confident")).mean() <= 0.01


@pytest.mark.parametrize("name", ["lung", "liver", "lymph_node", "skeletal_muscle"])
def test_real_i_in_normal_tissue_stays_confident(model: Model, name: str) -> None:
    """What keeps an imitation from being confident leaves most that are none; they were 0.6 to 0.7 before."""
    tpm, _ = george_cohort(np.array(["I"] * 80), 16)
    calls = call_subtypes(as_matrix(dilute(tpm, name, 0.2, 4)), model)
    assert calls["subtype"].eq("I").mean() >= 0.85
    assert (calls["subtype"].eq("I") & calls["call"].eq("confident")).mean() >= 0.55


def test_what_speaks_against_i_is_said(model: Model) -> None:
    """Half way between A and I, I may lead, but not with confidence, and the reason names what keeps it."""
    tpm, _ = george_cohort(np.resize(["A", "I"], 200), 17)
    calls = call_subtypes(as_matrix(0.4 * tpm[::2] + 0.6 * tpm[1::2]), model)
    told = calls[calls["subtype"].eq("I") & calls["reason"].fillna("").str.contains("programme of [ANP] partly on")]
    assert len(told) >= 5
    assert told["call"].eq("lean").all()


def test_a_metastasis_with_some_brain_is_not_said_to_be_another_tumour(model: Model) -> None:
    """Brain runs the programme of N, so no class can be told; but lineage and proliferation are those of SCLC."""
    tpm, _ = george_cohort(np.resize(["A", "N"], 20), 18)
    alike = "SCLC with some of such tissue in the sample would look alike"
    some = call_subtypes(as_matrix(dilute(tpm, "brain", 0.1, 4)), model)
    assert some["call"].eq("none").all()
    assert some["reason"].str.contains(f"resembles brain; {alike}").all()
    alone = call_subtypes(as_matrix(dilute(tpm, "brain", 1.0, 4)), model)
    assert not alone["reason"].str.contains(alike).any()


def test_two_programmes_are_called_mixed(world: World, model: Model) -> None:
    rng = np.random.default_rng(25)
    profiles = {f"m{i}": 0.5 * tumour(world, "A", rng) + 0.5 * tumour(world, "N", rng) for i in range(20)}
    calls = calls_of(world, model, profiles)
    mixed = calls[calls["call"] == "mixed"]
    assert len(mixed) >= 10
    assert (mixed["subtype"] + mixed["second"]).isin(["AN", "NA"]).all()
    assert mixed["reason"].str.contains("programmes both present").all()


def test_few_reads_and_failed_quality_bar_a_call(world: World, model: Model) -> None:
    rng = np.random.default_rng(26)
    profile = tumour(world, "A", rng)
    counts = {"thin": measure(world, profile, rng, 4e4), "bad": measure(world, profile, rng, 5e6)}
    verdicts = pd.DataFrame({"sample_id": ["bad"], "verdict": ["fail"], "reasons": ["strand mix"]})
    calls = call_subtypes(as_expression(world, counts), model, verdicts).set_index("sample_id")
    assert calls.loc["thin", "reason"].startswith("too few reads")
    assert calls.loc["bad", "reason"].startswith("QC failed: strand mix")
    assert calls["subtype"].isna().all()
    assert calls["stability"].isna().all()


def test_samples_that_the_counts_lack_are_refused(world: World, model: Model) -> None:
    """Without its counts a sample of too few reads would be called confidently."""
    rng = np.random.default_rng(26)
    thin = as_expression(world, {"thin": measure(world, tumour(world, "A", rng), rng, 4e4)})
    renamed = replace(thin, values=thin.values.rename(columns=lambda name: f"{name}.bam"))
    assert call_subtypes(to_tpm(thin), model, counts=thin)["reason"].str.startswith("too few reads").all()
    with pytest.raises(InputError, match=r"1 samples of the expression have no counts, found 'thin'.*mean thin.bam\?"):
        call_subtypes(to_tpm(thin), model, counts=renamed)


def test_stability_falls_with_ambiguity_and_depth_is_told(world: World, model: Model) -> None:
    rng = np.random.default_rng(27)
    first, second = tumour(world, "A", rng), tumour(world, "N", rng)
    mixtures = {f"{share:.2f}": share * first + (1 - share) * second for share in np.linspace(0.05, 0.95, 19)}
    calls = calls_of(world, model, {"clear": first, **mixtures})
    assert calls.loc["clear", "stability"] >= 0.99
    assert calls.loc["clear", "least_reads"] <= 250000
    even = calls.loc[calls["margin"].idxmin()]
    assert even["stability"] < calls.loc["clear", "stability"]
    width = even["p_A_high"] - even["p_A_low"]
    assert width > calls.loc["clear", "p_A_high"] - calls.loc["clear", "p_A_low"]
    assert even["p_A_low"] <= even["p_A"] <= even["p_A_high"]


def test_missing_genes_are_counted_not_imputed(cohort: Expression, model: Model) -> None:
    few = replace(cohort, values=cohort.values.iloc[:, :60])
    factors = list(model.settings["factors"].values())
    keep = ~few.genes["gene_id"].isin(factors).to_numpy()
    without = replace(few, values=few.values[keep], genes=few.genes[keep].reset_index(drop=True))
    full = call_subtypes(few, model).set_index("sample_id")
    calls = call_subtypes(without, model).set_index("sample_id")
    assert (calls["subtype"].fillna("-") == full["subtype"].fillna("-")).mean() >= 0.9
    assert calls["napy"].isna().all()
    assert (calls["gene_coverage"] < full["gene_coverage"]).all()
    targets = model.weights.loc[model.weights["panel"].isin(["A", "N", "P"]), "gene_id"]
    gone = ~few.genes["gene_id"].isin(targets.iloc[: int(len(targets) * 0.7)]).to_numpy()
    thin = replace(few, values=few.values[gone], genes=few.genes[gone].reset_index(drop=True))
    barred = call_subtypes(thin, model)
    assert barred["reason"].str.startswith("gene coverage").all()
    assert len(barred) == 60


@pytest.mark.parametrize("unit", ["counts", "tpm"])
def test_an_empty_sample_has_neither_call_nor_score(cohort: Expression, model: Model, unit: str) -> None:
    values = cohort.values.iloc[:, :2].set_axis(["empty", "full"], axis=1)
    values["empty"] = 0.0
    expression = replace(cohort, values=values, unit=unit)
    calls = call_subtypes(expression, model).set_index("sample_id")
    assert calls.loc["empty", "reason"].startswith("too few reads")
    assert calls.loc["empty", ["subtype", "p_I", "ne_score", "stability"]].isna().all()
    scores = score_signatures(expression, read_registry()).set_index("sample_id")
    assert scores.loc["empty", "score"].isna().all()
    assert scores.loc["empty", "reason"].notna().all()
    assert scores.loc["full", "score"].notna().mean() > 0.95


def test_a_gene_missing_in_one_sample_alone(cohort: Expression, model: Model) -> None:
    values = cohort.values.iloc[:, :3].copy()
    values.loc[model.settings["factors"]["A"], values.columns[1]] = np.nan
    calls = call_subtypes(replace(cohort, values=values), model)
    assert calls["gene_coverage"].tolist() == pytest.approx([1.0, calls["gene_coverage"][1], 1.0])
    assert calls["gene_coverage"][1] < 1.0
    assert calls["napy"].isna().tolist()[1]


def test_vst_is_refused(cohort: Expression, model: Model) -> None:
    with pytest.raises(InputError, match="vst"):
        call_subtypes(replace(cohort, unit="vst"), model)


def test_a_cohort_whose_tpm_are_not_known_has_reasons_in_place_of_calls_and_scores(
    model: Model, tmp_path: Path
) -> None:
    """Of a matrix in vst the cohort's table of TPM is a header alone."""
    (tmp_path / "tpm.tsv").write_text("gene_id\tS1\t007\n")
    unknown = read_expression(tmp_path / "tpm.tsv", "tpm", genes_needed=False)
    calls = call_subtypes(unknown, model)
    assert calls["sample_id"].tolist() == ["S1", "007"]
    assert calls["reason"].str.startswith("gene coverage: programme genes present A 0%").all()
    assert calls[["subtype", "p_I", "napy"]].isna().all(axis=None)
    assert tissue_table(unknown, model)["sclc"].tolist() == ["unknown", "unknown"]
    scores = score_signatures(unknown, read_registry())
    assert scores["score"].isna().all()
    assert scores["reason"].str.startswith("0 of ").all()


def test_a_tampered_model_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(DEFAULT, copy)
    assert load_model(copy).sha256 == load_model().sha256
    weights = copy / "weights.tsv"
    weights.write_text(weights.read_text().replace("\t4\t", "\t5\t", 1))
    with pytest.raises(InputError, match=r"weights.tsv: the model is not what was released"):
        load_model(copy)
    (copy / "SHA256SUMS").unlink()
    with pytest.raises(InputError, match="no SHA256SUMS"):
        load_model(copy)


def test_the_genes_that_a_model_needs(model: Model) -> None:
    genes = genes_needed(model)
    assert {"ASCL1", "NEUROD1", "POU2F3", "YAP1", "MKI67", "SFTPC", "ALB"} <= set(genes["symbol"])
    assert genes["gene_id"].is_unique


def test_programmes_of_the_reference_medians_are_zero(model: Model) -> None:
    reference = model.reference
    genes = reference.reset_index()[["gene_id", "symbol"]].assign(biotype="protein_coding", length=1000.0)
    values = pd.DataFrame({"median": reference["median_tpm"]})
    table = programme_table(Expression(values, genes, "tpm"), model)
    np.testing.assert_allclose(table.drop(columns="sample_id").to_numpy(), 0, atol=1e-3)


def test_labelled_cell_lines_without_their_factors(external_data: Path, model: Model) -> None:
    """48 lines of CCLE with the labels of Rudin 2019, 80 genes, the four factors absent."""
    folder = external_data / "data" / "expression" / "sclc_ccle_lines"
    path = folder / "expression_48lines_80genes_log2tpm1.tsv.gz"
    calls = call_subtypes(read_expression(path, "log2_tpm_plus_1"), model).set_index("sample_id")
    labels = read_text_table(folder / "labels_48lines_rudin2019.tsv").set_index("Name")["subtype_rudin2019"].str[-1]
    right = calls["subtype"] == labels.replace("Y", "I").reindex(calls.index)
    assert right.sum() >= 45
    assert (calls["call"] != "confident").all()
    assert calls["reason"].str.contains("not verifiable").all()


def test_melanomas_get_no_call(external_data: Path, model: Model) -> None:
    path = external_data / "data" / "expression" / "gide2019_melanoma" / "expression_log2tpm.tsv.gz"
    calls = call_subtypes(read_expression(path, "log2_tpm_plus_0.001"), model)
    assert (calls["call"] == "none").all()
    assert calls["reason"].str.contains("not SCLC-like").all()
    assert calls["reason"].str.contains("melanoma").mean() > 0.5


def test_airway_muscle_gets_no_call(external_data: Path, model: Model) -> None:
    """Salmon results by transcript; the MANE Select transcript stands for its gene."""
    mane = pd.read_csv(external_data / "data" / "genes" / "MANE.GRCh38.v1.5.summary.txt.gz", sep="\t", dtype=str)
    gene = dict(zip(mane["Ensembl_nuc"].str.split(".").str[0], mane["Ensembl_Gene"].str.split(".").str[0], strict=True))
    values = {}
    for run in ("SRR1039508", "SRR1039509"):
        quant = pd.read_csv(external_data / "data" / "quants" / "airway" / run / "quant.sf.gz", sep="\t")
        values[run] = quant.groupby(quant["Name"].str.split(".").str[0].map(gene))["TPM"].sum()
    frame = pd.DataFrame(values).rename_axis("gene_id")
    genes = frame.reset_index()[["gene_id"]].assign(symbol="", biotype="protein_coding", length=1.0)
    calls = call_subtypes(Expression(frame, genes, "tpm"), model)
    assert (calls["call"] == "none").all()
    assert calls["reason"].str.contains("not SCLC-like").all()


def test_dominant_factors_of_a_targeted_panel(external_data: Path, model: Model, tmp_path: Path) -> None:
    """58 patients on GeoMx (GSE261345, GSE261348): four factors only give the dominant factor, and no call."""
    table = pd.read_csv(
        external_data / "data" / "expression" / "sclc_ici_geomx" / "clinical_patient_level.tsv", sep="\t", index_col=0
    )
    factors = table[[column for column in table if column.endswith("_log2_roimedian")]]
    factors.columns = factors.columns.str.removesuffix("_log2_roimedian")
    factors.T.to_csv(tmp_path / "x.tsv", sep="\t")
    calls = call_subtypes(read_expression(tmp_path / "x.tsv", "log2_tpm_plus_1"), model)
    assert calls["napy"].value_counts().to_dict() == {"A": 48, "N": 6, "P": 2, "Y": 2}
    assert calls["reason"].str.startswith("gene coverage").all()


def test_counts_of_a_panel_have_no_level_as_tpm_either(world: World, model: Model, pure: dict[str, np.ndarray]) -> None:
    """TPM made of a panel's counts share out a million among the panel: they say nothing of the level."""
    rng = np.random.default_rng(5)
    counts = as_expression(world, {name: measure(world, pure[name], rng, 5e6) for name in ("A0", "N0")})
    anchors = model.weights.loc[model.weights["panel"] == "anchor", "gene_id"]
    panel = counts.genes["gene_id"].isin(set(model.reference.index) - set(anchors)).to_numpy()
    few = replace(counts, values=counts.values[panel], genes=counts.genes[panel].reset_index(drop=True))
    for calls in (call_subtypes(few, model), call_subtypes(to_tpm(few), model, counts=few)):
        assert set(calls["call"]) == {"none"}
        assert calls["reason"].str.fullmatch("gene coverage: too few housekeeping genes .* level of the sample").all()
        assert set(calls["identity"]) == {"unknown"}
        assert calls[["contamination", "lineage_level", "proliferation_level", "p_I"]].isna().all(axis=None)
    tissues = tissue_table(to_tpm(few), model, counted=True)
    assert set(tissues["sclc"]) == {"unknown"}
    assert tissues[["lung", "lymph_node", "liver"]].isna().all(axis=None)
    assert placed_programmes(to_tpm(few), model, counted=True)[["A", "inflamed"]].isna().all(axis=None)
    whole = tissue_table(to_tpm(counts), model, counted=True)
    assert set(whole["sclc"]) == {"yes"}
    assert whole["lung"].notna().all()
    assert placed_programmes(counts, model)[["A", "inflamed"]].notna().all(axis=None)


def test_declared_tpm_of_a_panel_that_sum_to_a_million_have_no_level(
    world: World, model: Model, pure: dict[str, np.ndarray]
) -> None:
    """Each stands above its level among all genes: proliferation or another lineage would seem far too high."""
    whole = to_tpm(as_expression(world, {name: measure(world, pure[name], np.random.default_rng(5)) for name in pure}))
    anchors = set(model.weights.loc[model.weights["panel"] == "anchor", "gene_id"])
    panel = whole.genes["gene_id"].isin(set(model.reference.index) - anchors).to_numpy()
    part = replace(whole, values=whole.values[panel], genes=whole.genes[panel].reset_index(drop=True))
    alone = to_tpm(part)
    calls = call_subtypes(alone, model)
    assert set(calls["call"]) == {"none"}
    assert calls["reason"].str.contains("too few housekeeping genes").all()
    assert set(calls["identity"]) == {"unknown"}
    assert set(tissue_table(alone, model)["sclc"]) == {"unknown"}
    assert placed_programmes(alone, model).drop(columns="sample_id").isna().all(axis=None)
    called = call_subtypes(part, model)
    assert set(called["subtype"].dropna()) == set(call_subtypes(whole, model)["subtype"].dropna())
    assert placed_programmes(part, model)["A"].notna().all()
