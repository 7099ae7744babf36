"""A second program of the endpoints, by docs/methods/endpoints.md and config/endpoints.yaml alone.

Plain and slow: one patient at a time, rows as dicts, nothing taken from the project. Every ``day`` is a number of days
from the reference date. Where it and the project differ, one of them or the written rule is wrong.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from second_irecist import endpoints, read

Row = dict[str, Any]
SEVERITY = ["NE", "CR", "PR", "SD", "NON-CR/NON-PD", "PD"]  # of several assessments of a day the last one counts
CODES = ["", "NE", "iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iUPD", "iCPD"]  # the same of codes
NONTARGET = [("progression", "PD"), ("not evaluable", "NE"), ("present", "NON-CR/NON-PD"), ("absent", "CR")]
UNSEEN = ("absent", "not evaluable", "ne")
AS_BEFORE = ("increased", "no change since last")
EVALUATED = ["not evaluable", "absent", "present", "progression"]


def size(row: Row | None) -> Decimal | None:
    """Return the diameter in mm; None when it was not measured."""
    if row is None or row["status"] == "not evaluable":
        return None
    if row["status"] == "merged":
        return Decimal(0)
    if row["diameter_mm"] != "":
        return Decimal(str(row["diameter_mm"]))
    return {"absent": Decimal(0), "too small to measure": Decimal(5)}.get(row["status"])


def state(row: Row | None) -> str:
    """Return the state of a non-target lesion: by its status, else by its size, else not evaluated."""
    found = size(row)
    if row is None or row["status"] or found is None:
        return (row and row["status"]) or "not evaluable"
    return "absent" if found == 0 or (found < 10 and row["node"] == "Y") else "present"


def settle(lesions: list[Row]) -> list[Row]:
    """Return lesions that are as before, or have grown since, the status that they had before."""
    told: dict[str, str] = {}
    settled = []
    for row in sorted(lesions, key=lambda row: row["day"]):
        new = row | {"grew": row["status"] == "increased", "place": lesions.index(row)}
        if row["status"] in AS_BEFORE:
            start = "present" if row["kind"] == "nontarget" else "unequivocal"
            new["status"] = told.get(row["lesion_id"], start)
            new["status"] = start if new["status"] == "absent" else new["status"]
        elif row["kind"] == "new" and row["status"] == "":
            told[row["lesion_id"]] = "unequivocal"
        elif row["kind"] == "nontarget" and state(row) != "not evaluable":
            told[row["lesion_id"]] = state(row)
        elif row["kind"] == "new":
            told[row["lesion_id"]] = row["status"]
        settled.append(new | {"mm": size(new)})
    return settled


def surely_new(lesions: list[Row]) -> list[Row]:
    """Return the rows of new lesions that are there and sure: unequivocal before or then, or later and never gone."""
    found = []
    for row in lesions:
        same = [one for one in lesions if one["kind"] == "new" and one["lesion_id"] == row["lesion_id"]]
        there = {one["day"] for one in same if one["status"] not in UNSEEN}
        gone = {one["day"] for one in same if one["status"] == "absent"} - there
        sure = {one["day"] for one in same if one["status"] not in (*UNSEEN, "equivocal")}
        later = [day for day in sure if not any(row["day"] < absent < day for absent in gone)]
        if row["kind"] == "new" and row["status"] not in UNSEEN and later:
            found.append(row)
    return found


def group_scans(rows: list[Row], window: int, therapy: int | None) -> list[list[Row]]:
    """Put the rows of a day together, those of a visit whose days are at most the window apart, and days without one.

    Days without a visit are together when they are at most the window after the first and no lesion is there twice.
    None are together across the start of a new therapy.
    """

    def across(first: int, day: int) -> bool:
        return therapy is not None and first <= therapy < day

    groups: list[list[Row]] = []
    for row in sorted((row for row in rows if row["visit"]), key=lambda row: row["day"]):
        for group in groups:
            near = row["day"] - group[-1]["day"] <= window and not across(group[0]["day"], row["day"])
            if row["visit"] == group[0]["visit"] and near:
                group.append(row)
                break
        else:
            groups.append([row])
    open_group: list[Row] = []
    for day in sorted({row["day"] for row in rows if not row["visit"]}):
        today = [row for row in rows if row["day"] == day and not row["visit"]]
        again = {row["lesion_id"] for row in today} & {row["lesion_id"] for row in open_group}
        apart = not open_group or day - open_group[0]["day"] > window or across(open_group[0]["day"], day)
        if apart or again:
            open_group = []
            groups.append(open_group)
        open_group += today
    return groups


def target_response(now: dict[str, Row], targets: dict[str, Row], past: list[Row], baseline: Decimal | None) -> Row:
    """Judge the sum of the target lesions of one scan; ``past`` has the answers of the scans before."""
    sizes = {lesion: size(now.get(lesion)) for lesion in targets}
    seen = {lesion: found for lesion, found in sizes.items() if found is not None}
    node = {lesion: row["node"] == "Y" for lesion, row in targets.items()}
    complete, total = len(seen) == len(targets), sum(seen.values(), Decimal(0))
    gone = all(found < 10 if node[lesion] else found == 0 for lesion, found in seen.items())
    sums = [scan["sum"] for scan in past if scan["sum"] is not None] + ([] if baseline is None else [baseline])
    first = {lesion: size(row) for lesion, row in targets.items()}
    disease = any(mm is None or mm >= 10 or (mm > 0 and not node[one]) for one, mm in first.items())
    cleared = not disease or any(scan["gone"] for scan in past)
    back = cleared and any(seen[one] > 0 and not node[one] for one in seen)
    word: str | None
    if complete and gone:
        word = "CR" if disease else None
    elif back or (sums and not gone and total - min(sums) >= 5 and total >= min(sums) * Decimal("1.2")):
        word = "PD"
    elif not complete or baseline is None:
        word = "NE"
    else:
        word = "PR" if total <= baseline * Decimal("0.7") else "SD"
    return {"target": word, "sum": total if complete else None, "gone": complete and gone}


def rank(row: Row) -> Any:
    """Of several rows of a lesion at one time point the one of the highest rank counts."""
    if row["kind"] == "nontarget":
        return EVALUATED.index(state(row))
    found = size(row)
    return Decimal(-1) if found is None else found


def lesion_scans(lesions: list[Row], rules: Row, therapy: int | None) -> tuple[list[Row], bool]:
    """Return the time points from lesions, and whether a target lesion was there at baseline."""
    before = sorted((row for row in lesions if row["day"] <= 0), key=lambda row: row["day"])
    targets: dict[str, Row] = {}
    nontargets: dict[str, Row] = {}
    for row in before:
        if row["kind"] == "target" and (size(row) is not None or row["lesion_id"] not in targets):
            targets[row["lesion_id"]] = row
        if row["kind"] == "nontarget":
            nontargets[row["lesion_id"]] = row
    known = {lesion for lesion, row in nontargets.items() if state(row) != "absent"}
    sizes = [size(row) for row in targets.values()]
    baseline = sum((one for one in sizes if one is not None), Decimal(0)) if sizes and None not in sizes else None
    new = [row for row in lesions if row["kind"] == "new" and row["day"] > 0 and row["status"] not in UNSEEN]
    sure = surely_new([row for row in lesions if row["day"] > 0])
    points: list[Row] = []
    begun = False
    later = [row for row in lesions if row["day"] > 0]
    for rows in group_scans(later, rules["scans"]["window_days"], therapy):
        now = {row["lesion_id"]: row for row in sorted(rows, key=lambda row: (row["kind"], rank(row)))}
        for lesion, row in now.items():
            if row["kind"] == "nontarget":
                known |= {lesion} if state(row) in ("present", "progression") else set()
        point: Row = {"first": rows[0]["day"], "last": rows[-1]["day"], "target": None, "sum": None, "rows": rows}
        if targets:
            point |= target_response(now, targets, points, baseline)
        states = {state(now.get(lesion)) for lesion in known}
        point["nontarget"] = next((word for name, word in NONTARGET if name in states), None)
        found = [row for row in rows if row in new]
        point["since"] = min((row["day"] for row in found if row in sure), default=None)
        point["new"] = "Y" if point["since"] is not None else "E" if found else None
        point["since"], begun = None if begun else point["since"], begun or point["since"] is not None
        points.append(point)
    return points, bool(targets)


def overall(point: Row) -> str:
    """Tables 1 and 2 of RECIST 1.1."""
    if point["new"] == "Y" or "PD" in (point["target"], point["nontarget"]):
        return "PD"
    if point["target"] is None:
        return point["nontarget"] or "NE"
    if point["target"] == "CR" and point["nontarget"] not in (None, "CR"):
        return "PR"
    return point["target"]


def by_tables(words: list[str], targets: bool) -> str:
    """Return the overall response of readings of one time point: SD, PR, CR speak of target lesions, the rest not."""
    if "PD" in words or len(set(words)) == 1:
        return max(words, key=SEVERITY.index)
    target = max((word for word in words if word in ("CR", "PR", "SD")), key=SEVERITY.index, default=None)
    target = None if target == "CR" and not targets else target
    nontarget = "NE" if "NE" in words else "NON-CR/NON-PD" if "NON-CR/NON-PD" in words else None
    return overall({"target": target, "nontarget": nontarget, "new": None})


def code_by_tables(codes: list[str], targets: bool) -> str:
    """Do the same for the codes of iRECIST that were given."""
    said = [code for code in codes if code]
    if not said or {"iUPD", "iCPD"} & set(said):
        return max(codes, key=CODES.index)
    word = by_tables([code.replace("NON-iCR/NON-iUPD", "NON-CR/NON-PD").removeprefix("i") for code in said], targets)
    return word if word == "NE" else "NON-iCR/NON-iUPD" if word == "NON-CR/NON-PD" else f"i{word}"


def parts_of_points(told: list[Row], rules: Row, therapy: int | None) -> list[list[Row]]:
    """Sort reported scans into time points."""
    if rules["scans"]["close_assessments"] == "apart":
        return [[scan] for scan in told]
    groups: list[list[Row]] = []
    for scan in sorted(told, key=lambda scan: scan["day"]):
        for group in groups:
            first, last = group[0]["day"], group[-1]["day"]
            apart = scan["day"] - (last if scan["visit"] else first)
            across = first <= 0 or (therapy is not None and first <= therapy < scan["day"])
            if scan["visit"] == group[0]["visit"] and not across and apart <= rules["scans"]["window_days"]:
                group.append(scan)
                break
        else:
            groups.append([scan])
    return groups


def targets_told(assessments: list[Row], rules: Row, therapy: int | None) -> bool:
    """Tell from readers' words whether there are target lesions: NON-CR/NON-PD of a whole time point says no."""
    worst: dict[int, str] = {}
    for row in assessments:
        worst[row["day"]] = max(worst.get(row["day"], "NE"), row["overall_response"], key=SEVERITY.index)
        if row["overall_response"] in ("PR", "SD") or row.get("target_response"):
            return True
    scans = [{"day": row["day"], "visit": row.get("visit", "")} for row in assessments]
    words = [{worst[scan["day"]] for scan in point} for point in parts_of_points(scans, rules, therapy)]
    said = {row["overall_response"] for row in assessments}
    return "NON-CR/NON-PD" not in said or not any("NON-CR/NON-PD" in one and "CR" not in one for one in words)


