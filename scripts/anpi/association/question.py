"""One question of the plan made concrete: who, which values, what is left out and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from anpi.association.markers import clearance_name
from anpi.association.plan import Entry, Plan, chosen_signatures
from anpi.association.trial import AND, Trial
from anpi.trial.endpoints import endpoint_kind
from anpi.trial.methods import TPM_OF_PANEL, is_in_tpm

LARGEST_RATIO = 1e10
TIERS = ("primary", "secondary", "exploratory")
MISSING_WORDS = {
    "response": "with a response of unknown day",
    "immune_related": "with an immune-related event of unknown day",
}
CUT_OF_PANEL = (
    "TPM of a panel stand above those of a whole transcriptome, by a share that is not known: a cut published for one "
    "does not hold for the other"
)
COLUMNS = (
    "entry",
    "family",
    "tier",
    "endpoint",
    "biomarker",
    "level",
    "reference",
    "set",
    "n",
    "events",
    "effect",
    "estimate",
    "ci_low",
    "ci_high",
    "p",
    "p_adjusted",
    "method",
    "warning",
)


@dataclass
class Row:
    """A row of the results. ``role`` is ``test`` (counts in its family), ``contrast`` or ``description``."""

    level: str | None = None
    reference: str | None = None
    n: int = 0
    events: int | None = None
    effect: str | None = None
    estimate: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan
    p: float = np.nan
    method: str | None = None
    warnings: list[str] = field(default_factory=list)
    role: str = "test"
    entry: str = ""
    family: str = ""
    tier: str = ""
    endpoint: str = ""
    biomarker: str = ""
    set: str = ""
    p_adjusted: float = np.nan

    def drop_infinite_limits(self) -> None:
        """Leave out a limit of a ratio that lies at 0 or infinity, and say so."""
        if self.effect is None or not self.effect.startswith(("HR", "OR")):
            return
        if np.isfinite(self.estimate) and self.ci_high > LARGEST_RATIO:
            self.ci_high = np.nan
            self.warnings.append("no upper limit of the interval can be given")
        if np.isfinite(self.estimate) and self.ci_low < 1 / LARGEST_RATIO:
            self.ci_low = np.nan
            self.warnings.append("no lower limit of the interval can be given")

    def record(self) -> dict[str, object]:
        """Return the row under the names of the results table."""
        values: dict[str, object] = {name: getattr(self, name) for name in COLUMNS if name != "warning"}
        return values | {"warning": "; ".join(dict.fromkeys(self.warnings)) or None}


@dataclass(frozen=True)
class Question:
    """An endpoint against one biomarker in one set.

    Parameters
    ----------
    frame : DataFrame
        Patients with endpoint, biomarker and covariates known: ``time`` and ``event`` (or ``y``), ``marker``, ``arm``.
    covariates : DataFrame
        Numeric columns to adjust for, same rows.
    stratified : bool
        Whether arms are strata: asked for, and there is more than one.
    notes : list of str
        What the reader must know, such as how many were left out.
    obstacle : str or None
        Why it cannot be tested at all.
    """

    entry: Entry
    endpoint: str
    biomarker: str
    grouped: bool
    frame: pd.DataFrame
    covariates: pd.DataFrame
    stratified: bool
    notes: list[str]
    obstacle: str | None

    @property
    def kind(self) -> str:
        """Kind of the endpoint: time, binary or ordered."""
        return endpoint_kind(self.endpoint)

    @property
    def strata(self) -> np.ndarray | None:
        """Arm of each patient where arms are strata."""
        return self.frame["arm"].to_numpy() if self.stratified else None

    def stamp(self, rows: list[Row]) -> list[Row]:
        """Write the question's names and notes on its rows."""
        for row in rows:
            row.entry, row.family, row.tier = self.entry.entry, self.entry.family, self.entry.tier
            row.endpoint, row.biomarker, row.set = self.endpoint, self.biomarker, self.entry.set
            row.drop_infinite_limits()
            if row.role != "description" and not np.isfinite(row.p) and not row.warnings:
                row.warnings.append("the data hold no information on it: not tested")
            if row.role == "test":
                row.warnings = [*row.warnings, *self.notes]
        return rows


@dataclass(frozen=True)
class Marker:
    """Values of a biomarker by patient.

    ``problem`` says why there are none, ``note`` what was done to them, ``cut_caution`` what speaks against a
    published cut of them.
    """

    name: str
    values: pd.Series
    grouped: bool
    problem: str | None = None
    note: str | None = None
    cut_caution: str | None = None


