"""A second program of iRECIST, by the table of docs/methods/endpoints.md alone; scans as `second_programming` has them.

A scan has ``day``, ``response`` (RECIST 1.1) and, as far as they are known, ``code`` (a reader's), ``target``,
``nontarget``, ``sum``, ``new`` and ``rows`` (its lesions, when it was measured).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Row = dict[str, Any]
WORDS = {"CR": "iCR", "PR": "iPR", "SD": "iSD", "NON-CR/NON-PD": "NON-iCR/NON-iUPD", "PD": "iUPD", "NE": "NE"}
BEST = ["iCR", "iPR", "iSD", "NON-iCR/NON-iUPD", "iCPD", "iUPD", "NE"]


def look(scan: Row, sure: list[Row], targets: set[str]) -> Row:
    """Return what the lesions of a scan show of new and of non-target lesions."""
    seen: Row = {"gone": set(), "worse": set(), "read": set()}
    seen |= {"there": set(), "new targets": {}, "new others": {}, "others": {}, "new grew": False, "grew": False}
    for row in scan.get("rows") or []:
        name, mm = row["lesion_id"], row["mm"]
        if row in sure or (
            row["status"] == "absent" and row["kind"] == "new" and name in {r["lesion_id"] for r in sure}
        ):
            place = "new targets" if name in targets else "new others"
            seen["gone" if row["status"] == "absent" else "there"].add(name)
            seen["new grew"] |= row["grew"] and name not in targets
        elif row["kind"] == "nontarget":
            place = "others"
            seen["grew"] |= row["grew"]
            seen["worse"] |= {name} if row["status"] == "progression" else set()
            unread = row["status"] in ("not evaluable", "ne") or (row["status"] == "" and row["mm"] is None)
            seen["read"] |= set() if unread else {name}
        else:
            continue
        if mm is not None:
            seen[place][name] = max(mm, seen[place].get(name, mm))
    if not seen["there"] and scan["new"] == "Y":
        seen["there"] = {"told"}
    told = scan.get("told") or scan
    if scan["new"] != "Y" and told["new"] == "N" and told["response"] != "PD":
        seen["gone"].add("told")
    return seen


def still_there(past: list[Row]) -> set[str]:
    """Return the new lesions that were seen and that no scan since has called absent."""
    there: set[str] = set()
    for one in past:
        there |= one["look"]["there"] if one["i"] != "NE" else set()
        there -= one["look"]["gone"] - one["look"]["there"]
    return there


def nontargets_unread(scan: Row, block: list[Row]) -> bool:
    """Return whether non-target lesions that had progressed were not evaluated."""
    worse = {name for one in block for name in one["look"]["worse"]}
    unread = not worse or bool(worse - scan["look"]["read"])
    return scan["nontarget"] in (None, "NE") and any(one["nontarget"] == "PD" for one in block) and unread


def new_targets(scans: list[Row], sure: list[Row]) -> set[str]:
    """Choose the new lesions to be measured: 10 mm (a node 15 mm) when first seen, at most 5, 2 of an organ."""
    first: dict[str, tuple] = {}
    for scan in scans:
        for row in sorted(scan.get("rows") or [], key=lambda row: (row["day"], row["place"])):
            if row in sure:
                first.setdefault(row["lesion_id"], (row["day"], -(row["mm"] or 0), row["lesion_id"], row))
    chosen: list[str] = []
    organs: list[str] = []
    for _, mm, name, row in sorted(first.values(), key=lambda one: one[:3]):
        organ = "nodes" if row["node"] == "Y" else row.get("location", "").replace(", left", "")
        if -mm >= (15 if row["node"] == "Y" else 10) and len(chosen) < 5 and (not organ or organs.count(organ) < 2):
            chosen.append(name)
            organs.append(organ)
    return set(chosen)


def without_new(scan: Row, further: bool) -> str:
    """Return the response by RECIST 1.1 when only a further new lesion counts as new."""
    if "rows" not in scan:
        return scan["response"]
    if further or "PD" in (scan["target"], scan["nontarget"]):
        return "PD"
    if scan["target"] is None:
        return scan["nontarget"] or "NE"
    return "PR" if scan["target"] == "CR" and scan["nontarget"] not in (None, "CR") else scan["target"]


def larger(now: dict[str, Decimal], then: dict[str, Decimal]) -> bool:
    return any(now[name] > then[name] for name in set(now) & set(then))


def confirmed_by(scan: Row, block: list[Row], further: bool, rules: Row) -> bool:
    """Return whether a scan confirms the iUPD before it."""
    last = block[-1]
    measured = "rows" in scan

    def since(scans: list[Row]) -> Row:
        return scans[0] if rules["increase_reference"] == "first_iupd" else scans[-1]

    if not measured and scan["response"] != "PD":
        return False
    if measured and further:
        return True
    for kind in ("target", "nontarget"):
        told = last[kind] is not None or (measured and "rows" in last)
        if scan[kind] == "PD" and last[kind] != "PD" and told:
            return True
    if not measured and scan["new"] == "Y" and last["new"] in ("N", "E"):
        return True
    if last["target"] == "PD" and scan["sum"] is not None:
        earlier = [one for one in block if one["target"] == "PD" and one["sum"] is not None]
        if earlier:
            growth = scan["sum"] - since(earlier)["sum"]
            row_of_both = last["nontarget"] == "PD" and not last["look"]["there"]
            if growth > 5 or (growth == 5 and not (row_of_both and rules["confirmation_growth"] == ">5")):
                return True
    look = scan["look"]
    if last["nontarget"] == "PD" and (look["grew"] or larger(look["others"], since(block)["look"]["others"])):
        return True
    if measured and last["look"]["there"]:
        then = since([one for one in block if one["look"]["there"]])["look"]
        in_sum = sum((look["new targets"].get(name, 0) - mm for name, mm in then["new targets"].items()), Decimal(0))
        return look["new grew"] or larger(look["new others"], then["new others"]) or in_sum >= 5
    return False


def derived_code(scan: Row, past: list[Row], block: list[Row], rules: Row) -> str:
    """Derive the response of a scan without a reader's code; ``past`` has all scans that were used."""
    first = min((place for place, one in enumerate(past) if one in block), default=len(past))
    known = {name for one in past if one["i"] != "NE" for name in one["look"]["there"]}
    before = {name for one in past[:first] if one["i"] != "NE" for name in one["look"]["there"]}
    there = scan["look"]["there"]
    if scan["response"] == "NE" or not any(one["i"] in ("iUPD", "iCPD") for one in past):
        return WORDS[scan["response"]]
    window, least = (
        rules["confirmation_window"],
        rules["confirmation_minimum_days"] - rules["confirmation_variance_days"],
    )
    if (
        block
        and window != "none"
        and scan["day"] - block[-1]["day"] < least
        and not (scan["symptom"] and there - known)
    ):
        return "disregarded"
    found = without_new(scan, bool(there - known))
    if any(one["i"] == "iCPD" for one in past):
        return "iCPD" if found == "PD" else WORDS[found]
    if not block:
        return WORDS[found]
    if confirmed_by(scan, block, bool(there - known), rules):
        late = scan["day"] - block[-1]["day"] > 56 + rules["confirmation_variance_days"]
        return "iUPD" if late and window == "strict" else "iCPD"
    if found in ("PD", "NE") or "rows" not in scan:
        return WORDS[found]
    unseen = still_there(past) - before - scan["look"]["gone"]
    came_after = found == "CR" or (found == "PR" and without_new(block[0], False) not in ("CR", "PR"))
    if nontargets_unread(scan, block):
        return "NE"
    if came_after or not (there - before or unseen):
        return WORDS[found]
    return "iUPD" if there - before else "NE"