def united(group: list[Row], targets: bool) -> Row:
    """Return the scan that several reported ones make."""
    scan = {"day": group[-1]["day"], "sum": None, "symptom": any(one["symptom"] for one in group)}
    scan["response"] = by_tables([one["response"] for one in group], targets)
    scan["code"] = code_by_tables([one["code"] for one in group], targets)
    for part in ("target", "nontarget"):
        scan[part] = max((one[part] for one in group), key=lambda word: ["", *SEVERITY].index(word or ""))
    scan["new"] = max((one["new"] for one in group), key=lambda word: ["", "N", "E", "Y"].index(word or ""))
    scan["shown"] = [one["day"] for one in group if one["response"] == "PD"]
    scan["doubted"] = [one["day"] for one in group if one["new"] == "E"]
    return scan


def all_scans(
    assessments: list[Row], lesions: list[Row], rules: Row, judged: bool, therapy: int | None
) -> tuple[list[Row], bool]:
    """Return the scans in order of time, each with ``day``, ``response`` and ``new``; and whether there are targets.

    Without a baseline scan (``judged`` is false) all but PD by an unequivocal new lesion is NE.
    """
    points, measurable = lesion_scans(lesions, rules, therapy)
    baseline = any(row["day"] <= 0 for row in lesions)
    told: dict[int, Row] = {}
    for row in assessments:
        day = next((p["last"] for p in points if p["first"] <= row["day"] <= p["last"]), row["day"])
        if day < 0 or (day == 0 and baseline):
            continue
        parts = [["", *SEVERITY].index(row.get(name, "")) for name in ("target_response", "nontarget_response")]
        new = ["", "N", "E", "Y"].index(row["new_lesion"])
        worse = (SEVERITY.index(row["overall_response"]), new, *parts)
        same = told.get(day, {"code": "", "symptom": False, "rank": (-1,)})
        if worse > same["rank"]:
            told[day] = {
                "day": day,
                "response": row["overall_response"],
                "new": row["new_lesion"] or None,
                "rank": worse,
                "visit": row.get("visit", ""),
            }
            told[day] |= {part: row.get(f"{part}_response") or None for part in ("target", "nontarget")}
        code = row.get("irecist_response", "")
        told[day]["code"] = max(same["code"], code, key=CODES.index)
        told[day] |= {"sum": None, "symptom": same["symptom"] or row.get("new_symptom") == "Y"}
    for apart in range(rules["scans"]["window_days"] + 1):
        for point in points:
            for day in sorted(told):
                across = therapy is not None and day <= therapy < point["last"]
                if "told" not in point and day in told and abs(point["last"] - day) == apart and not across:
                    point["told"] = told.pop(day)
    for point in points:
        point["named"] = point["new"] is not None
        if point["new"] is None and any(row.get("small") for row in point["rows"]):
            point["new"] = "N"
        if point["new"] is None and "told" in point and point["told"]["new"] in ("Y", "E"):
            point["new"] = point["told"]["new"]
        if "told" in point and not any(row["kind"] == "nontarget" for row in point["rows"]):
            point["nontarget"] = point["told"]["nontarget"] or point["nontarget"]
        if point["nontarget"] is None and "told" in point:
            point["nontarget"] = point["told"]["nontarget"]
        also = point.get("told", {"code": "", "symptom": False})
        point["code"] = also["code"]
        point["symptom"] = also["symptom"] or any(row.get("new_symptom") == "Y" for row in point["rows"])
        point["response"], point["day"] = overall(point), point["last"]
        if point["response"] == "PD":
            first = rules["progression"]["date_of_sum"] == "first_scan"
            days = [point["since"]] if point["since"] is not None else []
            if not days or "PD" in (point["target"], point["nontarget"]):
                days.append(point["first" if first else "last"])
            point["day"] = min(days)
    targets = measurable if baseline else targets_told(assessments, rules, therapy)
    groups = parts_of_points(list(told.values()), rules, therapy)
    alone = [group[0] if len(group) == 1 else united(group, targets) for group in groups]
    scans = sorted([*points, *alone], key=lambda scan: scan["day"])
    if rules["progression"]["equivocal_new_lesion"] == "date_back":
        date_back(scans, rules["progression"]["date_of_sum"] == "first_scan")
    for scan in scans:
        if not judged and not (scan["response"] == "PD" and scan["new"] == "Y"):
            scan["response"] = "NE"
        if scan["response"] == "PD" and "shown" in scan:
            back = scan["new"] == "Y" and rules["progression"]["equivocal_new_lesion"] == "date_back"
            scan["day"] = min(scan["shown"] + (scan["doubted"] if back else []))
    scans.sort(key=lambda scan: scan["day"])
    hold(scans, rules)
    return scans, targets


