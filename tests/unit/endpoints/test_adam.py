"""ADaM in: SAS transport files and CSV give the project's tables, by the documented mapping."""

from __future__ import annotations

import subprocess
from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from warm import python

from anpi.adverse_events.table import adverse_event_table, safety_set
from anpi.endpoints.derive import derive_endpoints
from anpi.endpoints.observations import observe
from anpi.endpoints.queries import find_queries
from anpi.endpoints.rules import make_rules
from anpi.files.writing import write_table
from anpi.problems import InputError
from anpi.tables.adam import MAPPING, convert_adam, read_adam
from anpi.tables.clinical import Clinical, read_clinical
from anpi.tables.reading import read_table
from anpi.tables.schema import load_schema

ROOT = Path(__file__).resolve().parents[3]
ADSL = pd.DataFrame(
    {
        "USUBJID": ["S-01", "S-02"],
        "TRT01P": ["Drug", "Drug plus"],
        "TRT01A": ["Drug", "Drug"],
        "SEX": ["F", "U"],
        "AGE": [61.0, 70.0],
        "TRTSDT": [date(2024, 1, 1), date(2024, 1, 8)],
        "DTHDT": [None, date(2024, 5, 20)],
        "LSTALVDT": [date(2024, 7, 19), None],
        "NACTDT": [date(2024, 4, 2), None],
        "EOSDT": [date(2024, 6, 1), date(2024, 5, 20)],
        "DCSREAS": ["WITHDRAWAL BY SUBJECT", "DEATH"],
    }
)
ADRS = pd.DataFrame(
    [
        ("S-01", "OVR", "SD", "2024-02-12"), ("S-01", "TRGRESP", "SD", "2024-02-12"),
        ("S-01", "NEWLPROG", "EQUIVOCAL", "2024-02-12"),
        ("S-01", "OVR", "PD", "2024-03"), ("S-01", "NEWLPROG", "UNEQUIVOCAL", "2024-03"),
        ("S-02", "OVR", "CHECK", "2024-02-19"),
        ("S-02", "BOR", "SD", "2024-02-19"), ("S-02", "OVR", "NN", "2024-03-19"),
    ],
    columns=["USUBJID", "PARAMCD", "AVALC", "ADT"],
)  # fmt: skip
ADTTE = pd.DataFrame(
    {
        "USUBJID": ["S-01", "S-01", "S-02"],
        "PARAMCD": ["PFS", "OS", "PFS"],
        "AVAL": [91.0, 2.0, 43.0],
        "AVALU": ["DAYS", "MONTHS", "DAYS"],
        "CNSR": [0.0, 1.0, 2.0],
    }
)
ADTR = pd.DataFrame(
    [
        ("S-01", "TARGET", "T01", "LDIAM", 20.5, "", "", "2023-12", "LIVER"),
        ("S-01", "TARGET", "T01", "LPERP", 9.0, "", "", "2023-12", "LIVER"),
        ("S-01", "TARGET", "T02", "LDIAM", 30.0, "", "", "2023-12", "LYMPH NODE"),
        ("S-01", "TARGET", "T02", "LPERP", 16.0, "", "", "2023-12", "LYMPH NODE"),
        ("S-01", "TARGET", "", "SUMDIAM", 36.5, "", "", "2023-12", ""),
        ("S-01", "TARGET", "T01", "LDIAM", None, "", "NOT DONE", "2024-02-12", "LIVER"),
        ("S-01", "NON-TARGET", "NT01", "TUMSTATE", None, "UNEQUIVOCAL", "", "2024-02-12", ""),
        ("S-01", "NEW", "N01", "TUMSTATE", None, "EQUIVOCAL", "", "2024-02-12", ""),
    ],
    columns=["USUBJID", "TRGRPID", "TRLNKID", "TRTESTCD", "TRSTRESN", "TRSTRESC", "TRSTAT", "TRDTC", "TULOC"],
)
ADAE = pd.DataFrame(
    {
        "USUBJID": ["S-01", "S-02"], "AEDECOD": ["NAUSEA", "RASH"], "AEBODSYS": ["GASTROINTESTINAL", "SKIN"],
        "AESEV": ["MODERATE", "SEVERE"], "ASTDT": [date(2024, 1, 5), None],
        "AESER": ["N", "Y"], "AEREL": ["POSSIBLE", "NONE"],
    }
)  # fmt: skip
DATASETS = {"ADSL": ADSL, "ADRS": ADRS, "ADTTE": ADTTE, "ADTR": ADTR, "ADAE": ADAE}


