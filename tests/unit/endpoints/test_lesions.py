"""Time points from lesions: sums, nadir, responses, new lesions, visits, and what is asked about them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from small_trial import Trial, load

from anpi.endpoints.timepoints import timepoint_table
from anpi.recist.baseline import Candidate, choose_targets, classify
from anpi.recist.timepoint import nanometres, nontarget_response, overall_response


@pytest.mark.parametrize("row", load("recist_tables_1_2.tsv"), ids=lambda row: "/".join(list(row.values())[:3]))
def test_recist_tables_1_and_2(row):
    absent = {"NA": None}
    target, nontarget = absent.get(row["target"], row["target"]), absent.get(row["nontarget"], row["nontarget"])
    assert overall_response(target, nontarget, row["new_lesion"]) == row["overall"]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """All 53 courses in one trial; non-target response and new lesions come from the assessments."""
    trial = Trial(tmp_path_factory.mktemp("lesions"))
    for patient in dict.fromkeys(row["id"] for row in load("lesions.tsv")):
        trial.patient(patient)
    for row in load("lesions.tsv"):
        trial.add(
            "lesions", patient_id=row["id"], assessment_at=row["day"], lesion_id=row["lesion"], kind="target",
            node=row["node"], location="liver", diameter_mm=row["size"],
        )  # fmt: skip
    for row in load("lesion_timepoints.tsv"):
        trial.add(
            "assessments", patient_id=row["id"], assessment_at=row["day"], overall_response="NE",
            nontarget_response=row["nontarget"], new_lesion=row["new_lesion"],
        )  # fmt: skip
    derived = trial.derive()
    return timepoint_table(derived.seen, derived.queries).set_index(["patient_id", "assessment_day"])


@pytest.mark.parametrize("row", load("lesion_timepoints.tsv"), ids=lambda row: f"{row['id']}-{row['day']}-{row['why']}")
def test_published_time_point(row, published):
    found = published.loc[(row["id"], int(row["day"]) + 1)]
    assert found["target_response"] == row["target"]
    assert found["overall"] == row["overall"]
    assert found["nadir_mm"] == float(row["nadir"])
    if row["sum"]:
        assert found["sum_mm"] == float(row["sum"])
    else:
        assert found.isna()["sum_mm"]


def test_choice_of_target_lesions():
    sets = defaultdict(list)
    for row in load("baseline_selection.tsv"):
        size = nanometres(row["size"]) if row["size"] else None
        sets[row["set"]].append((Candidate(row["lesion"], row["organ"], size, row["node"] == "Y"), row))
    for members in sets.values():
        chosen = {lesion.lesion_id for lesion in choose_targets([lesion for lesion, _ in members])}
        assert chosen == {row["lesion"] for _, row in members if row["chosen"] == "yes"}
        total = sum(lesion.size for lesion, _ in members if lesion.lesion_id in chosen)
        assert members[0][1]["sum"] in ("", str(total // nanometres(1)))
        for lesion, row in members:
            # B01's third liver lesion and third node are measurable, but not chosen.
            if row["role"] in ("nontarget", "no disease"):
                assert classify(lesion) == row["role"]


def second_response(tmp_path, *sizes: str) -> str:
    """Derive the response to the last of the sizes (mm) of one lesion, the first being its baseline."""
    trial = course(tmp_path, *((-7 if place == 0 else 42 * place, "T1", size, {}) for place, size in enumerate(sizes)))
    return trial.derive().seen.timepoints["overall"].iloc[-1]


@pytest.mark.parametrize(
    ("sizes", "response"),
    [
        (("14.0", "9.8"), "PR"), (("14.0", "9.81"), "SD"), (("0.3", "0.21"), "PR"), (("55", "38.5"), "PR"),
        (("27.0", "32.4"), "PD"), (("27.0", "32.39"), "SD"), (("3.2", "8.2"), "PD"), (("3.2", "8.19"), "SD"),
        (("40", "0", "0.1"), "PD"), (("30", "14.1", "19.1"), "PD"), (("30", "14.1", "19.09"), "PR"),
    ],
)  # fmt: skip
def test_boundaries_are_exact(sizes, response, tmp_path):
    assert second_response(tmp_path, *sizes) == response


def test_binary_rubbish_beyond_the_sixth_decimal_is_rounded_away():
    assert nanometres("9.799999999999999") == nanometres(Decimal("9.8"))
    assert nanometres(0.1 + 0.2) == nanometres("0.3")


@pytest.mark.parametrize(
    ("states", "response"),
    [
        (["absent", "absent"], "CR"),
        (["absent", "present"], "NON-CR/NON-PD"),
        (["present", "progression"], "PD"),
        (["present", None], "NE"),
        ([None, "progression"], "PD"),
        ([None], "NE"),
    ],
)
def test_nontarget_lesions(states, response):
    assert nontarget_response(states) == response


def lesion(trial, day, lesion_id="T1", size=None, **more):
    row = {"kind": "target", "node": "N", "location": "liver", "status": None} | more
    trial.add("lesions", patient_id="P", assessment_at=day, lesion_id=lesion_id, diameter_mm=size, **row)


def course(tmp_path, *rows, visit=False, **patient) -> Trial:
    trial = Trial(tmp_path)
    trial.patient("P", **patient)
    for day, lesion_id, size, more in rows:
        lesion(trial, day, lesion_id, size, **more)
    return trial


def overall(derived) -> list[tuple[int, str]]:
    points = derived.seen.timepoints
    return list(zip(points["day"].astype(int), points["overall"], strict=True))


NEW = {"kind": "new"}
LUNGS = ("left lung", "right lung", "lung")


def test_equivocal_new_lesion_is_dated_back_once_it_is_sure(tmp_path):
    trial = course(
        tmp_path,
        (-7, "T1", 50, {}), (42, "T1", 50, {}), (84, "T1", 50, {}),
        (42, "N1", None, NEW | {"status": "equivocal"}), (84, "N1", 12, NEW | {"status": "unequivocal"}),
    )  # fmt: skip
    found = trial.derive()
    assert overall(found) == [(42, "PD"), (84, "PD")]
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (43, 1)
    assert found["P"]["pfs_reason"] == "PD: progression at the scan of day 43, new lesion"
    # Up to day 50 nobody knew.
    earlier = trial.derive(data_cutoff="2024-02-20")
    assert overall(earlier) == [(42, "SD")]
    assert earlier["P"]["pfs_event"] == 0


def test_equivocal_new_lesion_alone_is_no_progression(tmp_path):
    trial = course(tmp_path, (-7, "T1", 50, {}), (42, "T1", 50, {}), (42, "N1", None, NEW | {"status": "equivocal"}))
    assert overall(trial.derive()) == [(42, "SD")]


def test_progression_by_sum_is_dated_at_the_last_scan_of_its_visit_and_by_new_lesion_at_the_first(tmp_path):
    rows = [
        (-7, "T1", 30, {}),
        (-7, "T2", 30, {}),
        (42, "T1", 45, {"visit": "WEEK 6"}),
        (45, "T2", 45, {"visit": "WEEK 6"}),
    ]
    by_sum = course(tmp_path, *rows)
    for row in by_sum.rows["lesions"][:2]:
        row["visit"] = "BASELINE"
    assert overall(by_sum.derive()) == [(45, "PD")]
    assert overall(by_sum.derive(progression={"date_of_sum": "first_scan"})) == [(42, "PD")]
    lesion(by_sum, 42, "N1", kind="new", status="unequivocal", visit="WEEK 6")
    assert overall(by_sum.derive()) == [(42, "PD")]


def test_unscheduled_visits_of_one_name_are_not_one_time_point(tmp_path):
    trial = course(
        tmp_path,
        (-7, "T1", 50, {"visit": "BASELINE"}), (42, "T1", 50, {"visit": "UNSCHEDULED"}),
        (100, "T1", 30, {"visit": "UNSCHEDULED"}),
    )  # fmt: skip
    assert overall(trial.derive()) == [(42, "SD"), (100, "PR")]


def test_baseline_is_the_last_scan_up_to_the_reference_date(tmp_path):
    found = course(
        tmp_path, (-40, "T1", 80, {}), (-7, "T1", 100, {}), (0, "T2", 20, {}), (42, "T1", 60, {}), (42, "T2", 20, {})
    ).derive()
    assert found.seen.timepoints["baseline"].tolist() == [nanometres(120)]
    assert "scan_before_baseline" in found.rules_asked("P")


def test_lesion_back_after_all_had_gone_is_progression_whatever_the_node_adds(tmp_path):
    """RECIST 1.1, 4.4.2: after a CR a lesion that reappears is PD; the node of 8 mm keeps the nadir off 0."""
    node = {"node": "Y", "location": "neck"}
    trial = course(
        tmp_path,
        (-7, "T1", 30, {}),
        (-7, "N1", 20, node),
        (42, "T1", 0, {}),
        (42, "N1", 8, node),
        (84, "T1", 3, {}),
        (84, "N1", 8, node),
    )
    assert overall(trial.derive()) == [(42, "CR"), (84, "PD")]


def test_statuses_stand_for_sizes(tmp_path):
    trial = course(
        tmp_path,
        (-7, "T1", 30, {}), (-7, "T2", 20, {}),
        (42, "T1", None, {"status": "absent"}), (42, "T2", None, {"status": "too small to measure"}),
        (84, "T1", None, {"status": "not evaluable"}), (84, "T2", 5, {}),
    )  # fmt: skip
    points = trial.derive().seen.timepoints
    assert points["sum"].iloc[0] == nanometres(5)
    assert points["overall"].tolist() == ["PR", "NE"]


def test_regrowth_after_confirmed_pr(tmp_path):
    rows = [(-7, "T1", 100, {}), (42, "T1", 70, {}), (84, "T1", 75, {}), (126, "T1", 70, {}), (168, "T1", 80, {})]
    modes = {"none": ["PR", "SD", "PR", "SD"], "confirmed": ["PR", "SD", "PR", "SD"], "any": ["PR", "PR", "PR", "PR"]}
    for mode, expected in modes.items():
        derived = course(tmp_path, *rows).derive(best_response={"regrowth_after_pr": mode})
        assert [response for _, response in overall(derived)] == expected
    with_sd = {"confirmation": {"stable_between": 1}, "best_response": {"regrowth_after_pr": "confirmed"}}
    assert [response for _, response in overall(course(tmp_path, *rows).derive(**with_sd))] == ["PR", "SD", "PR", "PR"]


def test_derived_response_counts_and_disagreement_is_asked(tmp_path):
    trial = course(tmp_path, (-7, "T1", 50, {}), (42, "T1", 30, {}), (84, "T1", 40, {}))
    trial.add("assessments", patient_id="P", assessment_at=42, overall_response="PR", target_response="PR")
    trial.add("assessments", patient_id="P", assessment_at=84, overall_response="SD", target_response="SD")
    found = trial.derive()
    assert overall(found) == [(42, "PR"), (84, "PD")]
    asked = [query for query in found.queries if query.rule == "target_response_differs"]
    assert [(query.severity, query.day) for query in asked] == [("error", 84)]
    assert "sum 40 mm, nadir 30 mm, baseline 50 mm" in asked[0].message
    assert found["P"]["pfs_reason"] == "PD: progression at the scan of day 85, target lesions"


def test_assessment_near_a_time_point_is_its_report(tmp_path):
    trial = course(tmp_path, (-7, "T1", 50, {}), (42, "T1", 50, {}))
    trial.add("assessments", patient_id="P", assessment_at=46, overall_response="PD")
    found = trial.derive()
    assert overall(found) == [(42, "SD")]
    assert "overall_response_differs" in found.rules_asked("P")


def test_scan_without_lesions_stands_as_reported(tmp_path):
    trial = course(tmp_path, (-7, "T1", 50, {}), (42, "T1", 50, {}))
    trial.add("assessments", patient_id="P", assessment_at=84, overall_response="PD", new_lesion="Y")
    assert overall(trial.derive()) == [(42, "SD"), (84, "PD")]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([(-7, f"T{i}", 20, {"location": f"organ {i}"}) for i in range(6)], "too_many_targets"),
        ([(-7, f"T{i}", 20, {"location": side}) for i, side in enumerate(LUNGS)], "too_many_targets_of_organ"),
        ([(-7, "T1", 9.9, {})], "target_too_small"),
        ([(-7, "T1", 14.9, {"node": "Y"})], "target_too_small"),
        ([(-7, "T1", None, {})], "target_without_size"),
        ([(-7, "T1", 20, {}), (42, "T2", 20, {})], "lesion_not_at_baseline"),
        ([(-7, "T1", 20, {}), (-7, "T2", 20, {}), (42, "T1", 20, {})], "target_not_measured"),
        ([(-7, "T1", 20, {}), (42, "T1", 20, {}), (42, "T1", 25, {})], "lesion_measured_twice"),
        ([(-7, "T1", 20, {}), (42, "T1", 2, {})], "tenfold_size"),
        ([(7, "T1", 20, {}), (42, "T1", 20, {})], "no_baseline"),
        ([(-29, "T1", 20, {}), (42, "T1", 20, {})], "baseline_too_early"),
        ([(-28, "T1", 20, {}), (-28, "N1", 20, {"kind": "new"})], "new_lesion_at_baseline"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_lesion_queries(rows, rule, tmp_path):
    assert rule in course(tmp_path, *rows).derive().rules_asked("P")


def test_two_sizes_of_a_lesion_may_be_the_parts_of_one_that_split(tmp_path):
    """RECIST 1.1, 4.3.2: the parts are added up; which of two sizes are parts no table tells, so it is asked."""
    found = course(tmp_path, (-7, "T1", 40, {}), (42, "T1", 22, {}), (42, "T1", 20, {})).derive()
    (text,) = (query.message for query in found.queries if query.rule == "lesion_measured_twice")
    assert "22 and 20 mm on day 43; the largest is used" in text
    assert text.endswith("of a lesion that split give the sum of its parts")


def test_sound_lesions_ask_nothing(tmp_path):
    node = {"node": "Y", "location": "neck"}
    rows = [(-7, "T1", 20, {}), (-7, "N1", 15, node), (42, "T1", 15, {}), (42, "N1", 12, node)]
    assert course(tmp_path, *rows).derive().rules_asked("P") == set()


def test_nontarget_lesion_first_seen_later_counts_from_then_on(tmp_path):
    """To leave it out could hide its progression; the data manager is asked."""
    bone = {"kind": "nontarget", "location": "bone"}
    trial = course(
        tmp_path,
        (-7, "T1", 50, {}), (42, "T1", 0, {}), (84, "T1", 0, {}), (126, "T1", 0, {}),
        (84, "B1", None, bone | {"status": "present"}), (126, "B1", None, bone | {"status": "progression"}),
    )  # fmt: skip
    found = trial.derive()
    assert overall(found) == [(42, "CR"), (84, "PR"), (126, "PD")]
    assert {"lesion_not_at_baseline", "less_after_complete_response"} <= found.rules_asked("P")


@pytest.mark.parametrize("at_baseline", [{"status": "absent"}, {"node": "Y", "location": "neck", "size": 9}, None])
def test_a_nontarget_lesion_that_was_absent_does_not_progress_unseen(at_baseline, tmp_path):
    """A node of 9 mm is no disease; one that progresses later is, and so is any lesion that was gone before."""
    more = {"kind": "nontarget"} | ({"node": "Y", "location": "neck"} if at_baseline and "node" in at_baseline else {})
    rows = [(day, "T1", 30, {}) for day in (-7, 42, 84, 126)]
    rows += [(day, "B1", None, {"kind": "nontarget", "status": "present"}) for day in (-7, 42, 84, 126)]
    if at_baseline is not None:
        rows.append((-7, "N1", at_baseline.get("size"), more | {"status": at_baseline.get("status", "")}))
    rows += [
        (42, "N1", None, more | {"status": "absent"}), (84, "N1", None, more | {"status": "present"}),
        (126, "N1", None, more | {"status": "progression"}),
    ]  # fmt: skip
    found = course(tmp_path, *rows).derive()
    points = found.seen.timepoints
    assert points["nontarget_response"].tolist() == ["NON-CR/NON-PD", "NON-CR/NON-PD", "PD"]
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (127, 1)
    asked = [query.day for query in found.queries if query.rule == "lesion_not_at_baseline"]
    assert asked == [84]


def test_a_lesion_of_later_does_not_stand_for_one_that_was_not_evaluated(tmp_path):
    """Before it is known, an absent lesion fills no gap: the bone lesion of day 42 was not judged."""
    bone, liver = ({"kind": "nontarget", "location": organ} for organ in ("bone", "liver"))
    trial = course(
        tmp_path,
        (-7, "T1", 30, {}), (-7, "B1", None, bone | {"status": "present"}),
        (-7, "L1", None, liver | {"status": "absent"}), (42, "T1", 0, {"status": "absent"}),
        (42, "L1", None, liver | {"status": "absent"}), (84, "T1", 0, {"status": "absent"}),
        (84, "L1", None, liver | {"status": "present"}), (84, "B1", None, bone | {"status": "absent"}),
    )  # fmt: skip
    assert trial.derive().seen.timepoints["nontarget_response"].tolist() == ["NE", "NON-CR/NON-PD"]


def test_unknown_status_of_a_measured_target_is_asked(tmp_path):
    found = course(tmp_path, (-7, "T1", 50, {}), (42, "T1", 30, {"status": "smaller"})).derive()
    assert overall(found) == [(42, "PR")]
    assert found.rules_asked("P") == {"status_not_known"}


def test_nontarget_node_is_judged_by_its_short_axis(tmp_path):
    node = {"kind": "nontarget", "node": "Y", "location": "neck"}
    trial = course(
        tmp_path,
        (-7, "T1", 50, {}), (-7, "N1", 12, node), (42, "T1", 0, {}), (42, "N1", 9.9, node),
        (84, "T1", 0, {}), (84, "N1", 10, node),
    )  # fmt: skip
    points = trial.derive().seen.timepoints
    assert points["nontarget_response"].tolist() == ["CR", "NON-CR/NON-PD"]
    assert points["overall"].tolist() == ["CR", "PR"]


def test_order_of_rows_and_days_for_dates_change_no_time_point(tmp_path):
    """Whatever the order of rows: doubled measurements, visits of two days, several readings of a day."""
    node = {"node": "Y", "location": "neck"}
    rows = [
        (-7, "T1", 50, {}), (-7, "T1", 48, {}), (-7, "N1", 20, node), (40, "T1", 30, {"visit": "W6"}),
        (40, "T1", 31, {"visit": "W6"}), (44, "N1", 9, node | {"visit": "W6"}), (84, "T1", 40, {}), (84, "N1", 9, node),
        (40, "B1", None, {"kind": "nontarget", "status": "present"}),
        (40, "B1", None, {"kind": "nontarget", "status": "absent"}),
        (84, "X1", None, {"kind": "new", "status": "equivocal"}), (126, "X1", 12, {"kind": "new"}),
    ]  # fmt: skip
    results = []
    for as_days in (False, True):
        for step in (1, -1, 5, 7):
            trial = Trial(tmp_path, as_days)
            trial.patient("P", last_alive_at=130)
            order = [rows[(place * step) % len(rows)] for place in range(len(rows))]
            for day, lesion_id, size, more in order:
                lesion(trial, day, lesion_id, size, **({"visit": "", "status": ""} | more))
            readings = [(44, "PR", "N"), (44, "PR", "Y"), (84, "SD", "N")][:: 1 if step > 0 else -1]
            for day, response, new in readings:
                trial.add("assessments", patient_id="P", assessment_at=day, overall_response=response, new_lesion=new)
            points = trial.derive().seen.timepoints
            results.append(points.drop(columns=["row", "source", "reported_row"]).to_csv())
    assert len(set(results)) == 1
    assert "PD" in results[0]


def test_without_target_lesions_there_is_no_stable_disease(tmp_path):
    """RECIST 1.1, table 2: an unconfirmed CR of non-target disease is NON-CR/NON-PD."""
    bone = {"kind": "nontarget", "location": "bone"}
    trial = course(
        tmp_path, (-7, "B1", None, bone | {"status": "present"}), (42, "B1", None, bone | {"status": "absent"})
    )
    found = trial.derive()["P"]
    assert (found["bor"], found["cbor"], found["disease_control"]) == ("CR", "NON-CR/NON-PD", "Y")


def test_a_nontarget_lesion_without_status_and_size_was_not_evaluated(tmp_path):
    """Empty is not evaluated: NE (RECIST 1.1, table 2), no stable disease; with CR of the targets PR (table 1)."""
    bone = {"kind": "nontarget", "location": "bone"}
    rows = [(-7, "B1", None, bone | {"status": "present"}), (42, "B1", None, bone), (84, "B1", None, bone)]
    found = course(tmp_path, *rows).derive()
    assert overall(found) == [(42, "NE"), (84, "NE")]
    assert (found["P"]["cbor"], found["P"]["disease_control"], found["P"]["response_evaluable"]) == ("NE", "N", "no")
    assert (found["P"]["pfs_days"], found["P"]["pfs_event"]) == (1, 0)
    found = course(tmp_path, *rows, (-7, "T1", 50, {}), (42, "T1", 0, {}), (84, "T1", 0, {})).derive()
    assert overall(found) == [(42, "PR"), (84, "PR")]


def test_a_baseline_is_the_last_measurement_not_the_last_attempt(tmp_path):
    """A scan that could not measure a lesion takes nothing from the one before: 35 of 50 mm is 30% less, PR."""
    rows = [(-21, "T1", 50, {}), (-3, "T1", None, {"status": "not evaluable"}), (42, "T1", 35, {}), (84, "T1", 42, {})]
    found = course(tmp_path, *rows).derive()
    assert found.seen.timepoints["target_response"].tolist() == ["PR", "PD"]
    assert (found["P"]["bor"], found["P"]["pfs_days"], found["P"]["pfs_event"]) == ("PR", 85, 1)
    # Of two measurements the later one is the baseline: 35 mm is the same as before.
    found = course(tmp_path, (-9, "T1", 35, {}), *rows).derive()
    assert found.seen.timepoints["target_response"].tolist() == ["SD", "PD"]


def test_readings_of_every_day_of_a_visit_are_one_scan(tmp_path):
    """Only a scan without lesion rows keeps its reported response; a PR read within the visit of PD is no response."""
    week = {"visit": "W6"}
    rows = [(40, "T1", 30, week), (44, "T2", 50, week), (40, "N1", None, NEW | week | {"status": "unequivocal"})]
    trial = course(tmp_path, (-7, "T1", 50, {"visit": "B"}), (-7, "T2", 50, {"visit": "B"}), *rows)
    for day, response, new in ((40, "PR", "N"), (42, "PD", "Y"), (44, "SD", "N")):
        trial.add("assessments", patient_id="P", assessment_at=day, overall_response=response, new_lesion=new)
    found = trial.derive()
    assert overall(found) == [(40, "PD")]
    assert (found["P"]["bor"], found["P"]["response_unconfirmed"]) == ("PD", "N")
    points = found.seen.timepoints
    assert (points["overall_reported"].tolist(), points["new_lesion_reported"].tolist()) == (["PD"], ["Y"])


def test_a_lesion_that_was_never_seen_is_no_complete_response(tmp_path):
    """Only a non-target lesion that was seen counts: not evaluable, then absent, is no disease that went (table 2)."""
    bone = {"kind": "nontarget", "location": "bone"}
    trial = course(
        tmp_path, (-7, "B1", None, bone | {"status": "absent"}), (42, "B2", None, bone | {"status": "not evaluable"}),
        (84, "B2", None, bone | {"status": "absent"}), (126, "B2", None, bone | {"status": "absent"}),
    )  # fmt: skip
    found = trial.derive()
    assert overall(found) == [(42, "NE"), (84, "NE"), (126, "NE")]
    assert (found["P"]["cbor"], found["P"]["response_unconfirmed"]) == ("NE", "N")


@pytest.mark.parametrize(("node", "size"), [("N", 0), ("Y", 9)])
def test_targets_without_disease_at_baseline_have_no_complete_response(node, size, tmp_path):
    """CR is the disappearance of disease (RECIST 1.1, 4.3.1): none of 0 mm, and no node of 9 mm, disappears."""
    rows = [(day, "T1", size, {"node": node}) for day in (-7, 42, 84)]
    found = course(tmp_path, *rows, (126, "T1", 30, {"node": node})).derive()
    assert overall(found) == [(42, "NE"), (84, "NE"), (126, "PD")]
    assert (found["P"]["cbor"], found["P"]["response_unconfirmed"]) == ("PD", "N")