def date_back(scans: list[Row], first_scan: bool) -> None:
    """Call PD the scans whose reported equivocal new lesion the next word of new lesions calls sure."""
    for place, scan in enumerate(scans):
        if scan["new"] != "E" or scan.get("named") or scan["day"] == 0:
            continue
        for later in scans[place + 1 :]:
            word = later["new"] or later.get("told", {}).get("new")
            if word == "Y" and later["response"] == "PD":
                scan["back"] = True
            if word in ("N", "Y") or later.get("named"):
                break
    for scan in scans:
        if scan.get("back"):
            scan["response"], scan["new"] = "PD", "Y"
            scan["day"] = scan["first"] if first_scan and "first" in scan else scan["day"]


def hold(scans: list[Row], rules: Row) -> None:
    """Apply the switches of regrowth after PR and of less after CR."""
    mode = rules["best_response"]["regrowth_after_pr"]
    for place, scan in enumerate(scans):
        past = {one["response"] for one in scans[:place]}
        if "last" in scan and scan["response"] == "SD" and "PR" in past and not {"CR", "PD"} & past:
            rule = rules["confirmation"]
            sure = confirmed("PR", scans[:place], rule, rule["minimum_days"]) is not None
            if mode == "any" or (mode == "confirmed" and sure):
                scan["response"] = "PR"
        less = "CR" in past and "PD" not in past and scan["response"] in ("PR", "SD", "NON-CR/NON-PD")
        if less and rules["best_response"]["cr_then_less"] == "progression":
            scan["response"] = "PD"


