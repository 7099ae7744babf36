"""Whose samples the reads are, and of which time: by a sheet of samples, by their names, else asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from anpi.delivery.columns import PATIENT
from anpi.delivery.conversions import Conversions
from anpi.delivery.decisions import LEAVE_OUT, Decisions
from anpi.delivery.earlier import NO_FILE
from anpi.delivery.tables import Table
from anpi.delivery.values import UNSURE, core
from anpi.problems import fold
from anpi.tables.names import OTHER_WORDS
from anpi.words.lists import listed

TIMEPOINTS = ("baseline", "on_treatment", "progression")


def build_samples(
    found: Sequence[str], given: Table | None, patients: Sequence[str], decisions: Decisions, conversions: Conversions
) -> Table:
    """Return the sample sheet: the rows of a sheet that was given, and those of samples that it lacks.

    Samples of the sheet without a file stay with ``use`` = no, all others as the sheet has them; samples of no patient
    are left out if so answered.
    """
    sheet = Table(pd.DataFrame(columns=["sample_id"], dtype=object)) if given is None else given
    names = list(sheet.frame["sample_id"])
    renamed = match_files(
        [name for name in found if name not in names], [n for n in names if n not in found], decisions
    )
    extra = [name for name in found if name not in names and name not in renamed]
    frame = sheet.frame.copy()
    if renamed:
        frame["sample_id"] = [renamed_back(name, renamed) for name in frame["sample_id"]]
        for file, name in renamed.items():
            conversions.add(("samples.tsv", ""), None, "sample_id", name, file, "the name of the files, as answered")
    new = pd.DataFrame({"sample_id": extra}, dtype=object)
    frame = pd.concat([frame, new], ignore_index=True).astype(object)
    frame = frame.where(frame.notna(), None)
    owned(frame, patients, decisions, conversions)
    timed(frame, decisions, conversions)
    lacking = ~frame["sample_id"].isin(found)
    if lacking.any():
        uses = frame["use"] if "use" in frame else pd.Series("yes", index=frame.index, dtype=object)
        frame["use"] = uses.mask(lacking, "no")
        for name, was in zip(frame.loc[lacking, "sample_id"], uses[lacking], strict=True):
            if was != "no":
                conversions.add(("samples.tsv", ""), None, "use", was, "no", f"{NO_FILE}{name}")
    stays = [owner != LEAVE_OUT for owner in frame[PATIENT]]
    for name in frame.loc[[not stay for stay in stays], "sample_id"]:
        conversions.add(
            ("samples.tsv", ""), None, "sample_id", name, "", "left out: it belongs to no patient, as answered"
        )
    origins = [*sheet.origins, *[("samples.tsv", 0)] * len(new)]
    origins = [origin for origin, stay in zip(origins, stays, strict=True) if stay]
    return Table(frame[stays].reset_index(drop=True), origins, sheet.headers)


def renamed_back(name: str, renamed: dict[str, str]) -> str:
    return next((file for file, sample in renamed.items() if sample == name), name)


def match_files(files: Sequence[str], names: Sequence[str], decisions: Decisions) -> dict[str, str]:
    """Ask which files are those of samples that the sheet names otherwise, where only case, signs or zeros differ."""
    alike = {file: [name for name in names if core(name) == core(file)] for file in files}
    pairs = {file: samples[0] for file, samples in alike.items() if len(samples) == 1}
    if not pairs or len(set(pairs.values())) < len(pairs):
        return {}
    shown = listed(f"{file} for {name}" for file, name in pairs.items())
    text = f"Files are named otherwise than in the sheet of samples: {shown}. Are they the same samples?"
    return pairs if decisions.decide("samples: names of files", text, ("yes", "no")) == "yes" else {}


def owned(frame: pd.DataFrame, patients: Sequence[str], decisions: Decisions, conversions: Conversions) -> None:
    """Fill the patient of each sample: by the sheet, by an id of a patient in the sample's name, else asked."""
    if PATIENT not in frame:
        frame[PATIENT] = None
    inferred = {name: owner_in(name, patients) for name in frame.loc[frame[PATIENT].isna(), "sample_id"]}
    asked = [name for name, owner in inferred.items() if owner is None]
    if not patients and decisions.open:  # the table of patients among it
        asked = []
    text = f"Which patient (or {LEAVE_OUT}) has the sample"
    answers = decisions.decide_each("samples: patient", text, asked, [*patients, LEAVE_OUT])
    owners = inferred | answers
    note(inferred, PATIENT, "the id of a patient in the name of the sample", conversions)
    frame[PATIENT] = [
        owners.get(name) if owner is None else owner
        for name, owner in zip(frame["sample_id"], frame[PATIENT], strict=True)
    ]


def note(inferred: Mapping[str, str | None], column: str, why: str, conversions: Conversions) -> None:
    """Note what was read from names of samples."""
    for name, value in inferred.items():
        if value is not None:
            conversions.add(("samples.tsv", ""), None, column, name, value, why)


def owner_in(name: str, patients: Sequence[str]) -> str | None:
    """Return the one patient whose id stands in the name of a sample, set off by signs; the longest of several."""
    inside = [p for p in patients if re.search(rf"(?<![A-Za-z0-9]){re.escape(p)}(?![A-Za-z0-9])", name)]
    longest = [p for p in inside if not any(p != other and p in other for other in inside)]
    return longest[0] if len(longest) == 1 else None


def timed(frame: pd.DataFrame, decisions: Decisions, conversions: Conversions) -> None:
    """Fill the time point of each sample: by the sheet, by a word in its name, else asked."""
    if "timepoint" not in frame:
        frame["timepoint"] = None
    open_ones = frame["timepoint"].isna() & (frame[PATIENT] != LEAVE_OUT)
    inferred = {name: timepoint_in(name) for name in frame.loc[open_ones, "sample_id"]}
    asked = [name for name, time in inferred.items() if time is None]
    text = "Which time point has the sample"
    answers = decisions.decide_each("samples: timepoint", text, asked, TIMEPOINTS)
    times = inferred | answers
    note(inferred, "timepoint", "a word in the name of the sample", conversions)
    frame["timepoint"] = [
        times.get(name) if time is None else time
        for name, time in zip(frame["sample_id"], frame["timepoint"], strict=True)
    ]


def timepoint_in(name: str) -> str | None:
    """Return the time point that a word of a name stands for; None for none, or for two."""
    words = {fold(word) for word in re.split(r"[._-]+", name)}
    joined = fold(name)
    found = {time for time in TIMEPOINTS if words & ({fold(time), *OTHER_WORDS[time]} - UNSURE) or fold(time) in joined}
    return found.pop() if len(found) == 1 else None