def read(scans: list[Row], sure: list[Row], rules: Row, less: str) -> list[tuple[int, str, int | None]]:
    """Return day, response and first day of its block of every scan; ``sure`` are the rows of new lesions for sure."""
    targets = new_targets(scans, sure)
    past: list[Row] = []
    codes: list[tuple[int, str, int | None]] = []
    for scan in scans:
        scan["look"] = look(scan, sure, targets)
        evaluable = [one for one in past if one["i"] != "NE"]
        place = max((n for n, one in enumerate(evaluable) if one["i"] != "iUPD"), default=-1)
        block = evaluable[place + 1 :]
        code = WORDS.get(scan["code"], scan["code"]) or derived_code(scan, past, block, rules)
        if scan["code"] == "iCPD" and block and not any(one["i"] == "iCPD" for one in past):
            days, spare = scan["day"] - block[-1]["day"], rules["confirmation_variance_days"]
            if rules["confirmation_window"] == "strict" and days < rules["confirmation_minimum_days"] - spare:
                code = "disregarded"
            elif rules["confirmation_window"] == "strict" and days > 56 + spare:
                code = "iUPD"
        if less == "progression" and code in BEST[1:4] and any(one["i"] == "iCR" for one in past):
            code = "iUPD"
        if code == "iUPD" and block and past[-1]["i"] == "NE" and rules["iupd_ne_iupd"] == "confirmed":
            code = "iCPD"
        start = block[0]["day"] if block else scan["day"]
        codes.append((scan["day"], code.replace("disregarded", "NE"), start if code in ("iUPD", "iCPD") else None))
        if code != "disregarded":
            past.append(scan | {"i": code})
    return codes


