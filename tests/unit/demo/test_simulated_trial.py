"""The written trial: whole, the same twice, with what is planted in it."""

from __future__ import annotations

import filecmp
import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from warm import python

from anpi.files.shipped import ROOT
from anpi.reads.strangers import count_strangers
from anpi.tables.biomarkers import biomarker_problems
from anpi.tables.reading import read_table
from anpi.tables.schema import check_settings, load_schema, load_yaml
from demo.clinical import LOG_HAZARD_RATIOS
from demo.trial import SimulatedTrial, simulate_trial, write_trial

Written = tuple[Path, SimulatedTrial]
PAIRS = 2000


def files_of(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def records(path: Path) -> int:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).count(b"\n") // 4


def planted(folder: Path) -> dict[str, dict]:
    return {entry["kind"]: entry for entry in json.loads((folder / "truth" / "planted.json").read_text())}


@pytest.fixture(scope="module")
def units(trial: Written) -> pd.DataFrame:
    return read_table(trial[0] / "config" / "units.tsv", "units")


def test_twice_the_same_bytes_and_more_patients_leave_the_earlier_ones(trial: Written, tmp_path: Path) -> None:
    folder = trial[0]
    write_trial(tmp_path / "again", patients=24, pairs=PAIRS, seed=1)
    assert files_of(tmp_path / "again") == files_of(folder)
    same, different, odd = filecmp.cmpfiles(folder, tmp_path / "again", map(str, files_of(folder)), shallow=False)
    assert (different, odd) == ([], [])
    assert len(same) > 60

    write_trial(tmp_path / "more", patients=27, pairs=PAIRS, seed=1)
    kept = [str(p) for p in files_of(folder) if p.parts[0] in ("reads", "reference")]
    assert filecmp.cmpfiles(folder, tmp_path / "more", kept, shallow=False)[0] == kept
    counts = [pd.read_csv(f / "truth" / "counts.tsv.gz", sep="\t") for f in (folder, tmp_path / "more")]
    pd.testing.assert_frame_equal(counts[0], counts[1][counts[0].columns])
    for name in ("patients", "assessments", "lesions", "therapies", "adverse_events"):
        lines = [
            (f / "config" / "clinical" / f"{name}.csv").read_text().splitlines() for f in (folder, tmp_path / "more")
        ]
        assert set(lines[0]) <= set(lines[1])


def test_another_seed_is_another_trial(trial: Written) -> None:
    other = simulate_trial(24, PAIRS, seed=2)
    assert not np.allclose(other.patients["inflammation"], trial[1].patients["inflammation"])


