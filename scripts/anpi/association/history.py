"""The memory of plans: which plan results were made with, and what changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from anpi.association.plan import Plan
from anpi.files.bucket import ONE_AT_A_TIME, Bucket
from anpi.files.writing import write_json
from anpi.problems import InputError, Problem


class Change(TypedDict):
    """When a plan was replaced, and in what the new one differs."""

    date: str | None
    difference: list[str]


class Noted(Change):
    """A plan of the history with its digest."""

    sha256: str
    plan: dict[str, Any]


def record_plan(plan: Plan, path: Path, today: str | None = None, kept: Bucket | None = None) -> list[Change]:
    """Note the plan in the history file when it differs from the last one noted.

    A run with the plan that was noted last changes nothing, not even the file. The first plan is noted without a date,
    so that two fresh runs leave the same bytes. With a bucket (``kept``, of the file's folder) the history is that of
    the bucket, and a change is stored there.

    Returns
    -------
    list of dict
        The changes so far: ``date`` and ``difference`` (list of sentences), the first use of a plan left out.
    """
    stored, tag = kept.read(path.name) if kept is not None else (None, None)
    history = longer_history(path, stored, kept)
    digest = hashlib.sha256(json.dumps(plan.settings, sort_keys=True).encode()).hexdigest()
    if not history or history[-1]["sha256"] != digest:
        difference = compare(history[-1]["plan"], plan.settings) if history else []
        date = today or datetime.now(UTC).date().isoformat()
        history.append(
            {"date": date if history else None, "sha256": digest, "plan": plan.settings, "difference": difference}
        )
        write_json(path, history)
    if kept is not None and path.read_bytes() != stored and not kept.replace(path.name, path.read_bytes(), tag):
        fault = "another run changed it at the same time"
        raise InputError(Problem(f"{kept.url}/{path.name}", fault, mend=ONE_AT_A_TIME))
    return [{"date": item["date"], "difference": item["difference"]} for item in history[1:]]


def longer_history(path: Path, stored: bytes | None, kept: Bucket | None) -> list[Noted]:
    """Return the history of the file or of the bucket, whichever continues the other; the file is made to hold it."""
    here = parse_history(str(path), path.read_bytes()) if path.is_file() else []
    if kept is None or stored is None:
        return here
    url = f"{kept.url}/{path.name}"
    there = parse_history(url, stored)
    short, long = sorted((here, there), key=len)
    if long[: len(short)] != short:
        mend = "Keep the one of all plans that results were made with, and put it in the place of the other."
        raise InputError(Problem(str(path), f"tells of other plans than {url}", mend=mend))
    if long is not here:
        write_json(path, long)
    return long


def parse_history(file: str, text: bytes) -> list[Noted]:
    try:
        content = json.loads(text.decode("utf-8"))
        return [
            Noted(date=item["date"], sha256=item["sha256"], plan=item["plan"], difference=item["difference"])
            for item in content
        ]
    except (ValueError, KeyError, TypeError):
        mend = "Restore it from a copy; remove it only if no result was ever made with another plan."
        raise InputError(Problem(file, "the history of plans is damaged", mend=mend)) from None


def compare(old: Any, new: Any, key: str = "") -> list[str]:
    """Return in words how two plans differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(set(old) | set(new))
        return [line for k in keys for line in compare(old.get(k), new.get(k), f"{key}.{k}" if key else str(k))]
    if named(old) and named(new):
        before, after = {named_key(i): i for i in old}, {named_key(i): i for i in new}
        lines = [f"{name} was taken out of {key}" for name in before if name not in after]
        lines += [f"{name} was added to {key}" for name in after if name not in before]
        kept = [[name for name in names if name in before and name in after] for names in (before, after)]
        lines += [f"the order of {key} became {', '.join(kept[1])}"] if kept[0] != kept[1] else []
        return lines + [line for name in before if name in after for line in compare(before[name], after[name], name)]
    return [] if old == new else [f"{key}: {json.dumps(old)} became {json.dumps(new)}"]


def named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(i, dict) and named_key(i) for i in value)


def named_key(item: Mapping[str, Any]) -> str:
    return str(item.get("entry") or item.get("family") or "")