@pytest.fixture(params=["xpt", "csv"])
def written(request, tmp_path) -> dict[str, Path]:
    paths = {}
    for name, frame in DATASETS.items():
        paths[name] = tmp_path / f"{name.lower()}.{request.param}"
        if request.param == "xpt":
            pyreadstat.write_xport(frame, str(paths[name]), table_name=name)
        else:
            frame.to_csv(paths[name], index=False)
    return paths


def read_back(converted, folder: Path) -> dict[str, pd.DataFrame]:
    frames = {}
    for table, frame in converted.tables.items():
        write_table(folder / f"{table}.csv", frame)
        frames[table] = read_table(folder / f"{table}.csv", table)
    return frames


def test_datasets_become_tables(written, tmp_path):
    converted = convert_adam(written)
    tables = read_back(converted, tmp_path)
    patients = tables["patients"].set_index("patient_id")
    assert patients.loc["S-02", ["arm", "arm_received"]].tolist() == ["Drug plus", "Drug"]
    assert patients["sex"].tolist() == ["F", None]
    assert patients["withdrawal_date"].tolist() == [pd.Timestamp("2024-06-01"), pd.NaT]
    assert tables["therapies"].to_dict("list")["start_date"] == [pd.Timestamp("2024-04-02")]
    assert patients.loc["S-01", "treatment_start_date"] == pd.Timestamp("2024-01-01")
    assert patients.loc["S-02", "death_date"] == pd.Timestamp("2024-05-20")
    # CNSR 0 is an event; 2 months are 60.875 days
    assert patients.loc["S-01", ["pfs_days", "pfs_event", "os_days", "os_event"]].tolist() == [91, 1, 60.875, 0]
    assert patients.loc["S-02", "pfs_event"] == 0
    scans = tables["assessments"]
    assert list(zip(scans["patient_id"], scans["overall_response"], scans["new_lesion"], strict=True)) == [
        ("S-01", "SD", "E"), ("S-01", "PD", "Y"), ("S-02", "NON-CR/NON-PD", None),
    ]  # fmt: skip
    assert scans["assessment_date"].tolist()[1] == pd.Timestamp("2024-03-31")  # the last day of a partial date
    lesions = tables["lesions"].set_index(["lesion_id", "assessment_date"])
    assert len(lesions) == 5
    before = pd.Timestamp("2023-12-01")  # the first day of a partial date
    assert str(lesions.loc[("T01", before), "diameter_mm"]) == "20.5"
    assert lesions.loc[("T02", before), ["diameter_mm", "node"]].astype(str).tolist() in (["16", "Y"], ["16.0", "Y"])
    after = pd.Timestamp("2024-02-12")
    assert [lesions.loc[(name, after), "status"] for name in ("T01", "NT01", "N01")] == [
        "not done",
        "unequivocal",
        "equivocal",
    ]
    events = tables["adverse_events"]
    assert events[["grade", "serious", "related"]].to_numpy().tolist() == [[2, "N", "Y"], [3, "Y", "N"]]
    assert events["start_date"].isna().tolist() == [False, True]


def test_what_is_left_out_is_told(written):
    notes = convert_adam(written).notes
    assert "assessments overall_response: 1 values CHECK left out" in notes
    assert "lesions: 5 partial dates, 5 completed to the first day, 0 left out" in notes


def changed(written: dict[str, Path], folder: Path, **datasets: pd.DataFrame) -> dict[str, Path]:
    """Write datasets in place of those of the fixture."""
    for name, frame in datasets.items():
        written = written | {name: folder / f"{name.lower()}_changed.csv"}
        frame.to_csv(written[name], index=False)
    return written


