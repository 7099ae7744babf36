"""What weakens the primary answer, gravest first, with the patients on whom it hangs named."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from anpi.report import sentences as say
from anpi.report.baseline import variable_words
from anpi.report.claims import primary_questions
from anpi.report.evidence import cite
from anpi.report.numbers import has_value, ratio
from anpi.report.robustness import choices_of, holds_sentence
from anpi.report.rows import DetectableRow
from anpi.report.tables import Run
from anpi.trial.declared import DeclaredEntry
from anpi.trial.endpoints import endpoint_words
from anpi.trial.results import APART_IN_ARMS
from anpi.trial.sets import USABLE
from anpi.words.counting import COUNTED_BY, LOST
from anpi.words.lists import listed, plural
from anpi.words.p_values import p_words

FIRST = 3  # on the first screen; the others stand behind a line that opens them
FEW_PATIENTS = 40
FROM_SAMPLES = {"subtype": "a subtype", "signatures": "a signature score", "genes": "expression of the gene"}
SEXES = ("F", "M")
NOT_RANDOMISED = (
    "Subtypes and scores were not randomised: an association with outcome under treatment cannot tell a marker of "
    "benefit from a marker of prognosis."
)


def ranked_limits(run: Run) -> list[str]:
    """Return what limits the answer, gravest first: whose sample it is, on whom it hangs, what else could be."""
    entry = say.primary_entry(run.plan)
    lines = [
        *(line for line in warnings_of_tests(run) if line.endswith(f"{APART_IN_ARMS}.")),
        *doubtful_members(run),
        *hanging_on(run),
        *lean_members(run, compared=True),
        *other_tumours(run),
        *other_choices(run),
        *supplied_responses(run),
        *missing_biomarker(run, entry),
        *warnings_of_tests(run),
        *unlike_patients(run),
        say.sample_sentence(run.table("verdicts"), run.people["group"]),
        *lean_members(run, compared=False),
        *counted_alone(run),
        say.query_sentence(run.table("queries")),
        *detectable_sentences(run),
        *([NOT_RANDOMISED] if entry is not None and entry["biomarker"] in FROM_SAMPLES else []),
        *say.account_sentences(run.table("accounts")),
    ]
    return list(dict.fromkeys(lines))


def counted_alone(run: Run) -> list[str]:
    """Return what counts of alignments alone cannot tell, where samples have no others."""
    verdicts = run.table("verdicts")
    if verdicts is None or "counted_by" not in verdicts or not (verdicts["counted_by"] == COUNTED_BY).any():
        return []
    return [LOST]


def primary_members(run: Run) -> pd.DataFrame:
    """Return the patients of the primary analysis whose biomarker comes from a sample."""
    entry = say.primary_entry(run.plan)
    if entry is None or entry["biomarker"] not in FROM_SAMPLES:
        return run.people.iloc[:0]
    return run.members(entry["set"])


def doubtful_members(run: Run) -> list[str]:
    """Name the patients of the primary analysis whose sample may be another person's by its sex."""
    members, verdicts = primary_members(run), run.table("verdicts")
    if members.empty or verdicts is None or not {"sex_clinical", "sex_expression"} <= set(verdicts):
        return []
    rows = verdicts.set_index("sample_id").reindex(members["sample_id"]).set_axis(members.index)
    other = rows["sex_clinical"].isin(SEXES) & rows["sex_expression"].isin(SEXES)
    other &= rows["sex_clinical"] != rows["sex_expression"]
    who = [f"{patient} ({call_words(members.loc[patient])})" for patient in members.index[other]]
    if not who:
        return []
    return [
        f"The genes tell another sex than the patients table, so the sample may be another person's: "
        f"{listed(who, len(who))}, in the primary analysis all the same."
    ]


def call_words(row: pd.Series) -> str:
    """Write a patient's call: ``SCLC-I, lean call``."""
    return f"SCLC-{row['subtype']}, {row['call']} call" if has_value(row["subtype"]) else "no single subtype"


def described_groups(run: Run, entry: str) -> set[str]:
    """Return the groups that a question describes and does not compare."""
    results = run.table("results")
    if results is None:
        return set()
    rows = results[results["entry"].eq(entry) & results["warning"].astype(str).str.contains("described, not tested")]
    return set(rows["level"].dropna().astype(str))


def lean_members(run: Run, compared: bool) -> list[str]:
    """Name the patients whose subtype is a lean call, in groups that the primary test compares or in the others."""
    entry, members = say.primary_entry(run.plan), primary_members(run)
    if entry is None or entry["biomarker"] != "subtype" or members.empty:
        return []
    described = members["subtype"].astype(str).isin(described_groups(run, entry["entry"]))
    lean = members.index[members["call"].eq("lean") & described.ne(compared)]
    who = [f"{patient} (SCLC-{members.at[patient, 'subtype']})" for patient in lean]
    where = "In the primary test" if compared else "In a group that is described only,"
    return [f"{where} on a lean call of the subtype: {listed(who, len(who))}."] if who else []


def other_tumours(run: Run) -> list[str]:
    """Name the patients in analysis sets whose sample is not SCLC-like, as where `tumour` of the config is any."""
    members, calls = run.members(USABLE), run.table("calls")
    if members.empty or calls is None or "identity" not in calls:
        return []
    foreign = set(calls.loc[calls["identity"].eq("not_sclc"), "sample_id"])
    who = list(members.index[members["sample_id"].isin(foreign)])
    if not who:
        return []
    return [
        f"In the analysis sets although the sample is not SCLC-like, as `tumour: any` declares: {len(who)} of "
        f"{plural(len(members), 'patient')}, {listed(who)}."
    ]


def hanging_on(run: Run) -> list[str]:
    sentence = influence_words(run)
    return [sentence] if sentence else []


