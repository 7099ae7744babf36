# ruff: noqa: E501
"""Every contradiction is asked about, and sound data ask nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_trial import Trial, scans_of

from anpi.endpoints.queries import query_table

Plant = Callable[[Trial], None]


def sound(trial: Trial, **facts) -> None:
    trial.patient("P", **({"last_alive_at": 200} | facts))


def scanned(trial: Trial, scans: str, **facts) -> None:
    sound(trial, **facts)
    trial.scans("P", scans_of(scans))


def reported(trial: Trial, day: int, overall: str, **more) -> None:
    trial.add("assessments", patient_id="P", assessment_at=day, overall_response=overall, **more)


def lesions(trial: Trial, **sizes_by_day: int) -> None:
    for day, size in ((-7, 50), *((int(day[1:]), size) for day, size in sizes_by_day.items())):
        trial.add(
            "lesions", patient_id="P", assessment_at=day, lesion_id="T1", kind="target", node="N", location="liver",
            diameter_mm=size,
        )  # fmt: skip


def both(*plants: Plant) -> Plant:
    return lambda trial: [plant(trial) for plant in plants] and None


def event(trial: Trial, **facts) -> None:
    trial.add(
        "adverse_events",
        **(
            {
                "patient_id": "P",
                "term": "Nausea",
                "soc": "Gastrointestinal",
                "grade": 1,
                "start_at": 5,
                "end_at": 9,
                "serious": "N",
            }
            | facts
        ),
    )


PLANTED: list[tuple[str, str, Plant]] = [
    ("scan_after_death", "error", lambda t: scanned(t, "42:SD 84:SD", death_at=60, last_alive_at=60)),
    ("scan_before_baseline", "warning", lambda t: scanned(t, "-5:PR 42:SD")),
    ("duplicate_scan", "warning", lambda t: scanned(t, "42:SD 42:SD")),
    ("duplicate_scan", "error", lambda t: scanned(t, "42:SD 42:PD")),
    ("progression_with_shrinking_sum", "error", lambda t: (sound(t), lesions(t, d42=40, d84=35), reported(t, 84, "PD"))),
    ("complete_response_with_target", "error", lambda t: (sound(t), lesions(t, d42=3), reported(t, 42, "CR"))),
    ("overall_response_differs", "error", lambda t: (sound(t), lesions(t, d42=70), reported(t, 42, "SD"))),
    ("target_response_differs", "warning", lambda t: (sound(t), lesions(t, d42=30), reported(t, 42, "PR", target_response="SD"))),
    ("overall_against_table", "error", lambda t: (sound(t), reported(t, 42, "PR", target_response="PR", new_lesion="Y"))),
    ("response_without_target", "warning", lambda t: (sound(t), reported(t, 42, "PR", target_response="NE"))),
    ("less_after_complete_response", "error", lambda t: scanned(t, "42:CR 84:PR")),
    ("response_after_progression", "warning", lambda t: scanned(t, "42:PD 84:PR")),
    ("missed_scans", "warning", lambda t: scanned(t, "42:SD 168:SD")),
    ("no_baseline", "error", lambda t: scanned(t, "42:SD", baseline_assessed="N")),
    ("scan_after_withdrawal", "warning", lambda t: scanned(t, "42:SD 84:SD", withdrawal_at=60)),
    ("alive_after_death", "error", lambda t: scanned(t, "42:SD", death_at=60, last_alive_at=90)),
    ("treated_after_death", "error", lambda t: scanned(t, "42:SD", death_at=60, last_alive_at=60, treatment_end_at=90)),
    ("last_alive_before_start", "error", lambda t: scanned(t, "", last_alive_at=-5)),
    ("last_alive_before_scan", "warning", lambda t: scanned(t, "42:SD 84:SD", last_alive_at=60)),
    ("progression_not_on_scan", "warning", lambda t: scanned(t, "42:SD", treatment_end_at=60, treatment_end_reason="Clinical progression")),
    ("not_treated", "note", lambda t: t.patient("P", treatment_start_at=None)),
    ("no_scan", "note", sound),
    ("therapy_before_start", "error", lambda t: (scanned(t, "42:SD"), t.add("therapies", patient_id="P", start_at=-30, name="cisplatin"))),
    ("therapy_after_death", "error", lambda t: (scanned(t, "42:SD", death_at=60, last_alive_at=60), t.add("therapies", patient_id="P", start_at=70, name="topotecan"))),
    ("marker_after_death", "error", lambda t: (scanned(t, "42:SD", death_at=60, last_alive_at=60), t.add("biomarkers", patient_id="P", marker="LDH", value=1, taken_at=70))),
    ("measurement_given_twice", "warning", lambda t: (scanned(t, "42:SD"), *(t.add("biomarkers", patient_id="P", marker="LDH", value=1, taken_at=5) for _ in range(2)))),
    ("bor_differs", "warning", lambda t: scanned(t, "42:SD", bor="PR")),
    ("pfs_differs", "error", lambda t: scanned(t, "42:SD 84:PD", pfs_days=85, pfs_event=0)),
    ("pfs_differs", "warning", lambda t: scanned(t, "42:SD 84:PD", pfs_days=84, pfs_event=1)),
    ("os_differs", "error", lambda t: scanned(t, "42:SD", os_days=201, os_event=1)),
    ("death_without_date", "error", lambda t: scanned(t, "42:SD", os_days=201, os_event=1)),
    ("event_ends_before_start", "error", lambda t: (scanned(t, "42:SD"), event(t, end_at=3))),
    ("event_after_death", "error", lambda t: (scanned(t, "42:SD", death_at=60, last_alive_at=60), event(t, start_at=61, end_at=None))),
    ("fatal_event_without_death", "error", lambda t: (scanned(t, "42:SD"), event(t, grade=5, serious="Y"))),
    ("fatal_event_not_serious", "error", lambda t: (scanned(t, "42:SD", death_at=60, last_alive_at=60), event(t, grade=5))),
    ("event_given_twice", "warning", lambda t: (scanned(t, "42:SD"), event(t), event(t, start_at=20, end_at=21), event(t))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "severity", "plant"), PLANTED, ids=[f"{rule}-{severity}" for rule, severity, _ in PLANTED]
)
def test_planted_contradiction_is_found(rule, severity, plant, tmp_path):
    trial = Trial(tmp_path)
    trial.patient("Q", last_alive_at=84)
    trial.add("assessments", patient_id="Q", assessment_at=42, overall_response="SD", target_response="SD")
    plant(trial)
    found = trial.derive()
    assert (rule, severity) in {(query.rule, query.severity) for query in found.queries if query.patient_id == "P"}
    assert found.rules_asked("Q") == set()
    table = query_table(found.queries)
    assert list(table.columns) == ["patient_id", "severity", "rule", "message"]
    assert table["message"].str.len().min() > 10


def test_sound_patient_asks_nothing(tmp_path):
    trial = Trial(tmp_path)
    scanned(trial, "42:PR 84:PR 126:PD", death_at=200, treatment_end_at=130)
    event(trial)
    trial.add("therapies", patient_id="P", start_at=140, name="topotecan")
    assert trial.derive().queries == []


def test_subject_without_patient_is_asked_and_left_out(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P01", last_alive_at=84)
    trial.add("assessments", patient_id="P01", assessment_at=42, overall_response="SD")
    trial.add("assessments", patient_id="P1", assessment_at=42, overall_response="SD")
    found = trial.derive()
    assert list(found.table["patient_id"]) == ["P01"]
    assert found.rules_asked("P1") == {"subject_without_patient"}
    assert "is it P01?" in found.queries[-1].message


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ({"target_response": "SD"}, {"target_response": "PD"}, ("PD", None, None)),
        ({"target_response": "PR"}, {"target_response": "SD"}, ("SD", None, None)),
        ({"nontarget_response": "NE"}, {"nontarget_response": "CR"}, (None, "CR", None)),
        ({"nontarget_response": "NON-CR/NON-PD"}, {"nontarget_response": "NE"}, (None, "NON-CR/NON-PD", None)),
        ({"target_response": "PD"}, {"target_response": "SD", "new_lesion": "Y"}, ("SD", None, "Y")),
        ({"target_response": "NE"}, {"nontarget_response": "PD"}, ("NE", None, None)),
    ],
)
def test_of_equal_assessments_of_a_day_the_worst_parts_count(first, second, kept, tmp_path):
    """By RECIST's order, not the alphabet's, and whichever row comes first; the query says that the parts differ."""
    for rows in ((first, second), (second, first)):
        trial = Trial(tmp_path)
        trial.patient("P", last_alive_at=60)
        for row in rows:
            trial.add("assessments", patient_id="P", assessment_at=42, overall_response="PD", **row)
        found = trial.derive()
        point = found.seen.timepoints.iloc[-1]
        assert tuple(point[["target_reported", "nontarget_reported", "new_lesion_reported"]]) == kept
        (query,) = [query for query in found.queries if query.rule == "duplicate_scan"]
        assert "all PD, of different " in query.message
        assert query.message.endswith(": the worst in turn")