def test_words_of_causality_are_never_guessed(written, tmp_path):
    """POSSIBLY RELATED is related; a word that nobody knows is neither related nor unrelated."""
    words = ["POSSIBLY RELATED", "Probably related", "RELATED", "REMOTE", "NOT RELATED", "UNLIKELY", "STUDY DRUG", None]
    events = pd.DataFrame(
        {"USUBJID": "S-01", "AEDECOD": "RASH", "AEBODSYS": "SKIN", "AESEV": "MILD", "AEREL": words}, index=range(8)
    )
    converted = convert_adam(changed(written, tmp_path, ADAE=events))
    assert converted.tables["adverse_events"]["related"].tolist() == ["Y", "Y", "Y", "Y", "N", "N", None, None]
    assert "adverse events related: 1 values STUDY DRUG left out" in converted.notes


def test_no_lesion_is_left_out_in_silence(written, tmp_path):
    """A kind that is not known, a node without its short axis."""
    rows = [
        ("S-01", "TARGET LESIONS", "T03", "LDIAM", 22.0, "", "", "2024-01-01", "LUNG"),
        ("S-01", "TARGET", "T04", "LDIAM", 25.0, "", "", "2024-01-01", "LYMPH NODE"),
    ]
    lesions = pd.concat([ADTR, pd.DataFrame(rows, columns=ADTR.columns)])
    converted = convert_adam(changed(written, tmp_path, ADTR=lesions))
    assert not converted.tables["lesions"]["lesion_id"].isin(["T03", "T04"]).any()
    assert "lesions: 1 diameters left out without a lesion, a date, or TARGET, NON-TARGET or NEW" in converted.notes
    assert "lesions: 1 longest diameters of nodes left out, which have no short axis (LPERP)" in converted.notes
    assert not any("left out" in note and "lesions" in note for note in told_of_lesions(convert_adam(written).notes))


def told_of_lesions(notes: list[str]) -> list[str]:
    """Notes of lesions but those of partial dates and of sums."""
    return [note for note in notes if "partial dates" not in note and "other measurements" not in note]


def test_a_second_time_to_event_and_an_unknown_new_lesion_are_told(written, tmp_path):
    twice = pd.concat([ADTTE, ADTTE.iloc[[0]].assign(AVAL=60.0)])
    scans = pd.concat([ADRS, pd.DataFrame([("S-01", "NEWLPROG", "MAYBE", "2024-04-02")], columns=ADRS.columns)])
    scans = pd.concat([scans, pd.DataFrame([("S-01", "OVR", "SD", "2024-04-02")], columns=ADRS.columns)])
    converted = convert_adam(changed(written, tmp_path, ADTTE=twice, ADRS=scans))
    assert converted.tables["patients"].set_index("patient_id").loc["S-01", "pfs_days"] == "91"
    assert "patients pfs_days: 1 rows left out, a subject's first row stands" in converted.notes
    assert "assessments new_lesion: 1 values MAYBE left out" in converted.notes


def test_every_column_of_the_mapping_is_a_column_of_its_table():
    for rule in MAPPING:
        assert rule.column in load_schema(rule.table)["properties"], rule
    counted = Counter((rule.dataset, rule.table, rule.column) for rule in MAPPING)
    assert max(counted.values()) == 1


def test_mapping_is_documented():
    text = (ROOT / "docs" / "methods" / "endpoints.md").read_text(encoding="utf-8")
    for rule in MAPPING:
        line = f"| {rule.dataset} | {', '.join(rule.variables)} | {rule.table}.{rule.column} | {rule.how} |"
        assert line in text


def test_dataset_without_its_variables_is_refused(tmp_path):
    ADSL.drop(columns="TRT01P").rename(columns={"TRT01A": "TREATMENT"}).to_csv(tmp_path / "adsl.csv", index=False)
    with pytest.raises(InputError, match=r"no variable for patients column arm.*expected TRT01P or ARM or TRT01A"):
        convert_adam({"ADSL": tmp_path / "adsl.csv"})