def influence_words(run: Run) -> str | None:
    """Return whether the first primary answer hangs on one patient; named where there are several."""
    questions = primary_questions(run)
    if not questions:
        return None
    name = questions[0].words if len(questions) > 1 else ""
    return say.influence_sentence(run.table("influence"), questions[0].claim.level, questions[0].claim.alone, name)


def other_choices(run: Run) -> list[str]:
    """Return for each primary question, beside its own answer, under how many other choices it holds."""
    asked = primary_questions(run)
    lines = []
    for question in asked:
        name = f" for {question.words}" if len(asked) > 1 else ""
        lines.append(holds_sentence(choices_of(run, question), question.claim, name))
    return [line for line in lines if line]


def supplied_responses(run: Run) -> list[str]:
    return [say.SUPPLIED] if say.best_responses_supplied(run.tables["endpoints"]) else []


def missing_biomarker(run: Run, entry: DeclaredEntry | None) -> list[str]:
    """Count the treated patients with the biomarker; few patients make estimates imprecise."""
    members = primary_members(run)
    if entry is None or members.empty:
        return []
    treated = len(run.members("all_treated"))
    lines = [
        f"{len(members):,} of {plural(treated, 'treated patient')} {'has' if len(members) == 1 else 'have'} "
        f"{FROM_SAMPLES[entry['biomarker']]}"
        + ("; results may not hold for the others." if len(members) < treated else ".")
    ]
    if len(members) < FEW_PATIENTS:
        lines.append("Few patients: estimates are imprecise and any single one can be far off.")
    return lines


def warnings_of_tests(run: Run) -> Iterator[str]:
    """Return what the analysis noted of the primary tests."""
    results = run.table("results")
    if results is None:
        return
    entries = [entry["entry"] for entry in say.primary_entries(run.plan)]
    tests = say.test_rows(results[results["entry"].isin(entries)])
    for warning in tests.loc[tests["p"].notna(), "warning"].dropna():
        for note in str(warning).split("; "):
            yield f"{say.capital(note)}."


def unlike_patients(run: Run) -> list[str]:
    table = run.table("representativeness")
    if table is None:
        return []
    notable = table.loc[table["warning"].eq("notable difference"), "variable"].unique()
    names = [variable_words(str(name)) for name in notable]
    return [f"Patients with and without a subtype differ notably in {listed(names)}."] if names else []


def detectable_sentences(run: Run) -> list[str]:
    """Return what the primary tests could have shown with the events that there were."""
    table = run.table("detectable")
    if table is None:
        return []
    entries = [entry["entry"] for entry in say.primary_entries(run.plan)]
    rows = table[table["entry"].isin(entries)].to_dict("records")
    return [detectable_sentence(row, run.plan["alpha"]) for row in rows]


def detectable_sentence(row: DetectableRow, alpha: float) -> str:
    if has_value(row["level"]):
        group = say.group_words(row["level"], row["biomarker"])
        what = f"{group} ({plural(int(row['n']), 'patient')} of {int(row['total'])}) against the others"
    else:
        what = f"a standard deviation of {row['biomarker']}"
    ends = [
        f"{ratio(hazard)} or {side}{power_words(power)}"
        for hazard, side, power in (
            (row["hr_above"], "more", row.get("power_above")),
            (row["hr_below"], "less", row.get("power_below")),
        )
        if has_value(hazard) and np.isfinite(hazard)
    ]
    share = f" at {row['alpha']:.2g}, its part of {alpha:g}," if row["alpha"] < alpha * (1 - 1e-6) else ""
    shown = (
        f"a hazard ratio of {' (or '.join(ends)}{')' if len(ends) > 1 else ''} would have been shown{share} in 4 of 5 "
        "such trials; smaller differences are missed more often"
        if ends
        else f"no difference, however large, would have been shown{share} in 4 of 5 such trials"
    )
    name = say.capital(endpoint_words(row["endpoint"]))
    return f"{name}, {plural(int(row['events']), 'event')}, {what}: {shown}."


def power_words(power: float | None) -> str:
    """Write the simulated power of a ratio, where there is one."""
    return f" [power {power:.2f}]" if has_value(power) else ""


def secondary_sentences(run: Run) -> list[str]:
    """Answer each secondary question in a sentence, and whether its effect differs between arms in another."""
    results = run.table("results")
    if results is None:
        return []
    secondary = results[results["tier"].eq("secondary")]
    lines = []
    for _, part in secondary.groupby(["entry", "endpoint", "biomarker"], sort=False):
        lines.append(secondary_sentence(part, run.plan["alpha"]))
        lines += say.interactions(part, run.plan["alpha"], "secondary")
    return lines


def secondary_sentence(rows: pd.DataFrame, alpha: float) -> str:
    """Say one question's ratios, its p before and after adjustment, and what that allows to say."""
    main = say.main_rows(rows)
    test = main.iloc[0]
    name = f"{say.capital(endpoint_words(test['endpoint']))} by {test['biomarker']}"
    if not say.tested(test):
        return f"{name}: {say.untested_words(test)}."
    ratios = main[main["estimate"].notna() & main["effect"].isin(list(say.RATIOS))]
    parts = [say.ratio_clause(row) for _, row in ratios.iterrows()]
    unadjusted = [f"interval and {p_words(test['p'])} unadjusted"] if parts and say.was_adjusted(test) else []
    words = f"{name}: {'; '.join([*parts, *unadjusted, say.verdict(test, alpha, 'secondary')])}."
    cited = [(say.bounds(row), place) for place, row in ratios.iterrows()]
    p_parts = [p_words(test[name]) for name in ("p", "p_adjusted") if has_value(test[name])]
    return cite(words, "results", *cited, *((part, test.name) for part in dict.fromkeys(p_parts)))
