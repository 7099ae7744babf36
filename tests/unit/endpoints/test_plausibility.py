"""What can be but hardly is, and rows that seem to lack, are asked about; a sound trial asks nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_trial import Derived, Trial, scans_of

from anpi.endpoints.queries import query_table

PATIENTS = [f"P{number:02}" for number in range(1, 11)]


class Sound:
    """Ten patients in two arms, each with scans, lesions, an event and a sponsor's OS; a patient can be changed."""

    def __init__(self, folder: Path, as_days: bool = False):
        self.trial = Trial(folder, as_days)
        self.facts = {
            patient: {
                "arm": "mono" if number % 2 else "combined", "age": 60 + number, "ecog": 1, "ldh": 200 + 10 * number,
                "last_alive_at": 200 + number, "os_days": 201 + number, "os_event": 0,
            }
            for number, patient in enumerate(PATIENTS)
        }  # fmt: skip
        self.rows = [row for patient in PATIENTS for row in rows_of(patient)]

    def derive(self, **settings) -> Derived:
        for patient, facts in self.facts.items():
            self.trial.patient(patient, **facts)
        for table, row in self.rows:
            self.trial.add(table, **row)
        return self.trial.derive(**settings)

    def without(self, table: str, *patients: str, after: int | None = None) -> None:
        """Take the rows of patients out of a table; all, or those after a day."""
        self.rows = [
            (name, row)
            for name, row in self.rows
            if name != table
            or row["patient_id"] not in patients
            or (after is not None and row["assessment_at"] <= after)
        ]


def rows_of(patient: str) -> list[tuple[str, dict]]:
    lesion = {"patient_id": patient, "lesion_id": "T1", "kind": "target", "node": "N", "location": "lung"}
    rows: list[tuple[str, dict]] = [
        ("lesions", lesion | {"assessment_at": day, "diameter_mm": 50}) for day in (-7, 42, 84, 126)
    ]
    rows += [
        ("assessments", {"patient_id": patient, "assessment_at": scan.day, "overall_response": scan.response})
        for scan in scans_of("42:SD 84:SD 126:SD")
    ]
    event = {"patient_id": patient, "term": "Nausea", "soc": "Gastrointestinal", "grade": 1, "start_at": 5}
    return [*rows, ("adverse_events", event | {"end_at": 9, "outcome": "recovered"})]


Spoil = Callable[[Sound], object]


def fact(**facts) -> Spoil:
    return lambda sound: sound.facts["P03"].update(facts)


def row(table: str, **facts) -> Spoil:
    def spoil(sound: Sound) -> None:
        place = next(r for name, r in sound.rows if name == table and r["patient_id"] == "P03")
        place.update(facts)

    return spoil


def of_all(**facts) -> Spoil:
    return lambda sound: [known.update(facts) for known in sound.facts.values()] and None


def randomised(day: int) -> Spoil:
    def spoil(sound: Sound) -> None:
        of_all(randomisation_at=-2)(sound)
        fact(randomisation_at=day)(sound)

    return spoil


def markers(usual: float, other: float, at: int = -2) -> Spoil:
    def spoil(sound: Sound) -> None:
        values = {patient: usual + number for number, patient in enumerate(PATIENTS)} | {"P03": other}
        days = dict.fromkeys(PATIENTS, -2) | {"P03": at}
        sound.rows += [
            ("biomarkers", {"patient_id": p, "value": values[p], "marker": "NSE", "taken_at": days[p]})
            for p in PATIENTS
        ]

    return spoil


def therapies(name: str, other: str) -> Spoil:
    def spoil(sound: Sound) -> None:
        names = dict.fromkeys(PATIENTS, name) | {"P03": other}
        sound.rows += [("therapies", {"patient_id": p, "start_at": 160, "name": names[p]}) for p in PATIENTS]

    return spoil


def silence(day: int) -> Spoil:
    def spoil(sound: Sound) -> None:
        of_all(last_alive_at=400, os_days=401)(sound)
        fact(last_alive_at=day, os_days=day + 1)(sound)

    return spoil