def small(folder: Path, **datasets: str) -> dict[str, Path]:
    """Write datasets from their text, beside an ADSL of two subjects."""
    texts = {"ADSL": "USUBJID,TRT01P\nX-001,A\nX-002,B\n"} | datasets
    paths = {name: folder / f"{name.lower()}.csv" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text)
    return paths


TWO_READERS = (
    "USUBJID,PARAMCD,AVALC,ADT,AVISIT,{}\n"
    "X-001,OVR,PR,2024-02-12,W6,Investigator\n"
    "X-001,OVR,SD,2024-02-12,W6,Independent\n"
    "X-001,TRGRESP,SD,2024-02-12,W6,Independent\n"
)


@pytest.mark.parametrize("variable", next(rule.variables for rule in MAPPING if rule.column == "evaluator"))
def test_each_readers_responses_stand_in_the_readers_own_row(tmp_path, variable):
    scans = convert_adam(small(tmp_path, ADRS=TWO_READERS.format(variable))).tables["assessments"]
    found = scans.set_index("evaluator")[["overall_response", "target_response"]]
    assert found.loc["Investigator"].tolist() == ["PR", None]
    assert found.loc["Independent"].tolist() == ["SD", "SD"]


def test_radiologists_of_one_review_are_told_apart(tmp_path):
    """SDTM names an independent review in RSEVAL and its radiologists in RSEVALID."""
    scans = (
        "USUBJID,PARAMCD,AVALC,ADT,RSEVAL,RSEVALID\n"
        "X-001,TRGRESP,SD,2024-02-12,INDEPENDENT ASSESSOR,RADIOLOGIST 2\n"
        "X-001,OVR,PR,2024-02-12,INDEPENDENT ASSESSOR,RADIOLOGIST 1\n"
        "X-001,TRGRESP,PR,2024-02-12,INDEPENDENT ASSESSOR,RADIOLOGIST 1\n"
        "X-001,OVR,SD,2024-02-12,INDEPENDENT ASSESSOR,RADIOLOGIST 2\n"
        "X-001,OVR,PD,2024-02-12,INVESTIGATOR,\n"
    )
    lesions = (
        "USUBJID,TRTESTCD,TRSTRESN,TRDTC,TRLNKID,TRGRPID,TREVAL,TREVALID\n"
        "X-001,LDIAM,20,2024-02-12,T01,TARGET,INDEPENDENT ASSESSOR,RADIOLOGIST 1\n"
        "X-001,LDIAM,30,2024-02-12,T01,TARGET,INDEPENDENT ASSESSOR,RADIOLOGIST 2\n"
    )
    tables = convert_adam(small(tmp_path, ADRS=scans, ADTR=lesions)).tables
    found = tables["assessments"].set_index("evaluator")[["overall_response", "target_response"]]
    assert found.loc["INDEPENDENT ASSESSOR: RADIOLOGIST 1"].tolist() == ["PR", "PR"]
    assert found.loc["INDEPENDENT ASSESSOR: RADIOLOGIST 2"].tolist() == ["SD", "SD"]
    assert found.loc["INVESTIGATOR"].tolist() == ["PD", None]
    sizes = tables["lesions"].set_index("evaluator")["diameter_mm"].to_dict()
    assert sizes == {f"INDEPENDENT ASSESSOR: RADIOLOGIST {n}": size for n, size in ((1, "20"), (2, "30"))}


def test_one_reader_of_a_review_needs_no_name(tmp_path):
    scans = (
        "USUBJID,PARAMCD,AVALC,ADT,RSEVAL,RSEVALID\n"
        "X-001,OVR,PR,2024-02-12,INDEPENDENT ASSESSOR,RADIOLOGIST 1\n"
        "X-002,OVR,SD,2024-02-12,INDEPENDENT ASSESSOR,RADIOLOGIST 1\n"
    )
    table = convert_adam(small(tmp_path, ADRS=scans)).tables["assessments"]
    assert table["evaluator"].tolist() == ["INDEPENDENT ASSESSOR"] * 2


