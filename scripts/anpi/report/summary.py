"""The first screen: the question, the patients, the answer and its limits."""

from __future__ import annotations

from anpi.report import sentences as say
from anpi.report.blocks import Drawing, Section
from anpi.report.limits import FIRST, ranked_limits, secondary_sentences
from anpi.report.numbers import percent
from anpi.report.robustness import strips, what_if
from anpi.report.survival import survival_figure
from anpi.report.tables import Run
from anpi.trial.endpoints import SURVIVAL, endpoint_words

BESIDE = (5.8, 2.2)  # inches: the curves beside the answer
STEPS = {
    "enrolled": "enrolled",
    "treated": "treated",
    "qc_pass": "usable RNA",
    "subtype_called": "subtype called",
    "response_evaluable": "response-evaluable",
}


def summary(run: Run) -> Section:
    """Return the first screen; ``extra`` holds what the template lays out by itself."""
    results = run.table("results")
    limits = ranked_limits(run)
    return Section(
        "summary",
        run.title,
        [],
        "Decide",
        extra={
            "question": say.question(run.plan),
            "counts": population(run),
            "headline": say.primary_headline(results, run.plan),
            "figures": [figure for figure in (answer_figure(run), *strips(run)) if figure],
            "what_if": what_if(run),
            "efficacy": efficacy_lines(run),
            "secondary": secondary_sentences(run),
            "exploratory": exploratory_lines(run),
            "limits": limits[:FIRST],
            "further_limits": limits[FIRST:],
        },
    )


def answer_figure(run: Run) -> Drawing | None:
    """Draw the curves of the primary question beside the answer; None where it has none."""
    entry = say.primary_entry(run.plan)
    if entry is None:
        return None
    found = [
        figure
        for endpoint in entry["endpoints"]
        for figure in survival_figure(run, entry["entry"], endpoint, entry["biomarker"], name="answer", size=BESIDE)
    ]
    return found[0] if found else None


def population(run: Run) -> list[dict[str, str]]:
    """Count the patients of each set for the row of large numbers."""
    steps = run.tables["attrition"].set_index("step")["patients"]
    enrolled = int(steps["enrolled"])
    return [
        {"count": str(int(steps[step])), "words": words, "share": percent(steps[step] / enrolled) if enrolled else ""}
        for step, words in STEPS.items()
        if step in steps
    ]


def efficacy_lines(run: Run) -> list[str]:
    """Return response, disease control and the medians of all treated patients."""
    lines = []
    rates, survival = run.table("rates"), run.table("survival")
    if rates is not None:
        for measure, words in say.main_rates(run.tables["endpoints"]):
            rows = rates[
                (rates["measure"] == measure) & (rates["arm"] == "all") & (rates["population"] == "all treated")
            ]
            lines += [say.rate_sentence(words, row) for _, row in rows.iterrows()]
    if survival is not None:
        everyone = survival[(survival["entry"] == "efficacy") & (survival["level"] == "all")]
        for endpoint in SURVIVAL:
            for _, row in everyone[everyone["endpoint"] == endpoint].iterrows():
                name = say.capital(endpoint_words(endpoint))
                lines.append(say.median_sentence(row, "arm", f"{name}, all treated"))
    return lines


def exploratory_lines(run: Run) -> list[str]:
    """Count what exploratory families gave, beside what chance alone would give; a single test is said in full."""
    results = run.table("results")
    if results is None:
        return []
    lines = []
    for family in run.plan["families"]:
        rows = say.test_rows(results[results["family"] == family["family"]])
        if family["tier"] != "exploratory" or rows.empty:
            continue
        name = say.capital(family["family"].replace("_", " "))
        if len(rows) == 1:
            lines.append(say.short_answer(rows.iloc[0], run.plan["alpha"], "exploratory"))
        else:
            words = say.family_sentence(results, family["family"], run.plan["alpha"], family["multiplicity"])
            lines.append(f"{name}: {words}")
    return lines
