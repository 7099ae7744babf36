"""Analysis sets: who is in, who is out, and why; and how the patients dwindle on the way."""

from __future__ import annotations

import pandas as pd

from anpi.trial.sets import WORDS
from anpi.trial.subtypes import CALLED

NOT_TUMOUR = "sample is not this tumour"
TIMEPOINTS = {"baseline": 0, "on_treatment": 1, "progression": 2}
VERDICTS = {"pass": 0, "warn": 1, "fail": 2}


def of_trial(calls: pd.DataFrame | None, tumour: str) -> pd.DataFrame | None:
    """Return the calls as analysis sets take them: where the trial's tumour may be any, none is another tumour."""
    return calls if calls is None or tumour == "sclc" else calls.drop(columns="identity", errors="ignore")


def foreign_samples(calls: pd.DataFrame | None) -> dict[str, str]:
    """Return the samples whose tissue is not SCLC, with the reason of their call.

    A biopsy of normal tissue tells nothing of the tumour: its scores stand for no patient, whatever their quality.
    """
    if calls is None or "identity" not in calls:
        return {}
    rows = calls[calls["identity"].eq("not_sclc")].set_index("sample_id")
    return rows["reason"].fillna("not SCLC-like").astype(str).to_dict()


def choose_samples(samples: pd.DataFrame, verdicts: pd.DataFrame, calls: pd.DataFrame | None = None) -> pd.DataFrame:
    """Choose one sample a patient: baseline first, then tumour, then by verdict, genes detected (more is better), id.

    Returns
    -------
    pandas.DataFrame
        ``patient_id``, ``sample_id``, ``timepoint``, ``verdict``, ``reasons``; one row a patient.
    """
    sheet = samples.loc[samples["use"] != "no", ["sample_id", "patient_id", "timepoint"]]
    judged = verdicts[verdicts.columns.intersection(["sample_id", "verdict", "reasons", "genes_detected"])]
    table = sheet.merge(judged, on="sample_id", how="inner")
    table["_timepoint"] = table["timepoint"].map(TIMEPOINTS)
    table["_verdict"] = table["verdict"].map(VERDICTS)
    table["_foreign"] = table["sample_id"].isin(foreign_samples(calls).keys())
    table["_genes"] = -table["genes_detected"].fillna(0) if "genes_detected" in table else 0
    order = ["patient_id", "_timepoint", "_foreign", "_verdict", "_genes", "sample_id"]
    chosen = table.sort_values(order).drop_duplicates("patient_id")
    return chosen[["patient_id", "sample_id", "timepoint", "verdict", "reasons"]].reset_index(drop=True)