def confirmed(word: str, scans: list[Row], rules: Row, days: int) -> int | None:
    """Return the day of the first scan of a confirmed CR or PR."""
    may_confirm = ("CR",) if word == "CR" else ("CR", "PR")
    stable = 0 if word == "CR" else rules["stable_between"]
    for place, scan in enumerate(scans):
        for later in range(place + 1, len(scans)):
            span = [one["response"] for one in scans[place + 1 : later + 1]]
            between = span[:-1]
            enough = span[-1] in may_confirm and scans[later]["day"] - scan["day"] >= days
            clean = set(between) <= {*may_confirm, "NE", "SD"} and between.count("SD") <= stable
            clean = clean and between.count("NE") <= rules["not_evaluable_between"]
            less = "CR" in span and "PR" in span[span.index("CR") :]
            if scan["response"] == word and enough and clean and not less:
                return scan["day"]
    return None


def start_of_response(scans: list[Row], rules: Row) -> int | None:
    """Return the day of the first CR or PR that a confirmation rests on, without a break up to the confirmed scan."""
    days = [confirmed(word, scans, rules, rules["minimum_days"]) for word in ("CR", "PR")]
    known = min((day for day in days if day is not None), default=None)

    def whole(words: list[str]) -> bool:
        clean = all(word in ("CR", "PR", "NE", "SD") for word in words)
        return (
            clean
            and words.count("NE") <= rules["not_evaluable_between"]
            and words.count("SD") <= rules["stable_between"]
        )

    for place, scan in enumerate(scans):
        if known is None or scan["day"] >= known or scan["response"] not in ("CR", "PR"):
            continue
        later = [one for one in scans[place + 1 :] if one["response"] in ("CR", "PR")]
        far = [one for one in later if one["day"] >= scan["day"] + rules["minimum_days"]]
        for last in (far[0]["day"] if far else None, known):
            if last is None or not whole([s["response"] for s in scans[place + 1 :] if s["day"] <= last]):
                break
        else:
            return scan["day"]
    return known


