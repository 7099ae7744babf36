"""A finished run as the exports read it: its tables, who is who, and the patients' table that it was made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import h5py
import pandas as pd
from anndata.io import read_elem

from anpi.association.trial import score_units
from anpi.files.checksums import hash_file
from anpi.files.intact import intact
from anpi.files.sheet import file_of
from anpi.manifest import read_manifest, read_recorded
from anpi.problems import InputError, Problem, nearest, refuse
from anpi.tables.allowed import allowing
from anpi.tables.arms import arms_received
from anpi.tables.carried import carried
from anpi.tables.clinical import Timeline, from_day_1
from anpi.tables.matrices import read_matrix
from anpi.tables.reading import read_facts, read_table
from anpi.trial.endpoints import SUPPLIED_RESPONSES, SUPPLIED_TIMES
from anpi.trial.manifest import Manifest
from anpi.trial.subtypes import CALLED

NOT_RUN = "Run the workflow to its end first, or name the folder that holds manifest.json."
NO_EXPRESSION = "The formats gct and mudata need a run with samples; all others do without."
NEEDED = ("anpi", "settings", "plan", "software", "inputs", "given_as", "results")
RECORDED = "ledger/recorded.json"  # written after the manifest, which does not list it
SHEET = ("patient_id", "timepoint", "specimen", "site", "batch", "tumour_content")
NOT_BASELINE = re.compile(
    rf"_date$|_day$|^({'|'.join(SUPPLIED_TIMES)})_(days|months|event)|^({'|'.join(SUPPLIED_RESPONSES)})$"
)


@dataclass(frozen=True)
class FinishedRun:
    """The folder of a finished run.

    Parameters
    ----------
    folder : Path
        Folder of the results.
    inputs : mapping
        Files of the user by the key of the config; those not named are looked for where the manifest says.
    study : str, optional
        Identifier of the study in the exports; made from the title of the run when absent.
    notes : list of str
        What an export leaves out, in words.
    """

    folder: Path
    inputs: Mapping[str, Path] = field(default_factory=dict)
    study: str | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, words: str) -> None:
        """Keep what the reader of the export must know, once."""
        if words not in self.notes:
            self.notes.append(words)

    @cached_property
    def manifest(self) -> Manifest:
        """Content of ``manifest.json``."""
        path = self.folder / "manifest.json"
        if not path.is_file():
            raise InputError(Problem(str(path), "the result is missing", mend=NOT_RUN))
        return read_manifest(path, NEEDED, "Run the workflow again: it is made anew.")

    @property
    def title(self) -> str:
        """Title of the run's report."""
        return str(self.manifest["settings"].get("title") or "anpi")

    @property
    def study_id(self) -> str:
        """Identifier of the study: lower-case letters, digits and underscores."""
        return re.sub(r"[^a-z0-9]+", "_", (self.study or self.title).lower()).strip("_") or "anpi"

    @property
    def date(self) -> str | None:
        """Date of the run in the ledger, as YYYY-MM-DD; None where the ledger is not with the results."""
        path = self.folder / RECORDED
        return read_recorded(path, ("date",))["date"] if path.is_file() else None

    def has(self, name: str) -> bool:
        """Return whether the run made a file; what lies in its folder beside that is of an earlier one."""
        return name in self.manifest["results"] and (self.folder / name).is_file()

    def needed(self, name: str) -> Path:
        """Return a file of the results.

        Raises
        ------
        InputError
            The run did not make it.
        """
        if self.has(name):
            return self.folder / name
        mend = NO_EXPRESSION if name.split("/")[0] in ("cohort", "subtypes", "immune", "qc") else NOT_RUN
        raise InputError(Problem(str(self.folder / name), "the result is missing", mend=mend))

    def table(self, name: str) -> pd.DataFrame:
        """Read a table of the results, which is checked against the manifest."""
        return read_facts(self.unchanged(name))

    def matrix(self, name: str) -> pd.DataFrame:
        """Read a matrix of the results (genes x samples)."""
        return read_matrix(self.unchanged(name))

    def unchanged(self, name: str) -> Path:
        """Return a file of the results that is as the manifest has it."""
        path = self.needed(name)
        self.refuse_other(path, self.manifest["results"][name])
        return path

    def refuse_other(self, path: Path, checksum: str | None) -> None:
        """Refuse a file that is not the one that the manifest describes."""
        if checksum is not None and hash_file(file_of(path)) != checksum:
            mend = "Run the workflow again: what is exported must be what the manifest describes."
            raise InputError(Problem(str(path), "the file has changed since the run", mend=mend))

    @cached_property
    def endpoints(self) -> pd.DataFrame:
        """One row per patient: ``patient_id``, ``arm`` and every endpoint."""
        return self.table("clinical/endpoints.tsv")

    @cached_property
    def sets(self) -> pd.DataFrame:
        """One row per patient: the sample that stands for it and the analysis sets."""
        return self.table("analysis/sets.tsv")

    @property
    def set_names(self) -> list[str]:
        """Names of the analysis sets."""
        return [name for name in self.sets.columns if name not in ("patient_id", "sample_id", "reason_out")]

    @cached_property
    def treatments(self) -> pd.Series:
        """Arm of the treatment that each patient received, by patient; None for who was never treated.

        Where the patients' table was given and is not found, who received another arm than planned is not known: None.
        """
        if self.user_table("clinical.patients") is None and "clinical.patients" in self.manifest["given_as"]:
            return pd.Series(None, index=self.endpoints["patient_id"], dtype=object)
        patients = self.patients.set_index("patient_id")
        return arms_received(self.endpoints, patients.get("arm_received", pd.Series(dtype=object)))

    def timeline(self, reference: str = "treatment_start") -> Timeline:
        """Return how dates and study days of patients become days; without their table dates cannot."""
        patients = self.user_table("clinical.patients")
        return Timeline(self.endpoints[["patient_id"]] if patients is None else patients, reference)

    def scan_days(self, points: pd.DataFrame) -> pd.Series:
        """Return the days of scans from the start of treatment; those of the results count from the reference date."""
        days = from_day_1(points["assessment_day"].astype(float))
        reference = self.manifest.get("rules", {}).get("reference", "treatment_start")
        if reference == "treatment_start":
            return days
        return days + points["patient_id"].map(self.timeline(reference).shift)

    @cached_property
    def calls(self) -> pd.DataFrame:
        """One row per sample: its subtype, which is missing where the call gives none."""
        calls = self.table("subtypes/calls.tsv")
        return calls.assign(subtype=calls["subtype"].where(calls["call"].isin(CALLED)))

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Samples x signatures."""
        table = self.table("immune/scores.tsv")
        return table.pivot(index="sample_id", columns="signature", values="score").dropna(axis=1, how="all")

    @cached_property
    def score_units(self) -> dict[str, str]:
        """Unit of each signature's scores."""
        return {**dict.fromkeys(self.scores.columns, ""), **score_units(self.table("immune/scores.tsv"))}

    @cached_property
    def samples(self) -> pd.DataFrame:
        """One row per sample: the sheet's columns but dates, its verdict and its call."""
        sheet = self.sample_sheet()
        kept = [name for name in sheet.columns if not name.endswith(("_date", "_day")) and sheet[name].notna().any()]
        verdicts = self.table("qc/verdicts.tsv")[["sample_id", "verdict", "reasons"]]
        described = verdicts.merge(sheet[kept], on="sample_id", how="left", validate="1:1")
        columns = [
            "sample_id",
            "subtype",
            "call",
            "reason",
            *(n for n in ("p_A", "p_N", "p_P", "p_I") if n in self.calls),
        ]
        return described.merge(self.calls[columns], on="sample_id", how="left", validate="1:1")

    def sample_sheet(self) -> pd.DataFrame:
        """Read the sheet of samples, or what the AnnData file of the cohort keeps of it."""
        sheet = self.user_table("samples")
        if sheet is not None:
            return sheet
        path = self.unchanged("cohort/cohort.h5ad")
        with intact(path), h5py.File(path) as file:
            obs = read_elem(file["obs"]).replace("", None)
        return obs[[name for name in SHEET if name in obs]].rename_axis("sample_id").reset_index()

    @cached_property
    def patients(self) -> pd.DataFrame:
        """One row per patient: arm, baseline columns of the patients' table where it was found, analysis sets."""
        table = self.endpoints[["patient_id", "arm"]]
        baseline = self.user_table("clinical.patients")
        if baseline is not None:
            columns = [
                n for n in baseline.columns if n != "arm" and not NOT_BASELINE.search(n) and baseline[n].notna().any()
            ]
            table = table.merge(baseline[columns], on="patient_id", how="left", validate="1:1")
        return table.merge(self.sets.drop(columns="reason_out", errors="ignore"), on="patient_id", how="left")

    def user_table(self, key: str) -> pd.DataFrame | None:
        """Read a table that the user gave to the run; None when it was not given or is not found.

        Raises
        ------
        InputError
            The file is not the one that the run was made from.
        """
        shown = self.manifest["given_as"].get(key)
        path = self.inputs.get(key)
        if path is None and shown is not None:
            places = (self.folder, *self.folder.resolve().parents[:2], Path())
            found = [place / shown for place in places if (place / shown).is_file()]
            same = [file for file in found if hash_file(file) == self.manifest["inputs"].get(shown)]
            path = next(iter(same or found), None)
        if path is None:
            if shown is not None:
                self.note(f"{key} ({shown}) was not found, so nothing of it is exported: name it with --inputs {key}=…")
            return None
        self.refuse_other(path, None if shown is None else self.manifest["inputs"].get(shown))
        table = key.removeprefix("clinical.")
        settings = self.manifest["settings"]
        with allowing(settings.get("allow_columns", [])):
            frame = read_table(path, table)
        return carried(frame, table, [*settings.get("carry_columns", []), *self.named_by_plan(table)])

    def refuse_strangers(self) -> None:
        """Refuse tables that are named and that the run was not made from.

        Raises
        ------
        InputError
            With every such table.
        """
        known = sorted(self.manifest["given_as"])
        problems = []
        for key, path in self.inputs.items():
            if key not in known:
                near = nearest(key, known, 0.8)
                mend = f"Is it {near}?" if near else "Leave it out: no result rests on it."
                expected = f"a table that the run was made from: {', '.join(known)}"
                problems.append(Problem("--inputs", found=f"{key}={path}", expected=expected, mend=mend))
            elif not Path(file_of(path)).is_file():
                problems.append(Problem(str(path), "file not found", mend=f"It was named by --inputs {key}=…"))
        refuse(problems)

    def named_by_plan(self, table: str) -> list[str]:
        """List the columns that the plan names, each as ``table.column``: its results rest on them."""
        plan = self.manifest["plan"]
        entries = [entry for family in plan["families"] for entry in family["entries"]]
        names = [name for entry in entries for name in (*entry.get("columns", []), *entry.get("adjust_for", []))]
        return [f"{table}.{name}" for name in dict.fromkeys((*names, *plan.get("subgroups", [])))]