def test_program_writes_the_same_trial(trial: Written, tmp_path: Path) -> None:
    command = [python(), str(ROOT / "scripts" / "simulate_demo.py"), "--out", "demo", "--pairs", str(PAIRS)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "24 patients, 30 samples" in done.stdout
    names = [str(path) for path in files_of(trial[0])]
    assert (tmp_path / "demo" / "truth" / "simulation.json").is_file()
    assert filecmp.cmpfiles(trial[0], tmp_path / "demo", names, shallow=False)[0] == names


def test_program_leaves_alone_what_stands(tmp_path: Path) -> None:
    def run(*more: str) -> str:
        program = str(ROOT / "scripts" / "simulate_demo.py")
        command = [python(), program, "--out", "demo", "--patients", "16", "--pairs", "1000", "--if-changed"]
        return subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    def times() -> dict[Path, int]:
        return {path: (tmp_path / "demo" / path).stat().st_mtime_ns for path in files_of(tmp_path / "demo")}

    assert "16 patients" in run()
    before = times()
    (tmp_path / "demo" / "cohort").mkdir()
    (tmp_path / "demo" / "cohort" / "tpm.tsv.gz").write_text("what the workflow makes there is not looked at")
    assert "already" in run()
    assert {path: time for path, time in times().items() if path in before} == before
    # A file cut short, or another setting, is simulated anew.
    reads = next((tmp_path / "demo" / "reads").glob("P001*"))
    whole = reads.read_bytes()
    reads.write_bytes(whole[:100])
    assert "16 patients" in run()
    assert reads.read_bytes() == whole
    assert "16 patients" in run("--seed", "2")
    assert reads.read_bytes() != whole


def test_config_fits_its_schema(trial: Written) -> None:
    file = trial[0] / "config" / "config.yaml"
    settings = check_settings(load_yaml(file), load_schema("config"), str(file))
    assert settings["qc"]["fragments"]["fail"] == PAIRS / 4
    truth = pd.read_csv(trial[0] / "truth" / "samples.tsv", sep="\t").set_index("sample_id")
    sequenced = truth["fragments"] + truth["unmapped"] + truth["foreign"]
    failed = planted(trial[0])["failed sample"]["sample_id"]
    assert sequenced.index[sequenced < settings["qc"]["fragments"]["fail"]].tolist() == [failed]
    assert sequenced.index[sequenced < settings["qc"]["fragments"]["warn"]].tolist() == [failed]


def test_program_refuses_too_few_patients(tmp_path: Path) -> None:
    command = [python(), str(ROOT / "scripts" / "simulate_demo.py"), "--out", "demo", "--patients", "5"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "at least 16 patients" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo").exists()


def test_sheets_and_clinical_tables_pass_their_schemas(trial: Written, units: pd.DataFrame) -> None:
    folder = trial[0]
    config = yaml.safe_load((folder / "config" / "config.yaml").read_text())
    samples = read_table(folder / config["samples"], "samples")
    patients = read_table(folder / config["clinical"]["patients"], "patients")
    for name, path in config["clinical"].items():
        table = read_table(folder / path, name)
        assert set(table["patient_id"]) <= set(patients["patient_id"])
    assert (len(patients), len(samples)) == (24, 30)
    assert set(units["sample_id"]) == set(samples["sample_id"])
    assert set(samples["patient_id"]) < set(patients["patient_id"])
    assert samples["timepoint"].value_counts().to_dict() == {"baseline": 23, "on_treatment": 6, "progression": 1}
    for path in [*units["fastq_1"], *units["fastq_2"].dropna(), config["reference"]["transcripts"]]:
        assert (folder / path).is_file()


def test_collection_dates_fit_the_time_points(trial: Written) -> None:
    samples = read_table(trial[0] / "config" / "samples.tsv", "samples")
    patients = read_table(trial[0] / "config" / "clinical" / "patients.csv", "patients").set_index("patient_id")
    days = samples["collection_date"] - samples["patient_id"].map(patients["treatment_start_date"])
    before = samples["timepoint"] == "baseline"
    assert (days[before].dt.days < 0).all()
    assert (days[~before].dt.days > 30).all()


def test_kinds_of_input_that_users_have(units: pd.DataFrame) -> None:
    lanes = units.groupby("sample_id").size()
    assert 2 <= (lanes == 2).sum() <= 6
    assert units.loc[units["fastq_2"].isna(), "sample_id"].nunique() in (1, 2, 3)
    assert units["fastq_1"].str.endswith(".fastq").any()
    assert {"reverse", "auto", "unstranded"} == set(units["strandedness"])


def test_true_counts_are_the_simulated_fragments(trial: Written, units: pd.DataFrame) -> None:
    folder = trial[0]
    counts = pd.read_csv(folder / "truth" / "counts.tsv.gz", sep="\t").drop(columns=["gene_id", "symbol"]).sum()
    samples = pd.read_csv(folder / "truth" / "samples.tsv", sep="\t").set_index("sample_id")
    lanes = units.groupby("sample_id").size()
    for sample, paths in units.groupby("sample_id")["fastq_1"]:
        written = sum(records(folder / path) for path in paths)
        assert counts[sample] == samples.loc[sample, "fragments"]
        strange = samples.loc[sample, ["unmapped", "foreign"]] // lanes[sample] * lanes[sample]
        assert written == counts[sample] + strange.sum()
    pairs = units.dropna(subset=["fastq_2"]).iloc[0]
    assert records(folder / pairs["fastq_1"]) == records(folder / pairs["fastq_2"])


def test_everything_planted_is_there(trial: Written) -> None:
    folder = trial[0]
    found = planted(folder)
    assert set(found) == {
        "wrong sex",
        "no tissue",
        "failed sample",
        "between two subtypes",
        "not SCLC",
        "target high",
        "mouse",
        "subtype switch",
        "scan after death",
        "unsupported progression",
    }
    assert len({entry["patient_id"] for entry in found.values()}) == 10
    samples = read_table(folder / "config" / "samples.tsv", "samples")
    later = samples.loc[samples["timepoint"] != "baseline", "patient_id"]
    assert set(later) & {entry["patient_id"] for entry in found.values()} == {found["subtype switch"]["patient_id"]}
    assert samples["timepoint"].eq("on_treatment").sum() == 6
    assert found["no tissue"]["patient_id"] not in set(samples["patient_id"])
    truth = pd.read_csv(folder / "truth" / "samples.tsv", sep="\t").set_index("sample_id")
    failed = truth.loc[found["failed sample"]["sample_id"]]
    assert failed["fragments"] < 0.35 * failed["unmapped"]
    assert failed["fragments"] + failed["unmapped"] < 0.2 * truth["fragments"].median()


def test_one_patient_has_the_wrong_sex_in_the_clinical_table(trial: Written) -> None:
    folder = trial[0]
    truth = pd.read_csv(folder / "truth" / "patients.tsv", sep="\t").set_index("patient_id")["sex"]
    stated = read_table(folder / "config" / "clinical" / "patients.csv", "patients").set_index("patient_id")["sex"]
    wrong = truth.index[truth != stated.reindex(truth.index)]
    assert wrong.tolist() == [planted(folder)["wrong sex"]["patient_id"]]


def test_planted_tumours_show_what_they_are(trial: Written) -> None:
    folder, simulated = trial
    tpm = simulated.tpm.join(pd.read_csv(folder / "truth" / "counts.tsv.gz", sep="\t").set_index("gene_id")["symbol"])
    tpm = tpm.set_index("symbol")
    found = planted(folder)
    mixed, other = (tpm[found[kind]["sample_id"]] for kind in ("between two subtypes", "not SCLC"))
    assert mixed["ASCL1"] > 50
    assert mixed["NEUROD1"] > 30
    assert other["ACTA2"] > 1000
    assert other["DES"] > 200
    switch = found["subtype switch"]
    before, after = tpm[f"{switch['patient_id']}-B"], tpm[switch["sample_id"]]
    assert before["ASCL1"] > 10 * before["NEUROD1"]
    assert after["NEUROD1"] > 3 * after["ASCL1"]
    assert tpm.at["DLL3", found["target high"]["sample_id"]] > 300
    assert other[["ASCL1", "NEUROD1", "POU2F3", "INSM1", "CHGA", "MKI67", "TOP2A"]].max() < 5


def test_planted_contradictions_stand_in_the_tables(trial: Written) -> None:
    folder = trial[0]
    clinical = folder / "config" / "clinical"
    found = planted(folder)
    patients = read_table(clinical / "patients.csv", "patients").set_index("patient_id")
    scans = read_table(clinical / "assessments.csv", "assessments")
    dead = found["scan after death"]["patient_id"]
    after = scans["assessment_date"] > scans["patient_id"].map(patients["death_date"])
    assert set(scans.loc[after, "patient_id"]) == {dead}
    assert after.sum() == 1
    held = scans["target_response"].isin(["CR", "PR", "SD"]) & (scans["new_lesion"] == "N")
    odd = scans[(scans["overall_response"] == "PD") & held & (scans["nontarget_response"] != "PD") & ~after]
    assert odd["patient_id"].tolist() == [found["unsupported progression"]["patient_id"]]


def test_one_sample_holds_reads_of_the_simulated_mouse(trial: Written, units: pd.DataFrame) -> None:
    folder = trial[0]
    contigs = folder / yaml.safe_load((folder / "config" / "config.yaml").read_text())["strangers"]["contigs"]
    (mouse,) = [planted(folder)["mouse"]["sample_id"]]
    shares = {}
    for sample in (mouse, "P001-B", "P012-B"):
        unit = units[units["sample_id"] == sample].iloc[0]
        found = count_strangers([(folder / unit["fastq_1"], folder / unit["fastq_2"])], contigs)
        assert {kind for kind, count in found.items() if count} <= {"mouse", "fragments"}
        shares[sample] = found["mouse"] / found["fragments"]
    assert 0.05 < shares.pop(mouse) < 0.08
    assert set(shares.values()) == {0}


def test_ctdna_is_measured_before_treatment_and_cleared_by_those_who_progress_late(trial: Written) -> None:
    folder = trial[0]
    config = yaml.safe_load((folder / "config" / "config.yaml").read_text())
    table = read_table(folder / config["clinical"]["biomarkers"], "biomarkers")
    assert list(biomarker_problems(table)) == []
    patients = read_table(folder / config["clinical"]["patients"], "patients").set_index("patient_id")
    day = (table["date"] - table["patient_id"].map(patients["treatment_start_date"])).dt.days + 1
    value = table["value"].astype(float)
    before = day <= 1
    assert sorted(table.loc[before, "patient_id"]) == sorted(patients.index)
    assert (value[before] > 0).all()
    truth = pd.read_csv(folder / "truth" / "patients.tsv", sep="\t").set_index("patient_id")
    first = day[(value == 0) & ~before].groupby(table["patient_id"]).min().reindex(truth.index)
    pd.testing.assert_series_equal(first.astype(float), truth["ctdna_cleared_day"], check_names=False)
    late = truth["progression_days"] > 160
    assert first[late].notna().mean() > 0.6
    assert first[truth["progression_days"] < 90].notna().mean() < 0.2
    families = yaml.safe_load((folder / config["plan"]).read_text())["families"]
    (entry,) = [entry for family in families for entry in family["entries"] if entry["biomarker"] == "clearance"]
    assert entry["markers"] == table["marker"].unique().tolist() == ["ctDNA"]


def test_truth_names_the_effects(trial: Written) -> None:
    folder = trial[0]
    effects = json.loads((folder / "truth" / "effects.json").read_text())
    assert effects["pfs"]["subtype"]["log_hazard_ratio"] == pytest.approx(LOG_HAZARD_RATIOS)
    assert np.exp(effects["pfs"]["inflammation"]["log_hazard_ratio_per_unit"]) == pytest.approx(0.6)
    truth = pd.read_csv(folder / "truth" / "patients.tsv", sep="\t").set_index("patient_id")
    ordinary = truth[truth["role"] == "ordinary"]
    ratio = effects["pfs"]["subtype"]["log_hazard_ratio"]
    expected = ordinary["subtype"].map(ratio) + np.log(0.6) * ordinary["inflammation"]
    np.testing.assert_allclose(np.log(ordinary["hazard_multiplier"]), expected, atol=1e-6)
    assert set(ordinary["subtype"]) == {"A", "N", "P", "I"}


def test_sex_of_a_sample_is_that_of_its_patient(trial: Written) -> None:
    folder, simulated = trial
    patients = pd.read_csv(folder / "truth" / "patients.tsv", sep="\t").set_index("patient_id")
    sexes = simulated.samples["donor"].map(patients["sex"])
    y_gene, x_gene = "ENSG00000129824", "ENSG00000229807"
    assert ((simulated.tpm.loc[y_gene] > simulated.tpm.loc[x_gene]) == (sexes == "M")).all()
