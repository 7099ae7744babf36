"""Methods as this run used them, with their sources and versions, and the REMARK checklist filled from the run."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from anpi.report import sentences as say
from anpi.report.blocks import Cell, Heading, Points, Section, Table, Text
from anpi.report.limits import detectable_sentences
from anpi.report.numbers import has_value, text
from anpi.report.tables import Run
from anpi.trial.declared import DeclaredPlan, DeclaredRules
from anpi.trial.endpoints import endpoint_words
from anpi.trial.sources import OF_REPORT, in_report
from anpi.trial.times import DAYS_PER_MONTH
from anpi.words.lists import listed, plural

PACKAGES = (
    "pandas",
    "numpy",
    "scipy",
    "scikit-survival",
    "statsmodels",
    "pydeseq2",
    "gseapy",
    "matplotlib",
)
ADJUSTMENTS = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "none", "fixed_sequence": "fixed sequence"}
DISCRETE = {
    "exact": "exact tests of groups",
    "mid": "mid-p of exact tests of groups (outcomes as probable as the one seen count half; exact p in Sensitivity)",
}


def methods(run: Run) -> Section:
    """Return the methods text, versions and citations."""
    blocks: list[Any] = [
        Heading("Endpoints"),
        Text(endpoint_methods(run.rules)),
        Heading("Expression, subtypes and signatures"),
        Text(expression_methods(run)),
        Heading("Statistics"),
        Text(statistics_methods(run.plan)),
        Heading("Software"),
        Text([version_sentence()]),
        Heading("Sources"),
        Points([in_report(topic) for topic in OF_REPORT]),
    ]
    return Section("methods", "Methods", blocks)


def endpoint_methods(rules: DeclaredRules) -> list[str]:
    """Say the protocol's rules as they were applied."""
    confirm, stable, scans, progress = (
        rules["confirmation"], rules["stable_disease"], rules["scans"], rules["progression"]
    )  # fmt: skip
    start = rules["reference"].replace("_", " ")
    return [
        f"Times count from {start}, that day being day 1; a month is {DAYS_PER_MONTH} days.",
        "Responses follow RECIST 1.1.",
        f"A complete or partial response counts when it is confirmed {confirm['minimum_days']} days or more "
        "later, with at most "
        f"{confirm['not_evaluable_between']} scan not evaluable and {confirm['stable_between']} of stable "
        "disease between.",
        f"Stable disease counts from {stable['minimum_days']} days.",
        f"Progression-free survival is {progress['primary'].upper()} style: "
        + (
            "censored at the last adequate scan before a new therapy or two missed scans "
            f"(every {scans['interval_days']} ± {scans['window_days']} days)"
            if progress["primary"] == "fda"
            else "every progression and death counts when it happened"
        )
        + (
            f"; {progress['sensitivity'].upper()} style is the sensitivity variant." if progress["sensitivity"] else "."
        ),
        f"Data cut-off: {rules['data_cutoff'] or 'none, all that is in the tables'}.",
    ]


def expression_methods(run: Run) -> list[str]:
    calls = run.table("calls")
    if calls is None:
        return ["This run has no expression data."]
    models = listed(
        sorted({f"{text(m)} (sha256 {text(d)})" for m, d in zip(calls["model"], calls["model_sha256"], strict=True)})
    )
    lines = [
        "Each sample was judged by thresholds on its own QC metrics; one sample a patient enters the analysis: "
        "baseline first, then the better verdict.",
        f"Subtypes were called by the locked model {models}: every number of a sample depends on that "
        "sample and the model alone.",
        "A confident or lean call gives a patient a subtype; a mixed call or none does not.",
    ]
    scores = run.table("scores")
    if scores is not None:
        lines.append(
            f"{plural(scores['signature'].nunique(), 'signature')} were scored sample by sample; "
            "percentiles are among the reference tumours."
        )
    return lines


def statistics_methods(plan: DeclaredPlan) -> list[str]:
    """Say the plan's settings."""
    families = [
        f"{f['family'].replace('_', ' ')} ({f['tier']}; {plural(len(f['entries']), 'entry', 'entries')}; "
        f"adjustment {ADJUSTMENTS[f['multiplicity']]})"
        for f in plan["families"]
    ]
    return [
        f"The plan declared these families: {listed(families)}.",
        f"Tests are two-sided at {plan['alpha']:g}.",
        f"Groups of fewer than {plan['smallest_group']} patients are described, not tested; the largest "
        "group is the reference.",
        f"Permutation p-values use {plan['permutations']:,} arrangements with seed {plan['seed']}.",
        "Times to event: Kaplan-Meier with log-log intervals, log-rank tests, Cox regression with Firth's penalty "
        "(ties by Efron) and profile-likelihood intervals by Student's t; with fewer than "
        f"{plan['events_per_parameter']:g} events a parameter the row says so.",
        f"Response: {DISCRETE[plan['discrete_p']]}, exact intervals, logistic regression with Firth's penalty and "
        "profile intervals.",
        *(cut_sentences(plan) or ["No cut-point was chosen by the data for inference."]),
    ]