def build_sets(
    patients: pd.DataFrame,
    endpoints: pd.DataFrame,
    samples: pd.DataFrame | None = None,
    verdicts: pd.DataFrame | None = None,
    calls: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return for each patient in which analysis sets he or she stands, and why not in the others.

    Parameters
    ----------
    patients : pandas.DataFrame
        ``patient_id``.
    endpoints : pandas.DataFrame
        ``patient_id``, ``randomised``, ``treated``, ``response_evaluable`` (yes/no) and ``population_reason``.
    samples, verdicts, calls : pandas.DataFrame or None
        Sample sheet, verdicts and subtype calls; None when the run has no expression.

    Returns
    -------
    pandas.DataFrame
        One row a patient, sorted: ``patient_id``, ``sample_id`` (the chosen one, or missing), a yes/no column a set,
        ``reason_out`` (all reasons, in words).
    """
    table = patients[["patient_id"]].sort_values("patient_id").reset_index(drop=True)
    by_patient = endpoints.set_index("patient_id").reindex(table["patient_id"]).reset_index()
    treated = by_patient["treated"].eq("yes")
    table["sample_id"] = None
    table["randomised"] = yes_no(by_patient["randomised"].eq("yes"))
    table["treated"] = table["all_treated"] = yes_no(treated)
    reasons = [[part for part in why.split("; ") if part.startswith("not ")] for why in by_patient["population_reason"]]
    usable = sample_reasons(table, samples, verdicts, calls)
    called = call_reasons(table, usable, calls)
    response = by_patient["response_evaluable"].eq("yes")
    table["rna_evaluable"] = yes_no(treated & usable["reason"].isna())
    table["subtype_evaluable"] = yes_no(treated & usable["reason"].isna() & called.isna())
    table["response_evaluable"] = yes_no(treated & response)
    table["sample_id"] = usable["sample_id"]
    for out, expression, subtype, evaluable in zip(reasons, usable["reason"], called, response, strict=True):
        out += [reason for reason in (expression, subtype) if isinstance(reason, str)]
        if not evaluable:
            out.append("response not evaluable")
    table["reason_out"] = ["; ".join(out) if out else None for out in reasons]
    return table


def sample_reasons(
    table: pd.DataFrame, samples: pd.DataFrame | None, verdicts: pd.DataFrame | None, calls: pd.DataFrame | None
) -> pd.DataFrame:
    """Return for each patient the chosen sample and, when it cannot be used, the reason."""
    if samples is None or verdicts is None:
        return pd.DataFrame({"sample_id": None, "reason": "no expression in this run"}, index=table.index)
    chosen, foreign = choose_samples(samples, verdicts, calls).set_index("patient_id"), foreign_samples(calls)
    listed = set(samples["patient_id"])
    rows: list[tuple[str | None, str | None]] = []
    for patient in table["patient_id"]:
        if patient not in listed:
            rows.append((None, "no tissue"))
        elif patient not in chosen.index:
            rows.append((None, "sample not in use"))
        elif chosen.at[patient, "timepoint"] != "baseline":
            # A sample taken under treatment cannot predict what followed the start of treatment.
            rows.append(
                (chosen.at[patient, "sample_id"], f"no baseline sample, only {chosen.at[patient, 'timepoint']}")
            )
        elif chosen.at[patient, "verdict"] == "fail":
            rows.append((chosen.at[patient, "sample_id"], f"sample failed quality: {chosen.at[patient, 'reasons']}"))
        elif (sample := chosen.at[patient, "sample_id"]) in foreign:
            rows.append((sample, f"{NOT_TUMOUR}: {foreign[sample]}"))
        else:
            rows.append((chosen.at[patient, "sample_id"], None))
    return pd.DataFrame(rows, columns=["sample_id", "reason"], index=table.index)


def call_reasons(table: pd.DataFrame, usable: pd.DataFrame, calls: pd.DataFrame | None) -> pd.Series:
    """Return for each patient with a usable sample the reason why it has no subtype, if it has none."""
    by_sample = calls.set_index("sample_id") if calls is not None else pd.DataFrame(columns=["call", "reason"])
    reasons: list[str | None] = []
    for sample, out in zip(usable["sample_id"], usable["reason"], strict=True):
        if isinstance(out, str):
            reasons.append(None)
        elif sample not in by_sample.index:
            reasons.append("no subtype call was made")
        elif by_sample.at[sample, "call"] in CALLED:
            reasons.append(None)
        else:
            why = by_sample.at[sample, "reason"]
            reasons.append(f"subtype {by_sample.at[sample, 'call']}" + (f": {why}" if isinstance(why, str) else ""))
    return pd.Series(reasons, index=table.index, dtype=object)


def yes_no(condition: pd.Series) -> pd.Series:
    return condition.map({True: "yes", False: "no"})


def build_attrition(sets: pd.DataFrame, samples: pd.DataFrame | None, calls: pd.DataFrame | None) -> pd.DataFrame:
    """Count the patients at each step from enrolment to analysis, and name who left.

    Returns
    -------
    pandas.DataFrame
        ``step``, ``description``, ``patients``, ``left`` (how many fewer than in the step named in ``from_step``),
        ``who_left`` (patient ids).
    """
    everyone = set(sets["patient_id"])
    randomised, treated = in_set(sets, "randomised"), in_set(sets, "treated")
    steps = [("enrolled", "in the patients table", everyone, "")]
    if randomised:
        steps.append(("randomised", WORDS["randomised"], randomised, "enrolled"))
    steps.append(("treated", WORDS["treated"], treated, "enrolled"))
    if samples is not None:
        tissue = treated & set(samples["patient_id"])
        sequenced = tissue & set(sets.loc[sets["sample_id"].notna(), "patient_id"])
        other = treated & set(sets.loc[sets["reason_out"].str.contains(NOT_TUMOUR, na=False), "patient_id"])
        usable = in_set(sets, "rna_evaluable") | other
        confident = set()
        if calls is not None:
            sure = set(calls.loc[calls["call"].eq("confident"), "sample_id"])
            confident = in_set(sets, "subtype_evaluable") & set(sets.loc[sets["sample_id"].isin(sure), "patient_id"])
        steps += [
            ("tissue", "treated, with a sample in the sheet", tissue, "treated"),
            ("sequenced", "with expression in this run", sequenced, "tissue"),
            ("qc_pass", "treated, with a baseline sample of usable expression", usable, "sequenced"),
            ("tumour", WORDS["rna_evaluable"], in_set(sets, "rna_evaluable"), "qc_pass"),
            ("subtype_called", WORDS["subtype_evaluable"], in_set(sets, "subtype_evaluable"), "tumour"),
            ("confident_call", "treated, with a confident subtype call", confident, "subtype_called"),
        ]
    steps.append(("response_evaluable", WORDS["response_evaluable"], in_set(sets, "response_evaluable"), "treated"))
    members = {step: patients for step, _, patients, _ in steps}
    rows = []
    for step, description, patients, before in steps:
        gone = sorted(members[before] - patients) if before else []
        rows.append((step, description, len(patients), before or None, len(gone), ", ".join(gone) or None))
    return pd.DataFrame(rows, columns=["step", "description", "patients", "from_step", "left", "who_left"])


def in_set(sets: pd.DataFrame, name: str) -> set[str]:
    return set(sets.loc[sets[name].eq("yes"), "patient_id"])
