"""Why something moved: the inputs, rules, models and programs that differ between two states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from anpi.association.history import compare
from anpi.ledger.recorded import PatientState, State
from anpi.words.lists import listed, plural

NOT_EXPLAINED = "not explained by what is recorded of the inputs"
CUTOFF = ("cutoff_date", "cutoff_day")


class Reasons:
    """Looks for what differs behind a patient or a sample of two states."""

    def __init__(self, old: State, new: State):
        self.old, self.new = old, new
        self.rules = compare(rules_of(old), rules_of(new))
        self.plan = compare(old["plan"], new["plan"])
        self.settings = compare(thresholds_of(old), thresholds_of(new))
        self.software = compare(old["software"], new["software"])
        # Another commit with the same code changes no result.
        self.code = [line for line in self.software if not line.startswith("commit: ")]
        self.cutoff = cutoff_words(old, new)

    def of_patient(self, patient: str) -> str:
        """Return what differs behind a patient's endpoints."""
        before, after = self.old["patients"].get(patient), self.new["patients"].get(patient)
        found = [] if before is None or after is None else row_words(before, after)
        found += [self.cutoff] if self.cutoff else []
        found += ["rules of the endpoints changed"] if self.rules else []
        return self.all_of(found)

    def of_sample(self, sample: str, kind: str) -> str:
        """Return what differs behind a sample's ``verdict`` or ``call``."""
        before, after = self.old["samples"][sample], self.new["samples"][sample]
        found = self.cells_and_reads(sample)
        if after.get("genes") is None and self.input_changed("expression.matrix"):
            found.append("other matrix")
        if self.sex_changed(after["patient"]):
            found.append("patients: sex corrected or filled in")
        if kind != "verdict" and before.get("verdict") != after.get("verdict"):
            found.append(f"verdict {cell_words(before.get('verdict'))} became {cell_words(after.get('verdict'))}")
        if before.get("model") != after.get("model"):
            found.append("other subtype model")
        if self.settings:
            found.append("thresholds of quality changed")
        return self.all_of(found)

    def cells_and_reads(self, sample: str) -> list[str]:
        """Return which cells of the sample sheet and which measurements of a sample differ."""
        before, after = self.old["samples"][sample], self.new["samples"][sample]
        found = column_words("the sample sheet", before["columns"], after["columns"])
        if before.get("reads") != after.get("reads"):
            found.append("other reads")
        elif before.get("genes") != after.get("genes"):
            found.append("other reference" if self.reference_changed() else "quantified anew")
        return found

    def all_of(self, found: list[str]) -> str:
        return "; ".join([*found, "other software"] if self.code else found) or NOT_EXPLAINED

    def sex_changed(self, patient: str) -> bool:
        cells = [state["patients"].get(patient, {"columns": {}})["columns"] for state in (self.old, self.new)]
        return patient in self.old["patients"] and cells[0].get("sex") != cells[1].get("sex")

    def reference_changed(self) -> bool:
        return self.old.get("reference") != self.new.get("reference")

    def input_changed(self, name: str) -> bool:
        return self.old["inputs"].get(name) != self.new["inputs"].get(name)

    def drivers(self) -> list[str]:
        """Name what differs between the states as a whole, for results that no single patient explains."""
        found = []
        patients = set(self.old["patients"]) ^ set(self.new["patients"])
        if patients:
            found.append("the patients")
        if self.cutoff:
            found.append("the data cut-off")
        tables = sorted(
            name
            for name in set(self.old["inputs"]) | set(self.new["inputs"])
            if name.startswith(("clinical.", "expression.", "samples", "units")) and self.input_changed(name)
        )
        found += [f"{listed([name.removeprefix('clinical.') for name in tables])} of the inputs"] if tables else []
        found += ["the rules of the endpoints"] if self.rules else []
        found += ["the plan"] if self.plan else []
        found += ["the thresholds of quality"] if self.settings else []
        found += ["the reference"] if self.reference_changed() else []
        found += ["the subtype model"] if self.old["models"] != self.new["models"] else []
        found += ["the software"] if self.software else []
        return found


def rules_of(state: State) -> Mapping[str, object]:
    return {name: value for name, value in state["rules"].items() if name != "data_cutoff"}


def thresholds_of(state: State) -> dict[str, list[float]]:
    return dict(state["settings"].get("qc", {}))


def cutoff_words(old: State, new: State) -> str | None:
    before, after = old["rules"].get("data_cutoff"), new["rules"].get("data_cutoff")
    return None if before == after else f"data cut-off moved from {cell_words(before)} to {cell_words(after)}"


def row_words(before: PatientState, after: PatientState) -> list[str]:
    """Return which rows of the clinical tables differ for a patient: added, removed or corrected."""
    cells = [{k: v for k, v in state["columns"].items() if k not in CUTOFF} for state in (before, after)]
    found = column_words("patients", *cells)
    if any(before["columns"].get(name) != after["columns"].get(name) for name in CUTOFF):
        found.append("the patient's own data cut-off moved")
    for table in sorted(set(before["rows"]) | set(after["rows"])):
        old, new = Counter(before["rows"].get(table, [])), Counter(after["rows"].get(table, []))
        added, gone = (new - old).total(), (old - new).total()
        corrected = min(added, gone)
        parts = [(corrected, "corrected"), (added - corrected, "added"), (gone - corrected, "removed")]
        told = [f"{plural(count, 'row')} {what}" for count, what in parts if count]
        found += [f"{table}: {listed(told)}"] if told else []
    return found


def column_words(table: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return which cells of a patient's or sample's only row differ."""
    changed = sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))
    return [f"{table}: {listed(changed, 4)} corrected or filled in"] if changed else []


def cell_words(value: object) -> str:
    return "none" if value is None or value == "" else str(value)