def test_a_value_without_its_parameter_is_no_response_of_target_lesions(tmp_path):
    rows = "USUBJID,OVRLRESP,AVALC,ADT\nX-001,PD,PD,2024-02-12\n"
    scans = convert_adam(small(tmp_path, ADRS=rows)).tables["assessments"]
    assert scans["overall_response"].tolist() == ["PD"]
    assert "target_response" not in scans


def test_responses_without_a_date_are_counted(tmp_path):
    rows = "USUBJID,PARAMCD,AVALC,ADT\nX-001,OVR,PD,\nX-001,OVR,SD,2024-02-12\n"
    converted = convert_adam(small(tmp_path, ADRS=rows))
    assert converted.tables["assessments"]["overall_response"].tolist() == ["SD"]
    assert "assessments: 1 rows without a date left out" in converted.notes


@pytest.mark.parametrize(
    ("unit", "days"),
    [("DAY", 2.0), ("days", 2.0), ("WEEK", 14.0), ("Month", 60.875), ("MONTHS", 60.875), ("YEAR", 730.5), ("", 2.0)],
)
def test_units_of_time_are_known_in_singular_and_plural(tmp_path, unit, days):
    rows = f"USUBJID,PARAMCD,AVAL,AVALU,CNSR\nX-001,OS,2,{unit},0\nX-002,OS,1,DAYS,1\n"
    patients = convert_adam(small(tmp_path, ADTTE=rows)).tables["patients"]
    assert [float(text) for text in patients["os_days"]] == [days, 1.0]
    assert patients["os_event"].tolist() == ["1", "0"]


def test_times_are_found_by_the_subject_that_adsl_names(tmp_path):
    paths = small(
        tmp_path,
        ADSL="SUBJID,TRT01P\n001,A\n",
        ADTTE="SUBJID,PARAMCD,AVAL,CNSR\n001,OS,100,0\n001,TTR,43,0\n",
    )
    converted = convert_adam(paths)
    assert converted.tables["patients"][["os_days", "os_event"]].to_numpy().tolist() == [["100", "1"]]
    assert "patients: 1 rows of ADTTE left out, of parameter TTR" in converted.notes