def best(scans: list[Row], rules: Row, measurable: bool, days: int | None) -> str:
    """Return the best response; ``days`` is the least time to a confirmation, None without one."""
    words = {scan["response"] for scan in scans}
    late = {scan["response"] for scan in scans if scan["day"] >= rules["stable_disease"]["minimum_days"]}
    for word in ("CR", "PR"):
        if (word in words) if days is None else confirmed(word, scans, rules["confirmation"], days) is not None:
            return word
    if "SD" in late or (days is not None and late & {"CR", "PR"}):
        return "SD" if measurable or days is None else "NON-CR/NON-PD"
    return "NON-CR/NON-PD" if "NON-CR/NON-PD" in late else "PD" if "PD" in words else "NE"


def allowed_gap(last: int, scans: Row, missed: int) -> int:
    """Return the days that the next scans, by the due day nearest to the last one, and their windows take."""
    due = [0]
    while len([day for day in due if day >= last]) < missed + 2:
        steps = [step["interval_days"] for step in scans["later"] if step["from_day"] - 1 <= due[-1]]
        due.append(due[-1] + (steps[-1] if steps else scans["interval_days"]))
    place = min(range(len(due)), key=lambda place: (abs(due[place] - last), -place))
    return due[place + missed] - due[place] + missed * scans["window_days"]


