"""The first screen: the question, the patients, the answer and its limits."""

from __future__ import annotations

from anpi.report import sentences as say
from anpi.report.blocks import Section
from anpi.report.numbers import percent
from anpi.report.tables import Run
from anpi.words.lists import listed

MOST_DETECTABLE = 2  # the others stand with the primary analyses
FROM_SAMPLES = ("subtype", "signatures", "genes")
SEXES = ("F", "M")
STEPS = {
    "enrolled": "enrolled",
    "treated": "treated",
    "qc_pass": "usable RNA",
    "subtype_called": "subtype called",
    "response_evaluable": "response-evaluable",
}


def summary(run: Run) -> Section:
    """Return the first screen; ``extra`` holds what the template lays out by itself."""
    results, entry = run.table("results"), say.primary_entry(run.plan)
    return Section(
        "summary",
        run.title,
        [],
        "Summary",
        extra={
            "question": say.question(run.plan),
            "counts": population(run),
            "headline": say.primary_headline(results, run.plan),
            "estimates": estimates(run, entry["entry"], entry["endpoints"]) if entry else [],
            "efficacy": efficacy_lines(run),
            "secondary": list(say.sentence_list(run.statements, "secondary")),
            "exploratory": exploratory_lines(run),
            "limits": limits(run),
        },
    )


def population(run: Run) -> list[dict[str, str]]:
    """Count the patients of each set for the row of large numbers."""
    steps = run.tables["attrition"].set_index("step")["patients"]
    enrolled = int(steps["enrolled"])
    return [
        {"count": str(int(steps[step])), "words": words, "share": percent(steps[step] / enrolled) if enrolled else ""}
        for step, words in STEPS.items()
        if step in steps
    ]


def estimates(run: Run, entry: str, endpoints: list[str]) -> list[str]:
    """Return the medians by group; the ratios stand in the headline."""
    lines = []
    survival = run.table("survival")
    for endpoint in endpoints:
        if survival is not None:
            rows = survival[
                (survival["entry"] == entry) & (survival["endpoint"] == endpoint) & (survival["level"] != "all")
            ]
            lines += [say.median_sentence(row, row["biomarker"]) for _, row in rows.iterrows() if row["n"]]
    return lines


def efficacy_lines(run: Run) -> list[str]:
    """Return response, disease control and the medians of all treated patients."""
    lines = []
    rates, survival = run.table("rates"), run.table("survival")
    if rates is not None:
        for measure, words in (("ORR", say.response_words(run.tables["endpoints"])), ("DCR", "Disease control")):
            rows = rates[
                (rates["measure"] == measure) & (rates["arm"] == "all") & (rates["population"] == "all treated")
            ]
            lines += [say.rate_sentence(words, row) for _, row in rows.iterrows()]
    if survival is not None:
        everyone = survival[(survival["entry"] == "efficacy") & (survival["level"] == "all")]
        for endpoint in ("pfs", "os"):
            for _, row in everyone[everyone["endpoint"] == endpoint].iterrows():
                name = say.capital(say.endpoint_words(endpoint))
                lines.append(say.median_sentence(row, "arm").replace("all:", f"{name}, all treated:", 1))
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


def limits(run: Run) -> list[str]:
    """Return what weakens the answer: what could have been shown, samples, queries, and what the analysis noted."""
    lines = list(say.sentence_list(run.statements, "detectable"))[:MOST_DETECTABLE]
    lines.append(say.sample_sentence(run.table("verdicts"), run.people["group"]))
    lines += doubtful_members(run)
    lines += say.sentence_list(run.statements, "limits")
    influence = say.influence_sentence(run.table("influence"), run.plan["alpha"])
    if influence and not any("left out" in line for line in lines):
        lines.append(influence)
    lines.append(say.query_sentence(run.table("queries")))
    lines += say.account_sentences(run.table("accounts"))
    return list(dict.fromkeys(lines))


def doubtful_members(run: Run) -> list[str]:
    """Name the patients of the primary test whose sample is in doubt: a lean call, another sex by its genes."""
    entry = say.primary_entry(run.plan)
    if entry is None or entry["biomarker"] not in FROM_SAMPLES:
        return []
    members = run.members(entry["set"])
    lean = members.index[members["call"].eq("lean")] if entry["biomarker"] == "subtype" else []
    lines = (
        [f"In the primary analysis on a lean call of the subtype: {listed(list(lean), len(lean))}."]
        if len(lean)
        else []
    )
    verdicts = run.table("verdicts")
    if verdicts is None or not {"sex_clinical", "sex_expression"} <= set(verdicts):
        return lines
    rows = verdicts.set_index("sample_id").reindex(members["sample_id"]).set_axis(members.index)
    other = rows["sex_clinical"].isin(SEXES) & rows["sex_expression"].isin(SEXES)
    other &= rows["sex_clinical"] != rows["sex_expression"]
    if other.any():
        who = list(members.index[other])
        lines.append(
            "In the primary analysis although the genes tell another sex than the patients table, so the sample may "
            f"be another person's: {listed(who, len(who))}."
        )
    return lines