def best(codes: list[tuple], rules: Row, confirm: bool, measurable: bool) -> str:
    """Return the best response up to the first iCPD."""
    late = [code for day, code, _ in codes if day >= rules["stable_disease"]["minimum_days"]]
    for word in BEST[:2]:
        places = [place for place, one in enumerate(codes) if one[1] == word]
        if any(not confirm or response_confirmed(codes, place, rules) for place in places):
            return word
    if "iSD" in late or (confirm and {"iCR", "iPR"} & set(late)):
        return "iSD" if measurable or not confirm else BEST[3]
    if BEST[3] in late:
        return BEST[3]
    if any(code == "iCPD" and start != day for day, code, start in codes):
        return "iCPD"
    return "iUPD" if any(start is not None for _, _, start in codes) else "NE"


def response_confirmed(codes: list[tuple], place: int, rules: Row) -> bool:
    day, word, _ = codes[place]
    confirming = ("iCR",) if word == "iCR" else ("iCR", "iPR")
    for last in range(place + 1, len(codes)):
        if codes[last][1] in confirming and codes[last][0] - day >= rules["confirmation"]["minimum_days"]:
            between = [code for _, code, _ in codes[place + 1 : last]]
            allowed = {"NE": rules["confirmation"]["not_evaluable_between"]}
            if word == "iPR":
                allowed |= {"iSD": rules["confirmation"]["stable_between"], "iUPD": rules["irecist"]["iupd_between"]}
            rest = [code for code in between if code not in confirming]
            if any(rest.count(code) > allowed.get(code, 0) for code in rest):
                return False
            span = [*between, codes[last][1]]
            return not ("iCR" in span and "iPR" in span[span.index("iCR") :])
    return False


def endpoints(codes: list[tuple], patient: Row, therapy: int | None, measurable: bool, new: Row, rules: Row) -> Row:
    """Return the endpoints by iRECIST; ``new`` says of a day whether a new lesion was there."""
    death, cutoff = patient["death"], patient["cutoff"]
    codes = [one for one in codes if death is None or one[0] <= death]
    end = next((place for place, one in enumerate(codes) if one[1] == "iCPD"), len(codes))
    codes = codes[: end + 1]
    counted = codes if patient["baseline"] else []
    if rules["best_response"]["after_new_therapy"] == "exclude" and therapy is not None:
        counted = [one for one in counted if one[0] <= therapy]
    found: Row = {name: best(counted, rules, confirm, measurable) for name, confirm in (("ibor", 0), ("icbor", 1))}
    found["iresponse"] = "Y" if found["ibor"] in ("iCR", "iPR") else "N"
    switch = rules["irecist"]
    evaluable = [one for one in codes if one[1] != "NE"]
    if rules["best_response"]["after_new_therapy"] == "exclude" and therapy is not None:
        evaluable = [one for one in evaluable if one[0] <= therapy or one[1] in ("iUPD", "iCPD")]
    last = evaluable[-1] if evaluable else (0, "NE", None)
    calm = max((place for place, one in enumerate(evaluable) if one[2] is None), default=-1)
    progression, sure = (
        (evaluable[calm + 1][2] if evaluable[calm + 1 :] else None),
        last[1] == "iCPD" and last[2] != last[0],
    )
    waits = cutoff is not None and progression == last[0] and cutoff - last[0] < 56 and death is None
    waits = waits and not sure and patient.get("treatment_end") is None and therapy is None
    hide = switch["censored_at"] == "last_without_progression"
    if progression is not None and switch["pending_iupd"] == "censor" and waits:
        progression, hide = None, True
    elif progression is not None and switch["unconfirmed"] == "censor" and not sure:
        progression = None
    if progression is not None and not patient["baseline"] and new.get(progression) != "Y":
        progression = None
    read_on = [
        day for day, code, start in codes if code != "NE" and not (hide and start is not None and day != progression)
    ]
    ended = patient["treatment_end"] if rules["progression"]["clinical"] == "event" and patient["progressed"] else None
    event = min((day for day in (progression, death, ended) if day is not None), default=None)
    last_read = max(read_on, default=0) if patient["baseline"] else 0
    found["ipfs_event"] = int(event is not None)
    found["ipfs_days"] = (last_read if event is None else event) + 1
    first = next((day for day, code, _ in codes if code in ("iCR", "iPR")), None)
    if first is not None and ended is not None and ended < first:  # it did not end a response that began later
        event = min((day for day in (progression, death) if day is not None), default=None)
    day = (last_read if event is None else event) + 1
    found["idor_days"] = max(day - first, 1) if found["iresponse"] == "Y" else None
    return found