def progression_free(style: str, scans: list[Row], patient: Row, therapy: int | None, rules: Row) -> tuple[int, int]:
    """Return the day and the event of PFS by the FDA's or the EMA's rules."""
    progressed = [scan for scan in scans if scan["response"] == "PD"]
    if not patient["baseline"]:
        progressed = [scan for scan in progressed if scan["new"] == "Y" and style == "ema"]
    progression = min((scan["day"] for scan in progressed), default=None)
    ended = patient["treatment_end"] if patient["progressed"] and rules["progression"]["clinical"] == "event" else None
    event = min((day for day in (progression, patient["death"], ended) if day is not None), default=None)
    adequate = [scan["day"] for scan in scans if scan["response"] != "NE" and patient["baseline"]]
    if style == "fda":
        leaves = patient["withdrawal"] if rules["progression"]["after_withdrawal"] == "censor" else None
        end = min((day for day in (therapy, leaves) if day is not None), default=None)
        adequate = [day for day in adequate if end is None or day <= end]
        if event is not None and end is not None and event > end:
            event = None
        missed = rules["scans"]["missed_scans"]
        if event is not None and missed is not None:
            last = max((day for day in adequate if day < event or (day == event != progression)), default=0)
            if event - last > allowed_gap(last, rules["scans"], missed):
                return last, 0
    return (max(adequate, default=0), 0) if event is None else (event, 1)