# The rule that asks, its severity, whose query it is (None: of the table as a whole), and what was done.
ODD: list[tuple[str, str, str | None, Spoil]] = [
    ("age_not_adult", "warning", "P03", fact(age=6)),
    ("dead_at_start", "error", "P03", fact(ecog=5)),
    ("ldh_far_from_typical", "warning", "P03", fact(ldh=2600)),
    ("ldh_far_from_typical", "warning", "P03", fact(ldh=45)),
    ("code_for_missing", "warning", "P03", fact(ldh=999)),
    ("code_for_missing", "warning", "P03", fact(os_days=999)),
    ("days_with_fractions", "error", None, fact(os_days=6.6)),
    ("days_may_be_months", "error", None, of_all(os_days=7)),
    ("days_may_be_months", "error", None, of_all(pfs_days=5, pfs_event=1)),
    ("date_far_ahead", "error", "P03", fact(death_at=3650, last_alive_at=None)),
    ("date_far_ahead", "error", "P03", fact(last_alive_at=6600)),
    ("date_far_ahead", "error", "P03", row("adverse_events", start_at=900, end_at=None)),
    ("date_far_ahead", "error", "P03", row("lesions", assessment_at=2000)),
    ("randomised_after_start", "error", "P03", randomised(5)),
    ("randomised_long_before", "warning", "P03", randomised(-400)),
    ("withdrawal_after_death", "error", "P03", fact(death_at=150, last_alive_at=150, withdrawal_at=160)),
    ("alive_long_after_withdrawal", "warning", "P03", fact(withdrawal_at=130)),
    ("term_in_two_classes", "warning", "P03", row("adverse_events", soc="Skin")),
    ("formula_in_cell", "warning", "P03", row("adverse_events", term="=A2+1")),
    ("code_for_missing", "warning", "P03", markers(14, 999)),
    ("marker_below_zero", "warning", "P03", markers(14, -13)),
    ("date_far_ahead", "error", "P03", markers(14, 14, 3650)),
    ("marker_long_before_start", "warning", "P03", markers(14, 14, -3655)),
    ("marker_far_from_others", "warning", "P03", markers(14, 20_000)),
    ("marker_far_from_others", "warning", "P03", markers(14, 0.014)),
    ("table_ends_early", "error", None, lambda s: (markers(14, 14)(s), s.without("biomarkers", *PATIENTS[5:]))),
    ("two_spellings", "note", "P03", row("adverse_events", term="nausea")),
    ("two_spellings", "note", "P03", row("adverse_events", soc="GASTROINTESTINAL")),
    ("two_spellings", "note", "P03", row("lesions", location="Lung")),
    ("two_spellings", "note", "P03", row("adverse_events", outcome="\uff52ecovered")),
    ("two_spellings", "note", "P03", therapies("Docetaxel", "docetaxel")),
    ("lesion_very_large", "warning", "P03", row("lesions", diameter_mm=300)),
    ("death_without_date", "error", "P03", fact(treatment_end_reason="Death")),
    ("event_without_start", "warning", "P03", row("adverse_events", start_at=None)),
    ("event_long_before_start", "warning", "P03", row("adverse_events", start_at=-3600)),
    ("event_long_before_start", "warning", "P03", row("adverse_events", start_at=-43)),
    ("event_long_before_start", "warning", "P03", row("adverse_events", start_at=-367, initial_grade=1)),
    ("related_event_before_start", "warning", "P03", row("adverse_events", start_at=-30, related="Y")),
    ("related_event_before_start", "warning", "P03", row("adverse_events", start_at=-1, immune_related="Y")),
    ("fatal_event_of_low_grade", "error", "P03", row("adverse_events", outcome="fatal")),
    ("last_alive_before_contact", "warning", "P03", row("adverse_events", start_at=230, end_at=None)),
    ("last_alive_before_contact", "warning", "P03", fact(treatment_end_at=230)),
    ("group_of_one", "warning", "P03", fact(arm="monoo")),
    ("value_missing", "note", "P03", row("adverse_events", outcome=None)),
    ("lesions_missing", "error", "P03", lambda s: s.without("lesions", "P03")),
    ("assessments_missing", "warning", "P03", lambda s: s.without("assessments", "P03")),
    ("scan_without_lesions", "warning", "P03", lambda s: s.without("lesions", "P03", after=84)),
    ("scan_without_assessment", "warning", "P03", lambda s: s.without("assessments", "P03", after=84)),
    ("table_ends_early", "error", None, lambda s: s.without("adverse_events", *PATIENTS[5:])),
    ("table_ends_early", "error", None, lambda s: s.without("assessments", *PATIENTS[5:])),
    ("follow_up_ended_early", "note", "P03", silence(200)),
    ("therapy_named_none", "error", "P03", therapies("Docetaxel", "none")),
]  # fmt: skip


def asked(found: Derived) -> set[tuple[str, str, str | None]]:
    table = query_table(found.queries)
    return set(zip(table["rule"], table["severity"], table["patient_id"], strict=True))


@pytest.mark.parametrize(
    ("rule", "severity", "patient", "spoil"), ODD, ids=[f"{n}-{rule}" for n, (rule, *_) in enumerate(ODD)]
)
def test_what_hardly_can_be_is_asked_about(rule, severity, patient, spoil, tmp_path):
    sound = Sound(tmp_path)
    spoil(sound)
    found = sound.derive()
    assert (rule, severity, patient) in asked(found)
    if patient is not None:
        assert {query.patient_id for query in found.queries} == {patient}


@pytest.mark.parametrize("as_days", [False, True])
def test_a_sound_trial_asks_nothing(as_days, tmp_path):
    assert Sound(tmp_path, as_days).derive().queries == []


@pytest.mark.parametrize("change", [{"start_at": -42}, {"start_at": -366, "initial_grade": 1}])
def test_events_of_the_screening_and_what_got_worse_ask_nothing(change, tmp_path):
    sound = Sound(tmp_path)
    row("adverse_events", **change)(sound)
    assert sound.derive().queries == []


