"""Treatment-emergent adverse events and their table."""

from __future__ import annotations

import csv
import json
import subprocess
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from warm import python

from anpi.adverse_events.emergent import Event, Treatment, emergent_in_group, is_emergent
from anpi.adverse_events.table import adverse_event_table, safety_set
from anpi.endpoints.rules import make_rules
from anpi.tables.clinical import read_clinical

ROOT = Path(__file__).resolve().parents[3]
EPOCH = datetime(2000, 1, 1)


def days(text: str) -> float | None:
    return (datetime.fromisoformat(text) - EPOCH).total_seconds() / 86400 if text else None


def test_published_cases_of_admiral_and_phuse():
    with open(ROOT / "tests" / "data" / "clinical" / "treatment_emergent.tsv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found = {}
    groups = defaultdict(list)
    for row in rows:
        window = int(row["window_days"]) if row["window_days"] else None
        treatment = Treatment(days(row["first_dose"]), days(row["last_dose"]), window, row["whole_days"] == "1")
        event = Event(days(row["start"]), days(row["end"]), int(row["grade"]), int(row["initial_grade"]))
        if row["group"]:
            groups[row["test"], row["subject"], row["group"]].append((row["id"], event, treatment))
        else:
            found[row["id"]] = is_emergent(event, treatment, row["worsening"] == "1")
    for members in groups.values():
        flags = emergent_in_group([event for _, event, _ in members], members[0][2])
        found |= {name: flag for (name, _, _), flag in zip(members, flags, strict=True)}
    assert len(found) == 110
    assert found == {row["id"]: row["emergent"] == "1" for row in rows}


PATIENTS = """patient_id,arm,treatment_start_date,treatment_end_date,death_date,last_alive_date
P1,A,2024-01-01,2024-03-01,,2024-07-01
P2,A,2024-01-01,2024-03-01,2024-03-10,
P3,B,2024-01-01,,,2024-04-09
P4,B,,,,
"""
HEADER = "patient_id,term,soc,grade,start_date,end_date,serious,action\n"
EVENTS = (
    HEADER
    + """P1,Nausea,Gastrointestinal,1,2024-01-10,2024-01-12,N,
P1,Nausea,Gastrointestinal,3,2024-01-20,2024-01-22,N,drug withdrawn
P1,Diarrhoea,Gastrointestinal,2,2024-01-20,2024-01-22,N,
P2,Nausea,Gastrointestinal,2,2024-02-01,,N,
P2,Pneumonitis,Respiratory,5,2024-03-08,2024-03-10,Y,
P1,Rash,Skin,1,2023-12-01,2023-12-20,N,
P1,Rash,Skin,2,2024-05-01,2024-05-02,N,
P3,Nausea,Gastrointestinal,1,2024-01-05,,Y,
P4,Nausea,Gastrointestinal,1,2024-01-05,,N,
"""
)


def tabulate(
    folder: Path, patients: str = PATIENTS, events: str = EVENTS, **rules
) -> tuple[pd.DataFrame, dict[str, int]]:
    (folder / "patients.csv").write_text(patients)
    (folder / "adverse_events.csv").write_text(events)
    clinical = read_clinical({name: folder / f"{name}.csv" for name in ("patients", "adverse_events")})
    checked = make_rules(rules)
    safety = safety_set(clinical, checked.settings["adverse_events"], checked.cutoff)
    return adverse_event_table(safety, checked.settings["adverse_events"]), safety.dropped


def cell(
    table: pd.DataFrame, arm: str = "all", soc: str | None = None, term: str | None = None, category="all", grade="any"
):
    level = "term" if term else "soc" if soc else "any"
    rows = table[
        (table["level"] == level) & (table["arm"] == arm) & (table["category"] == category) & (table["grade"] == grade)
    ]
    if soc:
        rows = rows[rows["soc"] == soc]
    if term:
        rows = rows[rows["term"] == term]
    assert len(rows) == 1
    return rows.iloc[0]


def test_patients_are_counted_once_at_their_worst_grade(tmp_path):
    table, dropped = tabulate(tmp_path)
    nausea = {
        grade: cell(table, soc="Gastrointestinal", term="Nausea", grade=grade)["n"]
        for grade in ("any", "1", "2", "3", ">=3")
    }
    assert nausea == {"any": 3, "1": 1, "2": 1, "3": 1, ">=3": 1}
    assert cell(table, "A", "Gastrointestinal")[["n", "N", "events"]].tolist() == [2, 2, 4]
    assert cell(table, "A", grade="5")["n"] == 1
    assert cell(table, "A", grade="2")["n"] == 0  # P2's worst is 5
    assert cell(table, "B")[["n", "N"]].tolist() == [1, 1]  # P4 was not treated
    assert cell(table)["percent"] == 100
    assert cell(table, "B", "Respiratory")["n"] == 0
    others = {"after the data cut-off": 0, "after death": 0, "not treatment-emergent": 2}
    assert dropped == {"of patients who were not treated": 1} | others


def test_spellings_of_a_term_are_one_term(tmp_path):
    """Upper case, lower case and blanks make no other event: three patients had nausea, whoever wrote it down."""
    spelt = EVENTS.replace("P2,Nausea,Gastrointestinal", "P2,NAUSEA,gastrointestinal").replace(
        "P3,Nausea,Gastrointestinal", "P3, nausea ,Gastrointestinal  "
    )
    assert spelt.count("Nausea") == EVENTS.count("Nausea") - 2
    table, dropped = tabulate(tmp_path, events=spelt)
    expected, expected_dropped = tabulate(tmp_path)
    pd.testing.assert_frame_equal(table, expected)
    assert dropped == expected_dropped


def test_a_row_given_twice_counts_once(tmp_path):
    line = EVENTS.splitlines()[2]
    table, dropped = tabulate(tmp_path, events=EVENTS + line + "\n")
    expected, expected_dropped = tabulate(tmp_path)
    pd.testing.assert_frame_equal(table, expected)
    assert dropped == expected_dropped


def test_categories(tmp_path):
    table, _ = tabulate(tmp_path)
    assert cell(table, category="serious")["n"] == 2
    assert cell(table, category="stopped")["n"] == 1
    assert cell(table, category="delayed")["n"] == 0
    assert cell(table, category="fatal")["n"] == 1
    # Nobody said what is related: that is not the same as nothing being related.
    assert "related" not in set(table["category"])
    assert cell(table, category="stopped")["not_stated"] == 5


def test_order_is_by_frequency(tmp_path):
    table, _ = tabulate(tmp_path)
    assert list(dict.fromkeys(table["soc"].dropna())) == ["Gastrointestinal", "Respiratory"]
    assert list(dict.fromkeys(table.loc[table["soc"] == "Gastrointestinal", "term"].dropna())) == [
        "Nausea",
        "Diarrhoea",
    ]


def test_rate_is_of_first_events_per_time_at_risk(tmp_path):
    """P1: first nausea on day 10; P2: on day 32; P3: on day 5; so 3 events in 47 days."""
    table, _ = tabulate(tmp_path)
    nausea = cell(table, soc="Gastrointestinal", term="Nausea")
    assert nausea["patient_years"] == pytest.approx(47 / 365.25)
    assert nausea["rate_per_100_patient_years"] == pytest.approx(100 * 3 * 365.25 / 47)
    # Pneumonitis: P1 at risk to 30 days after the last dose (day 91), P2 to day 68, P3 alive on day 100.
    assert cell(table, soc="Respiratory")["patient_years"] == pytest.approx((91 + 68 + 100) / 365.25)


def test_time_at_risk_that_is_not_known_gives_no_rate(tmp_path):
    table, _ = tabulate(tmp_path, PATIENTS.replace("P3,B,2024-01-01,,,2024-04-09", "P3,B,2024-01-01,,,"))
    assert pd.isna(cell(table, "B", "Respiratory")["rate_per_100_patient_years"])
    assert cell(table, "A", "Respiratory")["rate_per_100_patient_years"] > 0


@pytest.mark.parametrize(
    ("death", "alive", "days"),
    [
        ("2024-01-31", "2024-01-11", 31),  # at risk to death, whatever was the last visit before it
        ("2024-01-31", "", 31),
        ("", "2024-01-11", 11),
        ("", "2023-12-20", 1),  # alive on the day of the first dose
    ],
)
def test_time_at_risk_of_who_has_no_last_dose(death, alive, days, tmp_path):
    patients = PATIENTS.replace("P3,B,2024-01-01,,,2024-04-09", f"P3,B,2024-01-01,,{death},{alive}")
    table, _ = tabulate(tmp_path, patients)
    assert cell(table, "B", "Respiratory")["patient_years"] == pytest.approx(days / 365.25)


def test_window_worsening_and_cutoff(tmp_path):
    table, _ = tabulate(tmp_path, adverse_events={"end_window_days": None})
    assert cell(table, soc="Skin")["n"] == 1  # 61 days after the last dose
    worse = EVENTS.replace("action\n", "action,initial_grade\n").replace(",N,\n", ",N,,1\n").replace(",Y,\n", ",Y,,1\n")
    worse = worse.replace("drug withdrawn\n", "drug withdrawn,3\n")
    worse = worse.replace("Rash,Skin,1,2023-12-01,2023-12-20", "Rash,Skin,2,2023-12-01,2024-01-20")
    assert cell(tabulate(tmp_path, events=worse)[0], soc="Skin")["n"] == 1
    assert "Skin" not in set(tabulate(tmp_path, events=worse, adverse_events={"worsening": "none"})[0]["soc"])
    _, dropped = tabulate(tmp_path, data_cutoff="2024-02-15")
    assert dropped["after the data cut-off"] == 2


def test_arm_received_is_the_denominator(tmp_path):
    patients = (
        PATIENTS.replace("\n", ",\n")
        .replace("date,\n", "date,arm_received\n", 1)
        .replace("2024-07-01,", "2024-07-01,B")
    )
    patients = patients.replace("last_alive_date,arm_received", "last_alive_date,arm_received")
    table, _ = tabulate(tmp_path, patients)
    assert (cell(table, "A")["N"], cell(table, "B")["N"]) == (1, 2)


def test_no_event_at_all_is_a_table_of_zeros(tmp_path):
    """Of a trial whose one event was over before treatment."""
    table, _ = tabulate(tmp_path, events=HEADER + "P1,Rash,Skin,1,2023-12-01,2023-12-20,N,\n")
    assert cell(table)[["n", "N"]].tolist() == [0, 3]
    assert set(table["level"]) == {"any"}


def test_program(tmp_path):
    tabulate(tmp_path)
    (tmp_path / "rules.yaml").write_text('adverse_events: {meddra_version: "26.1", ctcae_version: "5.0"}\n')
    command = [python(), ROOT / "scripts" / "tabulate_adverse_events.py", "--patients", "patients.csv"]
    command += ["--adverse-events", "adverse_events.csv", "--rules", "rules.yaml", "--out", "out/ae.tsv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "6 events of 3 treated patients counted" in done.stderr
    assert "2 events left out: not treatment-emergent" in done.stderr
    table = pd.read_csv(tmp_path / "out" / "ae.tsv", sep="\t")
    assert set(table["meddra_version"].astype(str)) == {"26.1"}
    assert json.loads(table["ctcae_version"].drop_duplicates().to_json(orient="values")) == [5.0]
