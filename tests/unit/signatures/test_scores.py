"""Registry and scores: lists, coverage, percentiles, users' own sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anpi.expression.genes import read_gene_table
from anpi.expression.matrix import Expression, read_expression
from anpi.expression.reference_levels import read_reference
from anpi.problems import InputError
from anpi.signatures import scores
from anpi.signatures.registry import Signature, read_gmt, read_registry
from anpi.signatures.scores import score_signatures
from anpi.tables.reading import read_text_table


def expression_of(tpm: dict[str, pd.Series]) -> Expression:
    """Make a matrix of TPM from series keyed by gene id."""
    values = pd.DataFrame(tpm).rename_axis("gene_id")
    genes = read_gene_table().drop_duplicates("gene_id").set_index("gene_id").reindex(values.index).reset_index()
    return Expression(values, genes[["gene_id", "symbol", "biotype", "length"]], "tpm")


@pytest.fixture(scope="module")
def registry() -> dict[str, Signature]:
    return {signature.id: signature for signature in read_registry()}


@pytest.fixture(scope="module")
def quartiles() -> pd.DataFrame:
    return read_reference()


def test_what_the_registry_must_hold(registry: dict[str, Signature]) -> None:
    sizes = {name: len(signature.genes) for name, signature in registry.items()}
    expected = {
        "ifng6": 6,
        "expanded_ifn": 18,
        "t_effector": 8,
        "cytolytic": 2,
        "tls_chemokines12": 12,
        "nk20": 20,
        "tgfb_fibroblast": 19,
        "neuroendocrine": 25,
        "non_neuroendocrine": 25,
        "estimate_stromal": 141,
        "estimate_immune": 141,
        "gep18": 18 + 11,
    }
    assert {name: sizes[name] for name in expected} == expected
    assert sum(name.startswith("hallmark_") for name in registry) == 50
    assert sum(name.startswith("mcp_") for name in registry) == 10
    assert all("doi:10." in signature.citation for s, signature in registry.items() if not s.startswith("gene_"))


def test_weights_of_the_18_gene_profile(registry: dict[str, Signature]) -> None:
    genes = registry["gep18"].genes
    weights = genes[genes["role"] == "gene"].set_index("symbol")["weight"]
    assert weights["STAT1"] == 0.250229
    assert weights["CD276"] == -0.0239
    assert (len(weights), int((weights < 0).sum())) == (18, 1)


def test_every_listed_gene_is_known_but_for_stated_ones(registry: dict[str, Signature]) -> None:
    known = set(read_gene_table()["gene_id"])
    strange = {
        s
        for signature in registry.values()
        for s in signature.genes.loc[~signature.genes["gene_id"].isin(known), "symbol"]
    }
    assert strange <= {"CROCCP2", "H2AW", "HBBP1", "PTTG3P", "KIR3DS1", "MGC40069"}


def test_former_symbols_reach_their_genes() -> None:
    table = read_text_table(Path(__file__).parents[3] / "resources" / "genes" / "aliases.tsv")
    genes = set(read_gene_table()["symbol"])
    assert set(table["symbol"]) <= genes
    assert not set(table["alias"]) & genes
    pairs = dict(zip(table["alias"], table["symbol"], strict=True))
    expected = {
        "FYB": "FYB1",
        "GPR124": "ADGRA2",
        "WISP1": "CCN4",
        "C11orf53": "POU2AF2",
        "PVRL4": "NECTIN4",
        "CYR61": "CCN1",
    }
    assert {old: pairs[old] for old in expected} == expected


def test_the_reference_median_is_percentile_50_and_its_quartiles_25_and_75(
    registry: dict[str, Signature], quartiles: pd.DataFrame
) -> None:
    steady = np.log2(quartiles["q3"] + 1) - np.log2(quartiles["q1"] + 1) <= 0.65
    # Steady genes keep their median, so that the samples stand at the reference's level.
    samples = {name: quartiles[name].where(~steady, quartiles["median"]) for name in ("q1", "median", "q3")}
    names = ["ifng6", "t_effector", "cytolytic", "neuroendocrine", "gep18_raw"]
    table = score_signatures(expression_of(samples), [registry[name] for name in names])
    found = table.pivot(index="signature", columns="sample_id", values="reference_percentile")
    for name in names[:4]:
        assert found.loc[name].to_dict() == pytest.approx({"q1": 25.0, "median": 50.0, "q3": 75.0}, abs=0.5)
    assert found.loc["gep18_raw", "median"] == pytest.approx(50.0, abs=0.5)


def test_percentile_is_not_given_where_only_the_joint_distribution_could_tell(
    registry: dict[str, Signature], quartiles: pd.DataFrame
) -> None:
    chosen = [registry["hallmark_hypoxia"], registry["ne_singscore"]]
    table = score_signatures(expression_of({"a": quartiles["median"]}), chosen)
    assert table["reference_percentile"].isna().all()
    assert table["score"].notna().all()


def test_no_score_below_the_minimum_coverage(registry: dict[str, Signature], quartiles: pd.DataFrame) -> None:
    signature = registry["ifng6"]
    gone = signature.genes["gene_id"].iloc[:2]
    row = score_signatures(expression_of({"a": quartiles["median"].drop(gone)}), [signature]).iloc[0]
    assert np.isnan(row["score"])
    assert np.isnan(row["reference_percentile"])
    assert (row["genes_used"], row["genes_total"]) == (4, 6)
    assert row["reason"].startswith("4 of 6 genes, at least 80% needed, lacking ")
    kept = score_signatures(expression_of({"a": quartiles["median"].drop(gone.iloc[0])}), [signature]).iloc[0]
    logs = np.log2(quartiles["median"].reindex(signature.genes["gene_id"].iloc[1:]) + 1)
    assert kept["score"] == pytest.approx(logs.mean(), abs=1e-6)


def test_scores_by_hand(registry: dict[str, Signature], quartiles: pd.DataFrame) -> None:
    tpm = quartiles["q3"]
    symbol = read_gene_table().drop_duplicates("gene_id").set_index("gene_id")["symbol"].reindex(tpm.index)
    level = pd.Series(tpm.to_numpy(), index=symbol)
    table = score_signatures(expression_of({"a": tpm}), list(registry.values())).set_index("signature")["score"]
    assert table["cytolytic"] == pytest.approx(np.sqrt((level["GZMA"] + 0.01) * (level["PRF1"] + 0.01)), rel=1e-6)
    up, down = (
        np.log2(level[["VIM", "TWIST1", "ZEB1", "ZEB2"]] + 1),
        np.log2(level[["CDH1", "CLDN3", "CLDN4", "CLDN7"]] + 1),
    )
    assert table["emt_ratio"] == pytest.approx(up.mean() - down.mean(), abs=1e-6)
    assert table["gene_dll3"] == pytest.approx(np.log2(110.38 + 1), abs=1e-6)
    weights = registry["gep18"].genes
    own, housekeeping = (weights[weights["role"] == role] for role in ("gene", "housekeeping"))
    base = np.log2(tpm.reindex(housekeeping["gene_id"]) + 1).mean()
    expected = ((np.log2(tpm[own["gene_id"]] + 1) - base).to_numpy() * own["weight"].to_numpy()).sum()
    assert table["gep18"] == pytest.approx(expected, abs=1e-6)


def test_batches_of_samples_change_no_score(
    registry: dict[str, Signature], quartiles: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(4)
    samples = {f"S{i}": quartiles["median"] * draw.lognormal(0, 0.5, len(quartiles)) for i in range(7)}
    samples["S3"][:] = 0
    whole = score_signatures(expression_of(samples), list(registry.values()))
    for size in (1, 3, 7):
        monkeypatch.setattr(scores, "BATCH", size)
        parts = score_signatures(expression_of(samples), list(registry.values()))
        pd.testing.assert_frame_equal(parts, whole, check_exact=True)


def test_own_sets_in_gmt(tmp_path: Path, quartiles: pd.DataFrame) -> None:
    path = tmp_path / "own.gmt"
    path.write_text("mine\tabout\tDLL3\tSYP\tCHGA\nold\tabout\tFYB\tWISP1\n")
    mine, old = read_gmt(path)
    assert list(old.genes["symbol"]) == ["FYB1", "CCN4"] or set(old.genes["symbol"]) == {"FYB1", "CCN4"}
    score = score_signatures(expression_of({"a": quartiles["median"]}), [mine])["score"].iloc[0]
    assert score == pytest.approx(np.log2(np.array([73.38, 83.0, 340.19]) + 1).mean(), abs=1e-6)
    path.write_text("mine\tabout\n")
    with pytest.raises(InputError, match="row 1"):
        read_gmt(path)


def test_a_wrong_registry_is_refused_with_every_fault(tmp_path: Path) -> None:
    text = "id\tname\tcategory\tmethod\tunit\tdirection\tminimum_coverage\tgenes_file\tcitation\tlicence\n"
    text += "a\ta\tx\tmean_logs\ttpm\tup\t0.8\tg.tsv\tdoi\tx\nb\tb\tx\tmean_log\ttpm\tup\t80\tg.tsv\tdoi\tx\n"
    (tmp_path / "registry.tsv").write_text(text)
    with pytest.raises(InputError) as error:
        read_registry(tmp_path / "registry.tsv")
    assert "Did you mean mean_log?" in str(error.value)
    assert "row 3" in str(error.value)


def test_vst_is_refused(quartiles: pd.DataFrame, registry: dict[str, Signature]) -> None:
    expression = expression_of({"a": quartiles["median"]})
    with pytest.raises(InputError, match="vst"):
        score_signatures(Expression(expression.values, expression.genes, "vst"), [registry["ifng6"]])


def test_weighted_profile_tells_responders_of_gide_2019(external_data: Path) -> None:
    """AUC 0.837 of response to PD-1 in 41 melanomas (Gide 2019), published matrix of log2(TPM + 0.001)."""
    folder = external_data / "data" / "expression" / "gide2019_melanoma"
    expression = read_expression(folder / "expression_log2tpm.tsv.gz", "log2_tpm_plus_0.001")
    chosen = [s for s in read_registry() if s.id == "gep18_raw"]
    scores = score_signatures(expression, chosen).set_index("sample_id")["score"]
    response = read_text_table(folder / "clinical.tsv").set_index("sample_id")["response"].dropna()
    yes, no = (scores[response.index[response == label]].to_numpy() for label in ("R", "NR"))
    auc = (yes[:, None] > no[None, :]).mean()
    assert auc == pytest.approx(0.837, abs=0.002)


def test_scores_of_a_panel_say_whose_tpm_they_are_in(registry: dict[str, Signature], quartiles: pd.DataFrame) -> None:
    """Of 900 genes that share out a million each score is higher; of 900 among all genes it is not."""
    asked = [registry[name] for name in ("ifng6", "cytolytic", "gep18", "gep18_raw", "neuroendocrine_balance")]
    wanted = sorted(set().union(*(signature.genes["gene_id"] for signature in asked)) & set(quartiles.index))
    level = quartiles["median"].drop(wanted)
    part = pd.concat([quartiles["median"][wanted], level.iloc[:: len(level) // 800]])
    whole = level.iloc[:12_000]
    both = {"part": part, "alone": part / part.sum() * 1e6, "all": pd.concat([quartiles["median"][wanted], whole])}
    table = score_signatures(expression_of(both), asked).pivot(index="sample_id", columns="signature", values="unit")
    alone = table.loc["alone"].to_dict()
    assert alone == {
        "ifng6": "log2(TPM of a panel + 1)",
        "cytolytic": "TPM of a panel",
        "gep18": "weighted log2(TPM of a panel + 1) over housekeeping",
        "gep18_raw": "weighted log2(TPM of a panel + 0.001)",
        "neuroendocrine_balance": "log2 ratio",
    }
    for sample in ("part", "all"):
        assert table.loc[sample].to_dict() == {name: unit.replace(" of a panel", "") for name, unit in alone.items()}
