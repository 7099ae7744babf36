"""From each export back to patients, calls and endpoints: equal to what the run holds."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from anndata.io import read_elem
from unit.exports.made_run import GENES, read

CALLED = ("confident", "lean")
NAMES = ["pfs_days", "pfs_event", "os_days", "os_event", "response"]


@pytest.fixture(scope="session")
def truth(results: Path) -> pd.DataFrame:
    """One row per patient: arm and endpoints as the run's own table has them, and the called subtype."""
    table = read(results / "clinical/endpoints.tsv").set_index("patient_id")
    calls = read(results / "subtypes/calls.tsv")
    calls["subtype"] = calls["subtype"].where(calls["call"].isin(CALLED))
    calls.index = pd.Index(calls["sample_id"].str.removeprefix("S"), name="patient_id")
    return table.join(calls["subtype"])


def assert_same(found: pd.DataFrame, truth: pd.DataFrame, columns: list[str]) -> None:
    found = found.sort_index()
    assert list(found.index) == list(truth.index)
    for name in columns:
        expected, seen = truth[name], found[name]
        if pd.api.types.is_numeric_dtype(expected):
            np.testing.assert_allclose(seen.astype(float), expected, rtol=1e-9)
        else:
            assert seen.fillna("none").tolist() == expected.fillna("none").tolist(), name


def test_parquet(export, truth: pd.DataFrame):
    folder = export("parquet")
    found = pd.read_parquet(folder / "endpoints.parquet").set_index("patient_id")
    called = pd.read_parquet(folder / "samples.parquet").set_index("patient_id")["subtype"]
    assert_same(found.join(called), truth, ["arm", *NAMES, "subtype"])
    tpm = pd.read_parquet(folder / "tpm.parquet")
    assert list(tpm["gene_id"]) == list(GENES)


def test_gct(export, truth: pd.DataFrame, results: Path):
    lines = (export("gct") / "tpm.gct").read_text().splitlines()
    rows, columns, row_facts, column_facts = map(int, lines[1].split("\t"))
    table = pd.read_csv(io.StringIO("\n".join(lines[2:])), sep="\t", dtype=str, index_col=0, keep_default_na=False)
    assert (lines[0], rows, columns) == ("#1.3", len(GENES), table.shape[1] - row_facts)
    facts = table.iloc[:column_facts, row_facts:].T.replace("NA", None)
    numbers = table.iloc[column_facts:, row_facts:].astype(float)
    whole = read(results / "cohort/tpm.tsv.gz").set_index("gene_id")
    np.testing.assert_allclose(numbers, whole, rtol=1e-9)
    assert_same(facts.set_index("patient_id"), truth.loc[sorted(facts["patient_id"])], ["arm", *NAMES, "subtype"])
    assert facts["call"].eq("mixed").sum() == 1


def test_mudata(export, truth: pd.DataFrame, results: Path):
    with h5py.File(export("mudata") / "cohort.h5mu") as file:
        obs = read_elem(file["obs"]).replace("", None)
        rna: anndata.AnnData = read_elem(file["mod/rna"])
        scores: anndata.AnnData = read_elem(file["mod/signatures"])
    assert_same(obs.set_index("patient_id"), truth.loc[sorted(obs["patient_id"])], ["arm", *NAMES, "subtype"])
    whole = read(results / "cohort/tpm.tsv.gz").set_index("gene_id").T
    np.testing.assert_allclose(rna.layers["tpm"], whole.loc[rna.obs_names], rtol=1e-9)
    long = read(results / "immune/scores.tsv").pivot(index="sample_id", columns="signature", values="score")
    np.testing.assert_allclose(scores.X, long.loc[scores.obs_names, scores.var_names], rtol=1e-9)


def test_phenopackets(export, truth: pd.DataFrame):
    packets = [json.loads(file.read_text()) for file in export("phenopackets").glob("[0-9]*.json")]
    rows = []
    for packet in packets:
        values = {one["assay"]["label"]: one["value"] for one in packet["measurements"]}
        row = {name: values[name]["quantity"]["value"] for name in NAMES if name != "response"}
        row |= {"patient_id": packet["subject"]["id"], "response": values["response"]["ontologyClass"]["label"]}
        row |= {"arm": packet["medicalActions"][0]["treatment"]["agent"]["label"], "subtype": None}
        for sample in packet.get("biosamples", []):
            said = next(m for m in sample["measurements"] if m["assay"]["label"] == "subtype")
            label = said["value"]["ontologyClass"]["label"]
            row["subtype"] = None if label == "none" else label
        rows.append(row)
    assert_same(pd.DataFrame(rows).set_index("patient_id"), truth, ["arm", *NAMES, "subtype"])