def derive(patient: Row, assessments: list[Row], lesions: list[Row], therapies: list[Row], rules: Row) -> Row:
    """Derive the endpoints of a patient: days of death, last_alive, withdrawal, cutoff (or None), contacts."""
    patient, lesions = dict(patient), settle(lesions)
    for row in lesions:
        small = row["kind"] == "new" and row["node"] == "Y" and row["mm"] is not None and row["mm"] < 10
        if (
            small
            and row["status"] != "absent"
            and row["day"] > 0
            and rules["progression"]["new_node_below_10_mm"] == "ignore"
        ):
            row["status"], row["small"] = "absent", True
    rows = [row["day"] for row in [*assessments, *lesions]]
    contacts = [*rows, *patient["contacts"], *(patient[name] for name in ("last_alive", "withdrawal", "treatment_end"))]
    contacts += [row["day"] for row in therapies]
    if rules["survival"]["last_alive"] == "as_recorded":
        contacts = [patient["last_alive"]]
    contacts = [day for day in contacts if day is not None]
    cutoff, death = patient["cutoff"], patient["death"]
    if cutoff is not None:
        known = [patient["last_alive"], death]
        if rules["survival"]["last_alive"] == "latest_contact":
            known += [patient["withdrawal"], patient["treatment_end"]]
        later = any(day is not None and day > cutoff for day in known)
        contacts = [day for day in contacts if day <= cutoff] + ([cutoff] if later else [])
    death = patient["death"] = None if death is None or (cutoff is not None and death > cutoff) else death
    last = min((day for day in (cutoff, death) if day is not None), default=10**6)
    assessments, lesions = ([row for row in rows if row["day"] <= last] for rows in (assessments, lesions))
    counts = rules["progression"]["radiotherapy"] == "new_therapy"
    days = [row["day"] for row in therapies if row["day"] <= last and (counts or row["kind"] != "radiotherapy")]
    for name in ("withdrawal", "treatment_end"):
        if patient[name] is not None and patient[name] > last:
            patient[name] = None
    if patient["baseline"] is None:
        patient["baseline"] = any(row["day"] <= 0 for row in lesions) or not lesions
    therapy = min((day for day in days if day >= 0), default=None)
    scans, measurable = all_scans(assessments, lesions, rules, patient["baseline"], therapy)
    first = next((place for place, scan in enumerate(scans) if scan["response"] == "PD"), len(scans))
    counted = scans[: first + 1]
    if rules["best_response"]["after_new_therapy"] == "exclude" and therapy is not None:
        counted = [scan for scan in counted if scan["day"] <= therapy]
    least = rules["confirmation"]["minimum_days"]
    found: Row = {"bor": best(counted, rules, measurable, None), "cbor": best(counted, rules, measurable, least)}
    found["cbor_strict"] = best(counted, rules, measurable, rules["confirmation"]["strict_minimum_days"])
    for suffix, name in (("", "cbor"), ("_strict", "cbor_strict"), ("_unconfirmed", "bor")):
        found[f"response{suffix}"] = "Y" if found[name] in ("CR", "PR") else "N"
        found[f"disease_control{suffix}"] = "N" if found[name] in ("PD", "NE") else "Y"
    evaluable = patient["baseline"] and any(scan["response"] != "NE" for scan in counted)
    found["response_evaluable"] = "yes" if evaluable else "no"
    start = start_of_response(counted, rules["confirmation"])
    loose = min((scan["day"] for scan in counted if scan["response"] in ("CR", "PR")), default=None)
    for suffix, day in (("", start), ("_unconfirmed", loose)):
        found[f"ttr_days{suffix}"] = None if day is None else day + 1
    for style, suffix in (("fda", ""), ("ema", "_ema")):
        day, event = progression_free(style, scans, patient, therapy, rules)
        found |= {f"pfs_days{suffix}": day + 1, f"pfs_event{suffix}": event}
        for begin, name in ((start, suffix), *([(loose, "_unconfirmed")] if style == "fda" else [])):
            if begin is not None and patient["treatment_end"] is not None and patient["treatment_end"] < begin:
                day, event = progression_free(style, scans, patient | {"progressed": False}, therapy, rules)
            found[f"dor_days{name}"] = None if begin is None else max(day, begin) - begin + 1
            found[f"dor_event{name}"] = None if begin is None else event
    sure = surely_new([row for row in lesions if row["day"] > 0])
    codes = read(scans, sure, rules["irecist"], rules["best_response"]["cr_then_less"])
    news = {scan["day"]: scan["new"] for scan in scans}
    found |= endpoints(codes, patient, therapy, measurable, news, rules)
    alive = max([0, *contacts])
    found["os_event"] = int(patient["death"] is not None)
    found["os_days"] = (patient["death"] if found["os_event"] else alive) + 1
    return found