@pytest.mark.parametrize(
    ("dataset", "text", "words"),
    [
        ("ADTTE", "USUBJID,PARAMCD,AVAL,CNSR\nX-001,OS,90,0\nx-002,OS,100,0\n",
         "adtte.csv, row 3, column USUBJID: found 'x-002', expected a subject of ADSL. Is it X-002?"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL,CNSR\nX-003,OS,100,0\n",
         "adtte.csv, row 2, column USUBJID: found 'X-003', expected a subject of ADSL. Add the subject to ADSL"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL,CNSR\n,OS,100,0\n", "row 2, column USUBJID: found '', expected a subject"),
        ("ADTTE", "USUBJID,AVAL,CNSR\nX-001,100,0\n", "adtte.csv, row 1: no variable for the parameter"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL\nX-001,OS,100\n", "no variable for patients column pfs_event.*expected CNSR"),
        ("ADTTE", "USUBJID,PARAMCD,CNSR\nX-001,OS,0\n", "no variable for patients column pfs_days.*expected AVAL"),
        ("ADTTE", "PARAMCD,AVAL,CNSR\nOS,100,0\n", "column patient_id.*expected USUBJID or SUBJID"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL,CNSR\nX-001,OS,abc,0\n", "row 2, column AVAL: found 'abc', expected a number"),
        ("ADTTE", 'USUBJID,PARAMCD,AVAL,CNSR\nX-001,OS,"10,5",0\n', "row 2, column AVAL: found '10,5'"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL,CNSR\nX-001,OS,100,N\n", "row 2, column CNSR: found 'N', expected 0 for an"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL,CNSR\nX-001,OS,100,-1\n", "row 2, column CNSR: found '-1'"),
        ("ADTTE", "USUBJID,PARAMCD,AVAL,AVALU,CNSR\nX-001,OS,1,HOURS,0\n",
         "row 2, column AVALU: found 'HOURS', expected DAYS, WEEKS, MONTHS or YEARS"),
        ("ADRS", "USUBJID,AVALC,ADT\nX-001,PR,2024-01-13\n",
         "no variable for the overall response.*expected OVRLRESP, or PARAMCD with AVALC"),
        ("ADRS", "USUBJID,PARAMCD,ADT\nX-001,OVR,2024-01-13\n", "one row per PARAMCD.*expected AVALC or RSSTRESC"),
        ("ADRS", "USUBJID,PARAMCD,AVALC,ADT\nX-001,OVR,PR,2024-13\n",
         "adrs.csv, row 2, column ADT: found '2024-13', expected a date of the calendar"),
        ("ADTR", "USUBJID,TRTESTCD,TRSTRESN,TRDTC,TRLNKID,TRGRPID\nX-001,LDIAM,20,2024-00,T1,TARGET\n",
         "adtr.csv, row 2, column TRDTC: found '2024-00', expected a date of the calendar"),
        ("ADSL", "USUBJID,TRT01P,DTHDTC\nX-001,A,2024-13\n", "adsl.csv, row 2, column DTHDTC: found '2024-13'"),
    ],
)  # fmt: skip
def test_datasets_that_cannot_be_converted_are_refused_with_their_place(tmp_path, dataset, text, words):
    with pytest.raises(InputError, match=words):
        convert_adam(small(tmp_path, **{dataset: text}))


def test_file_that_is_no_transport_file(tmp_path):
    (tmp_path / "adsl.xpt").write_text("USUBJID,TRT01P\n")
    with pytest.raises(InputError, match="not a SAS transport file"):
        convert_adam({"ADSL": tmp_path / "adsl.xpt"})


@pytest.fixture(scope="module")
def cdisc_like(external_data, tmp_path_factory):
    """The 254 subjects of the CDISC-like data, converted by the program."""
    source, folder = external_data / "clinical" / "pharmaverse", tmp_path_factory.mktemp("cdisc")
    command = [python(), str(ROOT / "scripts" / "convert_adam.py"), "--out-dir", str(folder)]
    for dataset, name in (
        ("adsl", "subjects"), ("adrs", "assessments_investigator"), ("adtr", "lesions_investigator"),
        ("adae", "adverse_events"),
    ):  # fmt: skip
        command += [f"--{dataset}", str(source / f"{name}.csv")]
    subprocess.run(command, check=True, capture_output=True)
    names = ("patients", "assessments", "lesions", "adverse_events")
    return read_clinical({name: folder / f"{name}.csv" for name in names})


def test_adverse_events_of_254_subjects_equal_the_table_made_in_r(cdisc_like, external_data):
    rules = make_rules({})
    settings = rules.settings["adverse_events"]
    table = adverse_event_table(safety_set(cdisc_like, settings, None), settings)
    keys = ["level", "category", "soc", "term", "grade", "arm"]
    found = table.fillna({"soc": "", "term": ""}).set_index(keys)[["n", "N", "percent"]].to_dict("index")
    level = {
        "any TEAE": ("any", "all"), "any serious TEAE": ("any", "serious"), "drug-related TEAE": ("any", "related"),
        "fatal TEAE": ("any", "fatal"), "SOC": ("soc", "all"), "PT": ("term", "all"),
    }  # fmt: skip
    grade = {"any": "any", "MILD": "1", "MODERATE": "2", "SEVERE": "3"}
    expected = pd.read_csv(external_data / "parity" / "05_ae_table_expected.csv", keep_default_na=False)
    assert len(expected) == 3057
    for row in expected.itertuples():
        cell = found[(*level[row.level], row.soc, row.pt, grade[row.worst_severity], row.arm)]
        assert (cell["n"], cell["N"]) == (row.n, row.N), row
        assert cell["percent"] == pytest.approx(row.pct, abs=1e-4)


def test_queries_find_the_flaw_of_the_reported_target_responses(cdisc_like):
    """The source judged progression from baseline, not from the nadir: a sum 20% and 5 mm above its nadir is reported
    as PR or SD."""
    rules = make_rules({})
    seen = observe(cdisc_like, rules)
    endpoints = derive_endpoints(cdisc_like, seen, rules)
    assert len(endpoints) == 254
    assert endpoints["patient_id"].is_unique
    queries = find_queries(cdisc_like, seen, endpoints, rules)
    asked = {
        (q.patient_id, q.day) for q in queries if q.rule == "target_response_differs" and "derived PD" in q.message
    }
    points = seen.timepoints
    grown = (5 * points["sum"] >= 6 * points["nadir"]) & (points["sum"] - points["nadir"] >= 5_000_000)
    flawed = points[grown & points["target_reported"].isin(["PR", "SD"])]
    complete = {(patient, int(day)) for patient, day in zip(flawed["patient_id"], flawed["day"], strict=True)}
    assert len(complete) > 40
    assert complete <= asked
    # Away from the nadir the arithmetic agrees with what was reported.
    whole = points[points["sum"].notna() & points["target_reported"].notna()]
    agree = (whole["target_response"] == whole["target_reported"]) | whole["target_response"].eq("PD")
    assert agree.mean() > 0.99


def test_confirmed_response_pfs_and_os_of_205_subjects_equal_pharmaverseadam(cdisc_like):
    """From the reported responses, with admiralonco's rules (SD from day 42, no missed scans, no data cut-off)."""
    settings = {
        "reference": "randomisation",
        "stable_disease": {"minimum_days": 42},
        "progression": {"primary": "ema", "sensitivity": None},
        "survival": {"last_alive": "as_recorded"},
    }
    rules = make_rules(settings)
    reported = Clinical(cdisc_like.patients, cdisc_like.assessments)
    found = derive_endpoints(reported, observe(reported, rules), rules).set_index("patient_id")
    expected = pd.read_csv(ROOT / "tests" / "data" / "parity" / "pharmaverse_pfs.csv").set_index("USUBJID")
    found = found.loc[expected.index]
    assert len(found) == 205
    assert found["cbor"].tolist() == expected["CBOR"].tolist()
    assert found["response"].tolist() == expected["CRSP"].tolist()
    assert found["pfs_days"].tolist() == expected["PFS_days"].tolist()
    assert found["pfs_event"].tolist() == (1 - expected["PFS_cnsr"]).tolist()
    assert found["os_days"].tolist() == expected["OS_days"].tolist()
    assert found["os_event"].tolist() == (1 - expected["OS_cnsr"]).tolist()
    # LSTALVDT lies before the last scan of seven subjects, who were alive at it.
    rules = make_rules(settings | {"survival": {}})
    longer = derive_endpoints(reported, observe(reported, rules), rules).set_index("patient_id").loc[expected.index]
    assert (longer["os_days"] > found["os_days"]).sum() == 7
    assert (longer["os_days"] >= longer["pfs_days"]).all()


@pytest.mark.parametrize(
    ("arm", "encoding"),
    [("卡度尼利单抗", "utf-8"), ("卡度尼利单抗组", "gbk"), ("Prüfarm groß", "cp1252"), ("治療組", "big5")],
)
def test_texts_of_a_transport_file_are_read_in_their_encoding(arm: str, encoding: str, tmp_path: Path):
    """The file names none; sessions of SAS write it in their own."""
    path = tmp_path / "adsl.xpt"
    frame = pd.DataFrame({"USUBJID": ["S-01"], "TRT01P": ["#" * 20], "TRTSDT": [23440.0]})
    pyreadstat.write_xport(frame, str(path), table_name="ADSL")
    path.write_bytes(path.read_bytes().replace(b"#" * 20, arm.encode(encoding).ljust(20)))
    if encoding == "big5":
        with pytest.raises(InputError, match=r"adsl.xpt: not UTF-8 text, expected UTF-8, UTF-16, Windows-1252 or GBK"):
            read_adam(path)
    else:
        assert read_adam(path).to_dict("records") == [{"USUBJID": "S-01", "TRT01P": arm, "TRTSDT": "2024-03-05"}]