def test_cbioportal(export, truth: pd.DataFrame):
    folder = export("cbioportal")
    table = clinical(folder / "data_clinical_patient.txt").set_index("PATIENT_ID")
    found = pd.DataFrame({"arm": table["ARM"], "response": table["RESPONSE"]})
    for name in ("pfs", "os"):
        found[f"{name}_days"] = table[f"{name.upper()}_MONTHS"].astype(float) * 30.4375
        found[f"{name}_event"] = table[f"{name.upper()}_STATUS"].str[0].astype(float)
    samples = clinical(folder / "data_clinical_sample.txt").set_index("PATIENT_ID")["SUBTYPE"].rename("subtype")
    assert_same(found.join(samples), truth, ["arm", *NAMES, "subtype"])


def clinical(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", comment="#", dtype=str, keep_default_na=False, na_values=["NA"])


def test_datasets_of_define(export, truth: pd.DataFrame):
    folder = export("definexml")
    frames = {}
    for name in ("adsl", "adtte", "adrs", "adbm"):
        packed = json.loads((folder / f"{name}.json").read_text())
        frames[name] = pd.DataFrame(packed["rows"], columns=[column["name"] for column in packed["columns"]])
        with open(folder / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == packed["records"] == len(frames[name])
        assert [row["USUBJID"] for row in rows] == list(frames[name]["USUBJID"])
    found = frames["adsl"].set_index("USUBJID")[["TRT01A", "SPECID"]].rename(columns={"TRT01A": "arm"})
    for name in ("pfs", "os"):
        rows = frames["adtte"].query(f"PARAMCD == '{name.upper()}'").set_index("USUBJID")
        found[f"{name}_days"], found[f"{name}_event"] = rows["AVAL"], 1 - rows["CNSR"]
    found["response"] = frames["adrs"].query("PARAMCD == 'CRSP'").set_index("USUBJID")["AVALC"]
    called = frames["adbm"].query("PARAMCD == 'SUBTYPE'").set_index("USUBJID")["AVALC"]
    assert_same(found.assign(subtype=called), truth, ["arm", *NAMES, "subtype"])


def test_ars(export, results: Path):
    """Every number of the results is in the event under its operation, and in the flat table."""
    event = json.loads((export("ars") / "reporting_event.json").read_text())
    operations = {o["id"]: o["name"] for method in event["methods"] for o in method["operations"]}
    found = sorted(
        (operations[one["operationId"]], float(one["rawValue"]))
        for analysis in event["analyses"] for one in analysis["results"]
    )  # fmt: skip
    table = read(results / "association/results.tsv")
    columns = ["n", "events", "estimate", "ci_low", "ci_high", "p", "p_adjusted"]
    assert found == sorted((name, float(value)) for name in columns for value in table[name].dropna())
    sets = {one["id"] for one in event["analysisSets"]}
    assert {analysis["analysisSetId"] for analysis in event["analyses"]} <= sets
    flat = pd.read_csv(export("ars") / "ard.csv")
    assert sorted(zip(flat["stat_name"], flat["stat"], strict=True)) == found


def test_targets_fractions_and_pathways(export, results: Path):
    """A target that the reads cannot tell is said to be so beside its number."""
    folder = export("cbioportal")
    levels = pd.read_csv(folder / "data_target_level.txt", sep="\t", index_col=0).iloc[0, 2:]
    expected = read(results / "targets/targets.tsv").set_index("sample_id")["level"]
    assert levels.to_dict() == expected.to_dict()
    shares = pd.read_csv(folder / "data_fraction.txt", sep="\t", index_col=1).iloc[:, 2:].astype(float)
    assert shares.loc["quantiseq_Other"].eq(0.75).all()
    np.testing.assert_allclose(shares.sum(), 1)
    with h5py.File(export("mudata") / "cohort.h5mu") as file:
        parts: anndata.AnnData = read_elem(file["mod/fractions"])
    assert list(parts.var_names) == ["quantiseq:B cells", "quantiseq:Other"]
    assert pd.read_parquet(export("parquet") / "pathways.parquet")["score"].eq(1.5).all()
