"""What the tables say in two ways is asked about, and no reading of it hides a progression or makes a response."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_trial import Derived, Trial

from anpi.endpoints.readers import suffix_of
from anpi.problems import InputError

P = "P1"


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    made = Trial(tmp_path)
    made.patient(P, last_alive_at=300)
    return made


def scan(trial: Trial, day: int, response: str, **more: str) -> None:
    trial.add("assessments", patient_id=P, assessment_at=day, overall_response=response, **more)


def lesion(trial: Trial, day: int, name: str, kind: str, size: float | None, **more: object) -> None:
    row = {"patient_id": P, "assessment_at": day, "lesion_id": name, "kind": kind, "diameter_mm": size}
    trial.add("lesions", **row, **{"node": "N", "status": None, "location": None} | more)


def course(trial: Trial, name: str, kind: str, sizes: dict[int, float | None], **more: object) -> None:
    for day, size in sizes.items():
        lesion(trial, day, name, kind, size, **more)


def told(found: Derived, patient: str = P) -> list[tuple[str, str]]:
    return [(query.rule, query.severity) for query in found.queries if query.patient_id == patient]


@pytest.mark.parametrize("response", ["SD", "PR", "CR", "NE"])
def test_a_new_lesion_with_another_response_than_progression_is_asked_about(trial, response):
    scan(trial, 41, "SD", new_lesion="N")
    scan(trial, 83, response, new_lesion="Y")
    assert ("overall_against_table", "error") in told(trial.derive())


def test_scans_that_never_match_between_two_tables_are_asked_about(trial):
    """The response is dated by its report 30 days later: else one scan would confirm itself."""
    course(trial, "T1", "target", {-5: 30, 41: 18, 125: 30})
    scan(trial, 71, "PR")
    found = told(trial.derive())
    assert ("scan_without_lesions", "warning") in found
    assert ("scan_without_assessment", "warning") in found


@pytest.mark.parametrize(("names", "refused"), [(("R 1", "R-1"), True), (("评审一", "评审二"), False)])
def test_each_evaluator_has_columns_of_its_own(trial, names, refused):
    for name in ("central", *names):
        scan(trial, 41, "SD", evaluator=name)
    if refused:
        with pytest.raises(InputError, match="evaluator: found 'R 1, R-1, central', expected names that differ"):
            trial.derive(evaluator="central")
    else:
        trial.derive(evaluator="central")
        assert len({suffix_of(name) for name in names}) == 2


def test_lesions_that_name_nobody_count_for_none_of_several_evaluators(trial):
    course(trial, "T1", "target", {-5: 50, 41: 50, 83: 50})
    for name, response in (("central", "SD"), ("investigator", "PD")):
        scan(trial, 41, "SD", evaluator=name)
        scan(trial, 83, response, evaluator=name)
    with pytest.raises(InputError, match=r"lesions\.csv, evaluator: .*as assessments\.csv has several"):
        trial.derive(evaluator="central")


@pytest.mark.parametrize("visit", [None, "W6"])
def test_no_time_point_reaches_across_the_start_of_a_new_therapy(trial, visit):
    """T1 has doubled on day 42, the next therapy begins, and T2 is measured four days later."""
    for day, name, size in ((-5, "T1", 30), (-5, "T2", 20), (41, "T1", 60), (45, "T2", 20)):
        lesion(trial, day, name, "target", size, visit=None if day < 0 else visit)
    trial.add("therapies", patient_id=P, start_at=43, name="Topotecan")
    found = trial.derive()[P]
    assert (found["pfs_days"], found["pfs_event"], found["bor"]) == (42, 1, "PD")


def test_a_new_lesion_of_0_mm_is_not_there(trial):
    course(trial, "T1", "target", {-5: 30, 41: 30, 83: 30})
    lesion(trial, 41, "X1", "new", 0)
    found = trial.derive()[P]
    assert (found["bor"], found["pfs_event"]) == ("SD", 0)


@pytest.mark.parametrize(
    ("kind", "status", "size", "node", "asked"),
    [
        ("nontarget", "absent", 25, "N", True),
        ("new", "absent", 22, "N", True),
        ("nontarget", "absent", 12, "Y", True),
        ("nontarget", "absent", 8, "Y", False),
        ("nontarget", "absent", 0, "N", False),
        ("nontarget", "present", 25, "N", False),
    ],
)
def test_an_absent_lesion_with_a_size_is_asked_about(trial, kind, status, size, node, asked):
    course(trial, "T1", "target", {-5: 30, 41: 30})
    if kind == "nontarget":
        lesion(trial, -5, "L1", kind, 25, node=node)
    lesion(trial, 41, "L1", kind, size, status=status, node=node)
    assert (("absent_with_size", "error") in told(trial.derive())) is asked


@pytest.mark.parametrize(
    ("between", "day", "asked"),
    [
        ("equivocal", 42, "the first scan that showed it"),
        ("not evaluable", 42, "a scan that could not tell"),
        ("absent", 126, "a scan that showed none of it"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_progression_is_dated_back_to_doubts_that_were_not_refuted(trial, between, day, asked):
    """RECIST 1.1, 4.3.5: repeat scans confirm a lesion; one that shows none refutes it."""
    course(trial, "T1", "target", {-5: 30, 41: 30, 83: 30, 125: 30})
    for at, status in ((41, "equivocal"), (83, between), (125, "unequivocal")):
        lesion(trial, at, "X1", "new", None, status=status)
    found = trial.derive()[P]
    assert (found["pfs_days"], found["pfs_event"]) == (day, 1), asked


@pytest.mark.parametrize("said", [-5, 41])
def test_a_node_is_one_at_every_scan_once_a_row_says_so(trial, said):
    """Below 10 mm a node is normal (RECIST 1.1, 4.3.1): a complete response."""
    for at, size in ((-5, 20), (41, 8), (83, 8)):
        lesion(trial, at, "T1", "target", size, node="Y" if at == said else None)
    assert trial.derive()[P]["cbor"] == "CR"


def test_a_nontarget_node_of_the_baseline_is_normal_below_10_mm_later(trial):
    course(trial, "T1", "target", {-5: 30, 41: 0, 83: 0})
    for at, size, node in ((-5, 13, "Y"), (41, 7, None), (83, 7, None)):
        lesion(trial, at, "N1", "nontarget", size, node=node)
    assert trial.derive()[P]["cbor"] == "CR"


def test_a_lesion_that_is_a_node_in_some_rows_alone_is_asked_about(trial):
    for at, size, node in ((-5, 20, "N"), (41, 8, "Y"), (83, 8, "Y")):
        lesion(trial, at, "T1", "target", size, node=node)
    assert ("node_differs", "error") in told(trial.derive())


@pytest.mark.parametrize(
    ("location", "node", "asked"),
    [
        ("Lymph node, mediastinal", None, True),
        ("Mediastinal lymph nodes", "N", True),
        ("Lymph node", "Y", False),
        ("Lung nodule", "N", False),
        ("纵隔淋巴结", None, True),
        ("Mediastinale Lymphknoten", "N", True),
        ("Ganglion lymphatique médiastinal", None, True),
        ("Basal ganglia", "N", False),
        ("肺结节", "N", False),
    ],
)
def test_a_lymph_node_by_its_location_that_is_no_node_is_asked_about(trial, location, node, asked):
    course(trial, "T1", "target", {-5: 20, 41: 20}, location=location, node=node)
    assert (("node_not_told", "warning") in told(trial.derive())) is asked


@pytest.mark.parametrize(
    ("scans", "therapy", "day"),
    [
        ("41:PD 83:PR 125:PR", 50, 42),
        ("41:SD 83:PD 125:PR 167:PR", 95, 84),
        ("41:PD 83:PR 125:PD", 50, 42),
        ("41:PD 83:PR 125:PR", None, None),
    ],
)
def test_a_response_to_the_next_therapy_takes_no_progression_back(trial, scans, therapy, day):
    """Without another therapy it does, by iRECIST."""
    for word in scans.split():
        at, response = word.split(":")
        scan(trial, int(at), response)
    if therapy is not None:
        trial.add("therapies", patient_id=P, start_at=therapy, name="Topotecan")
    found = trial.derive()[P]
    assert found["ipfs_event"] == (day is not None)
    assert day is None or found["ipfs_days"] == day


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("Permanently withdrawn", True),
        ("Treatment discontinued", True),
        ("Infusion held", True),
        ("DRUG WITHDRAWN", False),
        ("Dose not changed", False),
        ("Not interrupted", False),
    ],
)
def test_an_action_that_sounds_like_a_stop_and_does_not_count_is_asked_about(trial, action, asked):
    scan(trial, 41, "SD")
    event = {"patient_id": P, "term": "Colitis", "soc": "Gastrointestinal", "grade": 3, "start_at": 20}
    trial.add("adverse_events", **event, action=action)
    assert (("action_not_counted", "warning") in told(trial.derive())) is asked


@pytest.mark.parametrize("outcome", ["fatal", "Death", "Died"])
def test_a_death_of_an_adverse_event_of_low_grade_is_asked_about_in_any_word(trial, outcome):
    scan(trial, 41, "SD")
    event = {"patient_id": P, "term": "Colitis", "soc": "Gastrointestinal", "grade": 3, "start_at": 20}
    trial.add("adverse_events", **event, outcome=outcome)
    assert ("fatal_event_of_low_grade", "error") in told(trial.derive())


@pytest.mark.parametrize(("reason", "asked"), [("Radiographic PD", True), ("PD", True), ("PD-1 toxicity", False)])
def test_treatment_that_ended_for_progression_without_a_scan_is_asked_about(tmp_path, reason, asked):
    trial = Trial(tmp_path)
    trial.patient(P, last_alive_at=300, treatment_end_at=90, treatment_end_reason=reason)
    scan(trial, 41, "SD")
    assert (("progression_not_on_scan", "warning") in told(trial.derive())) is asked


def test_a_death_before_the_randomisation_is_asked_about(tmp_path):
    trial = Trial(tmp_path)
    trial.patient("P0", randomisation_at=0, last_alive_at=200)
    trial.patient(P, randomisation_at=0, treatment_start_at=None, death_at=-5)
    assert ("randomised_after_death", "error") in told(trial.derive(reference="randomisation"))