def cut_sentences(plan: DeclaredPlan) -> list[str]:
    """Name the entries whose cut-point is a number of these data, and how it was found."""
    entries = [entry for family in plan["families"] for entry in family["entries"]]
    chosen, halved = (
        [entry["entry"] for entry in entries if entry["cut"] == cut] for cut in ("maximally_selected", "median")
    )
    lines = []
    if chosen:
        lines.append(
            f"The data chose the cut-point of {listed(chosen, len(chosen))} (maximally selected log-rank statistic): "
            "its p allows for the choice, and no ratio is given at the cut."
        )
    if halved:
        lines.append(
            f"The cut-point of {listed(halved, len(halved))} is the median of the patients of the question, a number "
            "of these data."
        )
    return lines


def version_sentence() -> str:
    found = [f"{name} {v}" for name in PACKAGES if (v := package_version(name))]
    return (
        f"anpi with {listed(found, len(found))}. Versions of all programs and checksums of inputs stand in "
        "manifest.json beside the report."
    )


def package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def remark(run: Run) -> Section:
    """Return the REMARK checklist: what the run can fill is filled, what only investigators know is left to them."""
    rows = [
        [Cell(str(i)), Cell(item), Cell(answer or "to be given by the investigators", None, None if answer else "open")]
        for i, (item, answer) in enumerate(remark_items(run), start=1)
    ]
    caption = (
        "Reporting recommendations for tumour marker studies (McShane 2005, Altman 2012). Items that the data "
        "cannot fill are left open."
    )
    return Section(
        "remark",
        "REMARK checklist",
        [Table("remark", "REMARK checklist", ["Item", "What to report", "In this report"], rows, caption)],
        "REMARK",
    )


def remark_items(run: Run) -> list[tuple[str, str | None]]:
    """Pair each of the twenty items with what this run says about it."""
    steps = run.tables["attrition"].set_index("step")["patients"]
    calls, results, verdicts = run.table("calls"), run.table("results"), run.table("verdicts")
    flow = ", ".join(f"{str(step).replace('_', ' ')} {int(n)}" for step, n in steps.items())
    entry = say.primary_entry(run.plan)
    endpoints = sorted({endpoint_words(e) for f in run.plan["families"] for x in f["entries"] for e in x["endpoints"]})
    adjusted = sorted({c for f in run.plan["families"] for x in f["entries"] for c in x["adjust_for"]})
    detectable = detectable_sentences(run)
    tested = int(results["p"].notna().sum()) if results is not None else 0
    missing = [
        f"{c} {int(run.patients[c].isna().sum())}"
        for c in ("ecog", "ldh", "liver_mets", "brain_mets")
        if c in run.patients
    ]
    specimens = ""
    if run.samples is not None and "specimen" in run.samples:
        used = run.samples[run.samples["use"].ne("no")] if "use" in run.samples else run.samples
        specimens = ", ".join(f"{name} {n}" for name, n in used["specimen"].value_counts().sort_index().items())
    return [
        ("Marker, objectives, hypotheses", say.question(run.plan) if entry else None),
        ("Patients: source, stage, inclusion", "Section Patients, Table 1; inclusion by the protocol"),
        (
            "Treatments, and how they were chosen",
            f"Arms: {listed(sorted(run.patients['arm'].astype(str).unique()))}; how they were chosen stands "
            "in the protocol",
        ),
        ("Type of biological material", f"Specimens: {specimens}" if specimens else None),
        (
            "Assay: method, quality control, blinding",
            "Sections Quality and Methods; calls are made by a locked model without outcomes"
            if verdicts is not None
            else None,
        ),
        ("Study design, follow-up", follow_up_words(run)),
        ("Clinical endpoints", f"{say.capital(listed(endpoints))}; rules in Methods"),
        ("Candidate variables", f"Baseline in Table 1; adjusted for: {listed(adjusted) if adjusted else 'none'}"),
        ("Sample size and power", " ".join(detectable) if detectable else None),
        (
            "Statistical methods, missing data",
            f"Section Methods; missing at baseline: {', '.join(missing)}; no value was filled in",
        ),
        (
            "Handling of marker values, cut-points",
            ". ".join(
                ["Calls by the locked model; scores per standard deviation; cuts only where the plan names them"]
                + [sentence.removesuffix(".") for sentence in cut_sentences(run.plan)]
            ),
        ),
        ("Flow of patients", say.capital(flow)),
        ("Distributions of baseline characteristics", "Table 1; patients with and without a subtype beside each other"),
        (
            "Marker against standard variables",
            "Signatures by subtype; Table of patients with and without a subtype" if calls is not None else None,
        ),
        (
            "Univariable results with events",
            f"Section Associations: {plural(tested, 'p-value')} with n and events" if tested else None,
        ),
        ("Effect estimates with intervals", "Section Associations: all ratios with 95% intervals"),
        ("Multivariable results", "Section Associations: adjusted entries" if adjusted else "None was declared"),
        (
            "Further investigations, sensitivity",
            "Section Sensitivity" if run.table("sensitivity") is not None else None,
        ),
        (
            "Interpretation in the light of the hypotheses, limits",
            "Limits on the first screen; the interpretation is the investigators'",
        ),
        ("Implications for research and care", None),
    ]


def follow_up_words(run: Run) -> str | None:
    survival = run.table("survival")
    if survival is None:
        return None
    rows = survival[(survival["entry"] == "efficacy") & (survival["endpoint"] == "os") & (survival["level"] == "all")]
    if rows.empty or not has_value(rows["follow_up_months"].iloc[0]):
        return None
    row = rows.iloc[0]
    return f"Median follow-up {row['follow_up_months']:.1f} months (reverse Kaplan-Meier)"