def entry_markers(entry: Entry, trial: Trial, registry: pd.DataFrame | None) -> list[Marker]:
    """Return the biomarkers that an entry names, each as values by patient."""
    nothing = pd.Series(np.nan, index=trial.patients.index, dtype=object)
    if entry.biomarker == "subtype":
        if trial.calls is None:
            return [Marker("subtype", nothing, True, "no expression data, so no subtypes")]
        return [Marker("subtype", trial.calls["subtype"].astype(object), True)]
    if entry.biomarker == "arm":
        return [Marker("arm", trial.arms().astype(object), True)]
    if entry.biomarker == "signatures":
        names = chosen_signatures(entry, registry) if registry is not None else list(entry.signatures)
        if registry is None and entry.categories and trial.scores is not None:
            names = list(trial.scores.columns)
        return [signature_marker(name, trial, nothing) for name in names]
    if entry.biomarker == "genes":
        return [gene_marker(name, trial, nothing) for name in entry.genes]
    if entry.biomarker == "columns":
        return [column_marker(name, trial) for name in entry.columns]
    if entry.biomarker == "markers":
        return [measured_marker(name, trial, nothing) for name in entry.markers]
    if entry.biomarker == "clearance":
        return [clearance_marker(name, trial, nothing) for name in entry.markers]
    exposure = trial.exposure(entry.biomarker)
    undated = nothing.index.isin(exposure.undated if exposure else ())
    return [Marker(entry.biomarker, nothing.fillna("by time").mask(undated), True)]


def signature_marker(name: str, trial: Trial, nothing: pd.Series) -> Marker:
    if trial.scores is None:
        return Marker(name, nothing.astype(float), False, "no expression data, so no score")
    if name not in trial.scores.columns:
        return Marker(name, nothing.astype(float), False, "the signature was not scored")
    unit = trial.units.get(name, "")
    several = f"scores of patients are in {unit}: their levels differ" if AND in unit else None
    caution = CUT_OF_PANEL if TPM_OF_PANEL in unit else None
    if is_in_tpm(unit):
        logs = np.log2(trial.scores[name].clip(lower=0) + 1)
        taken = "the score is in TPM and taken as log2(x + 1)"
        return Marker(name, logs, False, note="; ".join(filter(None, [taken, several])), cut_caution=caution)
    return Marker(name, trial.scores[name], False, note=several, cut_caution=caution)


def gene_marker(name: str, trial: Trial, nothing: pd.Series) -> Marker:
    if trial.tpm is None:
        return Marker(name, nothing.astype(float), False, "no expression data, so no gene values")
    gene = name if name in trial.tpm.columns else trial.symbols.get(name, name)
    if gene not in trial.tpm.columns:
        return Marker(name, nothing.astype(float), False, "the gene is not in the expression matrix")
    note = "expression in TPM is taken as log2(x + 1)"
    caution = CUT_OF_PANEL if any(TPM_OF_PANEL in unit for unit in trial.units.values()) else None
    return Marker(name, np.log2(trial.tpm[gene].astype(float) + 1), False, note=note, cut_caution=caution)


def column_marker(name: str, trial: Trial) -> Marker:
    return marker_of(name, trial.covariate(name))


def marker_of(name: str, values: pd.Series, note: str | None = None) -> Marker:
    """Return values as a biomarker: numbers of more than two kinds as they are, all else as groups."""
    if not isinstance(values.dtype, pd.CategoricalDtype) and values.nunique() > 2:
        return Marker(name, values, False, note=note)
    texts = values.convert_dtypes().astype("string").astype(object)  # 1, not 1.0
    return Marker(name, texts.where(values.notna(), np.nan), True, note=note)


def measured_marker(name: str, trial: Trial, nothing: pd.Series) -> Marker:
    """Return a marker of biomarkers.csv by its value at baseline; a scale of words by its places."""
    measured = trial.markers.get(name)
    if measured is None or measured.baseline.isna().all():
        return Marker(name, nothing, True, f"{name} was not measured up to the first day of treatment")
    if measured.scale is None:
        return marker_of(name, measured.baseline)
    if measured.baseline.nunique() > 2:
        return marker_of(name, measured.baseline, f"places on the scale {', '.join(measured.scale)}, counted from 0")
    return marker_of(name, measured.baseline.map(dict(enumerate(measured.scale))))


def clearance_marker(name: str, trial: Trial, nothing: pd.Series) -> Marker:
    """Return who can clear a marker: those in whom it was found at baseline. When they do divides their time."""
    measured = trial.markers.get(name)
    if measured is None or measured.positive.empty or not measured.positive.any():
        return Marker(clearance_name(name), nothing, True, f"no patient has a number of {name} above 0 at baseline")
    values = nothing.fillna("by time").where(measured.positive.reindex(nothing.index), np.nan)
    return Marker(clearance_name(name), values, True, note=f"of patients with {name} above 0 at baseline")