def test_markers_of_a_wide_or_signed_scale_ask_nothing(tmp_path):
    """Numbers on both sides of 0, and doubling from patient to patient, are the marker's own."""
    sound = Sound(tmp_path)
    for number, patient in enumerate(PATIENTS):
        for marker, value in (("score", number - 4), ("copies", 2**number), ("none found", 0)):
            sound.rows.append(("biomarkers", {"patient_id": patient, "marker": marker, "value": value, "taken_at": -2}))
    assert sound.derive().queries == []


def test_a_missing_code_among_study_days_is_asked_about(tmp_path):
    sound = Sound(tmp_path, as_days=True)
    sound.facts["P03"]["last_alive_at"] = 998  # written as day 999
    assert {("code_for_missing", "warning", "P03"), ("date_far_ahead", "error", "P03")} <= asked(sound.derive())
    sound = Sound(tmp_path, as_days=True)
    markers(14, 14, -99)(sound)
    assert ("code_for_missing", "warning", "P03") in asked(sound.derive())


def test_dates_after_the_cutoff_are_noted(tmp_path):
    sound = Sound(tmp_path)
    for facts in sound.facts.values():
        facts |= {"os_days": None, "os_event": None}
    found = sound.derive(data_cutoff="2024-05-20")
    assert {query.rule for query in found.queries} == {"date_after_cutoff"}
    assert {query.severity for query in found.queries} == {"note"}
    assert "patients row 2: last alive on day 201" in found.queries[0].message


@pytest.mark.parametrize(
    ("change", "noted"),
    [
        ({}, True),
        ({"death_at": 200}, False),
        ({"withdrawal_at": 200}, False),
        ({"last_alive_at": 232}, True),
        ({"last_alive_at": 233}, False),
    ],
)
@pytest.mark.parametrize("cutoff", [None, "2025-02-05"])
def test_a_death_whose_date_was_lost_leaves_a_silence(change, noted, cutoff, tmp_path):
    """Day 402 is the end, by the cut-off or the contacts of the others; more than 168 silent days are asked about."""
    sound = Sound(tmp_path)
    of_all(last_alive_at=401 if cutoff is None else 450, os_days=None, os_event=None)(sound)
    fact(**({"last_alive_at": 200} | change | {"os_event": None}))(sound)
    found = sound.derive(data_cutoff=cutoff)
    assert [q.patient_id for q in found.queries if q.rule == "follow_up_ended_early"] == ["P03"] * noted


@pytest.mark.parametrize(
    ("together", "as_days", "questions"), [(2, False, 0), (3, False, 1), (6, False, 1), (6, True, 0)]
)
def test_deaths_on_one_date_are_asked_about(tmp_path, together, as_days, questions):
    """Three of ten in a year share a day in one trial in 1,110, two of ten in one of 8."""
    sound = Sound(tmp_path, as_days)
    starts = {patient: facts["last_alive_at"] for patient, facts in sound.facts.items()}
    for number, (patient, facts) in enumerate(sound.facts.items()):
        at = 230 if number < together else 240 + starts[patient] - 200
        facts |= {"death_at": at, "last_alive_at": at, "os_days": at + 1, "os_event": 1}
    found = [q.message for q in sound.derive().queries if q.rule == "deaths_on_one_date"]
    assert len(found) == questions
    assert all(f"{together} of {len(sound.facts)} deaths are dated" in message for message in found)


def test_months_give_the_endpoints_of_their_days(tmp_path):
    """30.4375 days a month, to the whole day; what the tables derive is compared within the rounding of a month."""
    sound = Sound(tmp_path)
    for number, facts in enumerate(sound.facts.values()):
        del facts["os_days"]
        facts["os_months"] = round((201 + number) / 30.4375, 1)
    assert sound.derive().queries == []
    sound = Sound(tmp_path)
    sound.rows = []
    for facts in sound.facts.values():
        del facts["os_days"], facts["last_alive_at"]
        facts |= {"os_months": 6.6, "pfs_months": 2.5, "pfs_event": 1}
    found = sound.derive()
    assert set(found.table["os_days"]) == {201}
    assert set(found.table["pfs_days"]) == {76}


def test_a_table_without_a_last_line_end_is_asked_about(tmp_path):
    sound = Sound(tmp_path)
    paths = sound.trial.write

    def cut() -> dict[str, Path]:
        written = paths()
        file = written["adverse_events"]
        file.write_text(file.read_text().rstrip("\n"))
        return written

    sound.trial.write = cut
    assert ("table_may_be_cut", "warning", "P10") in asked(sound.derive())


def test_a_doubled_event_is_counted_once_and_asked_about(tmp_path):
    sound = Sound(tmp_path)
    sound.rows.append(next(r for r in sound.rows if r[0] == "adverse_events"))
    found = sound.derive()
    assert asked(found) == {("event_given_twice", "warning", "P01")}
    assert "adverse_events row 12: the same as row 2; counted once" in found.queries[0].message


def test_a_doubled_lesion_is_measured_once_and_asked_about(tmp_path):
    sound = Sound(tmp_path)
    sound.rows.append(next(r for r in sound.rows if r[0] == "lesions"))
    assert ("lesion_given_twice", "warning", "P01") in asked(sound.derive())