def ask(entry: Entry, endpoint: str, marker: Marker, trial: Trial, plan: Plan) -> Question:
    """Make one question concrete: take the set, join endpoint, biomarker and covariates, count who is left out."""
    members = trial.members(entry.set)
    outcome = trial.outcome(endpoint).loc[members]
    frame = outcome.assign(marker=marker.values.reindex(members), arm=trial.arms().loc[members])
    covariates = design(
        pd.DataFrame({name: trial.covariate(name).loc[members] for name in entry.adjust_for}, index=members)
    )
    notes, obstacle = [marker.note] if marker.note else [], marker.problem
    if not len(members):
        obstacle = obstacle or f"the set {entry.set} is empty"
    elif outcome.isna().any(axis=1).all():
        obstacle = obstacle or f"{endpoint} is not known for any patient of the set"
    for label, missing in (
        (f"without {endpoint}", outcome.isna().any(axis=1)),
        (MISSING_WORDS.get(marker.name, f"without {marker.name}"), frame["marker"].isna()),
        ("without " + " or ".join(entry.adjust_for), covariates.isna().any(axis=1)),
    ):
        if missing.any() and not marker.problem:
            notes.append(f"{int(missing.sum())} of {len(members)} patients of the set left out: {label}")
    whole = frame.notna().all(axis=1) & covariates.notna().all(axis=1)
    frame, covariates = frame[whole], covariates[whole]
    covariates, dropped = informative(covariates)
    notes += [f"not adjusted for {name}: all patients are alike" for name in dropped]
    stratified = entry.stratify_by_arm and frame["arm"].nunique() > 1 and entry.biomarker != "arm"
    grouped = marker.grouped
    if grouped and entry.cut != "none":
        notes.append(f"{marker.name} has levels already: not cut")
    elif entry.cut not in ("none", "maximally_selected"):
        if marker.note and not isinstance(entry.cut, str):
            notes.append(f"the cut {entry.cut:g} stands on that scale")
        if marker.cut_caution and not isinstance(entry.cut, str):
            notes.append(marker.cut_caution)
        frame, grouped = cut_marker(frame, entry), True
    return Question(entry, endpoint, marker.name, grouped, frame, covariates, stratified, notes, obstacle)


def design(columns: pd.DataFrame) -> pd.DataFrame:
    """Make covariates numeric: numbers stay, a category becomes one 0/1 column a level but the first."""
    parts = []
    for name, values in columns.items():
        if not isinstance(values.dtype, pd.CategoricalDtype):
            parts.append(values)
            continue
        for level in sorted(values.dropna().unique())[1:]:
            parts.append(values.eq(level).astype(float).where(values.notna()).rename(f"{name}: {level}"))
    return pd.concat(parts, axis=1) if parts else pd.DataFrame(index=columns.index)


def informative(covariates: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave out columns in which all patients are alike, and one of levels that together hold every patient.

    Where no patient is left in the first level of a category, another level is what the rest is held against: how a
    level is spelled decides nothing.
    """
    constant = [str(name) for name in covariates.columns if covariates[name].nunique() < 2]
    kept = covariates.drop(columns=constant)
    first = [columns[0] for columns in level_columns(kept).values() if kept[columns].sum(axis=1).eq(1).all()]
    return kept.drop(columns=first), constant


def level_columns(covariates: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns of each category (see `design`)."""
    found: dict[str, list[str]] = {}
    for name in map(str, covariates.columns):
        if ": " in name:
            found.setdefault(name.split(": ")[0], []).append(name)
    return found


def cut_marker(frame: pd.DataFrame, entry: Entry) -> pd.DataFrame:
    """Split a marker at its median or a published value."""
    values = frame["marker"].astype(float)
    cut = values.median() if entry.cut == "median" else float(entry.cut)
    labels = np.where(values > cut, f"above {cut:.4g}", f"at most {cut:.4g}")
    return frame.assign(marker=pd.Series(labels, index=frame.index, dtype=object))


def all_questions(
    plan: Plan, trial: Trial, registry: pd.DataFrame | None, tiers: Collection[str] = TIERS
) -> Iterator[Question]:
    """Yield every question of the plan, or those of some tiers, in its order."""
    for entry in plan.entries:
        if entry.tier not in tiers:
            continue
        for endpoint in entry.endpoints:
            for marker in entry_markers(entry, trial, registry):
                yield ask(entry, endpoint, marker, trial, plan)
