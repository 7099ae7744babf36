"""What the plan declared, tier by tier, and how the answers stand under other choices."""

from __future__ import annotations

from typing import Any

import pandas as pd

from anpi.figures.forest import forest
from anpi.figures.style import level_colour
from anpi.report import sentences as say
from anpi.report.beside import estimand_blocks, incidence_blocks, published_blocks, subgroup_blocks
from anpi.report.blocks import Cell, Drawing, Heading, Note, Points, Section, Table, Text, count_cell
from anpi.report.claims import Claim, primary_questions
from anpi.report.evidence import anchor_of, cite
from anpi.report.limits import detectable_sentences, influence_words
from anpi.report.numbers import NONE, decimal, has_value, interval, p_value, percent, ratio, text
from anpi.report.rows import Ratio
from anpi.report.survival import survival_by_group, survival_figure
from anpi.report.tables import Run
from anpi.trial.declared import DeclaredFamily
from anpi.trial.endpoints import endpoint_kind, endpoint_words
from anpi.trial.results import INTERACTION, MEANS
from anpi.words.lists import plural

TIERS = {"primary": "Primary", "secondary": "Secondary", "exploratory": "Exploratory"}
EXPLORATORY = (
    "Exploratory: these results raise questions for other data. With this many tests some look striking by chance; "
    "none of them is a finding."
)
MOST_ROWS = 40


def associations(run: Run) -> Section:
    """Return each family of the plan: sentence, figures, table."""
    results = run.table("results")
    if results is None:
        return Section(
            "associations", "Declared associations", [Note("This run made no declared test.", "absent")], "Associations"
        )
    blocks: list[Any] = [
        Text(["What is not in the plan was not tested. Estimates come with 95% intervals; p-values are two-sided."])
    ]
    changes = run.statements.get("plan_changes", [])
    if changes:
        blocks.append(Note("The plan was changed after results existed. " + " ".join(change_words(c) for c in changes)))
    for family in run.plan["families"]:
        blocks += family_blocks(run, results, family)
        blocks += subgroup_blocks(run) if family["tier"] == "primary" else []
    blocks += [*published_blocks(run), *incidence_blocks(run)]
    return Section("associations", "Declared associations", blocks, "Associations")


def change_words(change: dict[str, Any]) -> str:
    return f"{change.get('date', 'Date not known')}: " + "; ".join(map(str, change.get("difference", []))) + "."


def family_blocks(run: Run, results: pd.DataFrame, family: DeclaredFamily) -> list[Any]:
    name, tier = family["family"], family["tier"]
    rows = results[results["family"] == name]
    blocks: list[Any] = [Heading(family_heading(name, tier))]
    if tier == "exploratory":
        blocks.append(Note(EXPLORATORY, "exploratory"))
    if rows.empty:
        return [*blocks, Note("No result of this family in this run.", "absent")]
    blocks.append(Text([say.family_sentence(results, name, run.plan["alpha"], family["multiplicity"])]))
    why = [entry["why"] for entry in family["entries"] if entry["why"]]
    if why:
        blocks.append(Text([f"Declared because: {'; '.join(why)}."]))
    if tier == "primary" and (detectable := detectable_sentences(run)):
        blocks.append(Points(detectable))
    for entry in family["entries"]:
        for endpoint in entry["endpoints"]:
            blocks += question_blocks(
                run, rows[(rows["entry"] == entry["entry"]) & (rows["endpoint"] == endpoint)], tier
            )
    blocks.append(result_table(run, rows, name, tier))
    return blocks


def family_heading(name: str, tier: str) -> str:
    words = name.replace("_", " ").removeprefix(tier).strip()
    return f"{TIERS[tier]}: {words}" if words else f"{TIERS[tier]} analyses"


def question_blocks(run: Run, rows: pd.DataFrame, tier: str) -> list[Any]:
    """Return one endpoint's sentences, curves and forest plot."""
    if rows.empty:
        return []
    entry, endpoint, biomarker = (str(rows[c].iloc[0]) for c in ("entry", "endpoint", "biomarker"))
    blocks: list[Any] = []
    grouped = rows["biomarker"].nunique() == 1 and rows["level"].notna().any()
    if grouped:
        blocks.append(Text(question_sentences(rows, run.plan["alpha"], tier)))
        blocks.append(Text(interaction_sentences(rows, run.plan["alpha"], tier)))
        blocks += survival_figure(run, entry, endpoint, biomarker)
        blocks += [*survival_by_group(run, entry, endpoint), *response_by_group(run, entry, endpoint)]
    drawn = forest_rows(run, rows)
    if len(drawn) and drawn["estimate"].notna().any():
        what = "Hazard ratio" if endpoint_kind(endpoint) == "time" else "Odds ratio"
        better = "longer" if what == "Hazard ratio" else "less likely"
        worse = "shorter" if what == "Hazard ratio" else "more likely"
        name = say.capital(endpoint_words(endpoint))
        title = f"{name}: {ratio_kind(rows)}"
        caption = forest_caption(rows, drawn, tier, grouped)
        place = f"forest-{entry}-{endpoint}".replace("_", "-")
        blocks.append(Drawing(place, title, caption, forest, (drawn, what, (better, worse))))
    return blocks


def ratio_kind(rows: pd.DataFrame) -> str:
    """Say what the ratios of some rows stand for."""
    scores = {str(effect).endswith("per SD") for effect in rows["effect"] if effect in say.RATIOS}
    if scores == {True}:
        return "ratio per standard deviation"
    return "ratios between groups" + (", of scores per standard deviation" if True in scores else "")


def interaction_sentences(rows: pd.DataFrame, alpha: float, tier: str) -> list[str]:
    """Return the effect within each arm, and say whether it differs between arms, as far as the data tell."""
    after = rows[rows["effect"].eq(INTERACTION).cumsum() > 0]
    if after.empty:
        return []
    test, ratios = after.iloc[0], after[after["estimate"].notna() & after["effect"].isin(list(say.RATIOS))]
    within = [
        f"Within {row['level']}: {say.RATIOS[row['effect']]} {ratio(row['estimate'])} "
        f"(95% CI {ratio(row['ci_low'])} to {ratio(row['ci_high'])})."
        for _, row in ratios.iterrows()
    ]
    if not say.tested(test):
        return [*within, f"Whether it differs between arms: not tested, {text(test['warning'], 'no reason given')}."]
    note = [f"{say.capital(str(test['warning']))}."] if has_value(test["warning"]) else []
    return [*within, f"Whether it differs between arms: {say.verdict(test, alpha, tier)}.", *note]


def response_by_group(run: Run, entry: str, endpoint: str) -> list[Table]:
    """Return the rate of each group with its exact interval, all arms and by arm."""
    response = run.table("response")
    if response is None:
        return []
    rows = response[(response["entry"] == entry) & (response["endpoint"] == endpoint)]
    arms = list(dict.fromkeys(rows["arm"]))
    cells = []
    for level, part in rows.groupby("level", sort=False):
        by_arm = part.set_index("arm")
        name = "all" if level == "all" else say.level_words(level, str(part["biomarker"].iloc[0]))
        cells.append([Cell(name), *(rate_cell(by_arm.loc[arm]) if arm in by_arm.index else Cell(NONE) for arm in arms)])
    title = f"{say.capital(endpoint_words(endpoint))} by group"
    header = ["Group", *("All arms" if arm == "all" else arm for arm in arms)]
    caption = "Patients with it of all in the group, with 95% Clopper-Pearson intervals."
    return [Table(f"response-{entry}-{endpoint}".replace("_", "-"), title, header, cells, caption)] if cells else []


def rate_cell(row: pd.Series) -> Cell:
    if not row["n"]:
        return Cell("no patient")
    return Cell(
        f"{row['yes']:.0f}/{row['n']:.0f}, {percent(row['rate'])} ({percent(row['ci_low'])} to "
        f"{percent(row['ci_high'])})",
        float(row["rate"]),
    )


def question_sentences(rows: pd.DataFrame, alpha: float, tier: str) -> list[str]:
    """Say one question: who was compared, the estimates, what the test allows to say, who was too few.

    Parameters
    ----------
    rows : pandas.DataFrame
        The rows of one endpoint and biomarker; the first carries the test.
    """
    rows = say.main_rows(rows)
    test = rows.iloc[0]
    many = say.unit(test["endpoint"])
    events = int(test["events"]) if has_value(test["events"]) else 0
    name = say.capital(endpoint_words(test["endpoint"])) + f" by {test['biomarker']}"
    counts = f"{plural(int(test['n']), 'patient')}, {plural(events, *many)}"
    head = cite(f"{name}: {counts}.", "results", (counts, test.name))
    notes = [note for note in text(test["warning"], "").split("; ") if note and not note.startswith("not in the test")]
    small = [sentence for sentence in [say.small_groups(rows)] if sentence]
    if not say.tested(test):
        why = "; ".join(notes) or text(test["warning"], "no reason given")
        return [head, f"Not tested. This cannot be told from these data: {why.removesuffix(say.NOT_TESTED)}.", *small]
    ratios = rows[rows["estimate"].notna() & rows["effect"].isin(list(say.RATIOS))]
    estimates = [
        cite(f"{say.capital(say.ratio_clause(row))}.", "results", (say.bounds(row), place))
        for place, row in ratios.iterrows()
    ]
    words = say.verdict(test, alpha, tier)
    words = f"{words[:1].upper() if words.startswith('a') else words[:1]}{words[1:]}."
    answer = cite(words, "results", *((part, test.name) for part in say.numbers_of(test)))
    note = [f"Note: {'; '.join(notes)}."] if notes else []
    return [head, *estimates, answer, *note, *small]


def forest_rows(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a forest plot: groups against the reference, or scores per standard deviation."""
    ratios = rows[rows["effect"].isin(list(say.RATIOS)) | (rows["level"].notna() & rows["n"].gt(0))]
    ratios = ratios[~ratios["method"].eq("reference group")].head(MOST_ROWS)
    labels, colours = [], []
    named = say.group_words if rows["biomarker"].nunique() > 1 else say.level_words
    for row in ratios.itertuples():
        if has_value(row.level):
            against = (
                f" against {say.level_words(row.reference, row.biomarker)}"
                if has_value(row.reference) and row.effect in say.RATIOS
                else ""
            )
            labels.append(named(row.level, row.biomarker) + against)
            colours.append(level_colour(str(row.level)) if row.biomarker == "subtype" else None)
        else:
            labels.append(run.signature_names.get(row.biomarker, row.biomarker))
            colours.append(None)
    estimates = ratios[["estimate", "ci_low", "ci_high"]].where(ratios["effect"].isin(list(say.RATIOS)))
    frame = estimates.assign(label=labels, n=ratios["n"], events=ratios["events"].astype(float), colour=colours)
    return frame.assign(filled=(rows["tier"] != "exploratory").iloc[0] if len(rows) else True)


def forest_caption(rows: pd.DataFrame, drawn: pd.DataFrame, tier: str, grouped: bool) -> str:
    methods = sorted(
        {
            str(m).split("; ")[0]
            for m, e in zip(rows["method"], rows["effect"], strict=True)
            if has_value(m) and e in say.RATIOS
        }
    )
    members = str(rows["set"].iloc[0]).replace("_", " ")
    left = len(rows[rows["effect"].isin(list(say.RATIOS))]) - MOST_ROWS
    words = (
        f"Set {members}; {'; '.join(methods) or 'no model'}; lines are 95% intervals, not adjusted for the "
        "number of tests."
    )
    if tier == "exploratory":
        words += " Open marks: exploratory."
    if not grouped:
        words += " In the order of the plan."
    return words + (f" {left} more rows are in the table." if left > 0 else "")


def result_table(run: Run, rows: pd.DataFrame, family: str, tier: str) -> Table:
    header = [
        "Endpoint",
        "Biomarker",
        "Group",
        "n",
        "Events",
        "Effect",
        "Estimate (95% CI)",
        "p",
        "p adjusted",
        "Warning",
        "Method",
        "Set",
        "Line",
    ]
    cells = []
    for place, row in zip(rows.index, rows.to_dict("records"), strict=True):
        level = say.level_words(row["level"], row["biomarker"]) if has_value(row["level"]) else NONE
        if has_value(row["reference"]) and has_value(row["level"]) and row["level"] != row["reference"]:
            level += f" / {say.level_words(row['reference'], row['biomarker'])}"
        cells.append(
            [
                Cell(endpoint_words(row["endpoint"])),
                Cell(run.signature_names.get(row["biomarker"], row["biomarker"])),
                Cell(level),
                count_cell(row["n"]),
                count_cell(row["events"]),
                Cell(text(row["effect"])),
                estimate_cell(row),
                Cell(p_value(row["p"]), row["p"] if has_value(row["p"]) else None),
                Cell(p_value(row["p_adjusted"]), row["p_adjusted"] if has_value(row["p_adjusted"]) else None),
                Cell(text(row["warning"])),
                Cell(text(row["method"])),
                Cell(str(row["set"]).replace("_", " ")),
                count_cell(place + 2),
            ]
        )
    numeric = [False] * 3 + [True, True, False, True, True, True] + [False] * 3 + [True]
    title = f"All results: {family.replace('_', ' ')}"
    return Table(
        f"results-{family}".replace("_", "-"),
        title,
        header,
        cells,
        "Line: of association/results.tsv.",
        numeric,
        anchors=[anchor_of("results", place) for place in rows.index],
        filter=len(cells) > 12,
        folded=tier == "exploratory" or len(cells) > 30,
    )


def estimate_cell(row: Ratio) -> Cell:
    if not has_value(row["estimate"]):
        return Cell(NONE)
    if not has_value(row["ci_low"]) and not has_value(row["ci_high"]):
        return Cell(f"{row['estimate']:.2f}", float(row["estimate"]))
    return Cell(f"{ratio(row['estimate'])} ({ratio(row['ci_low'])} to {ratio(row['ci_high'])})", float(row["estimate"]))


def sensitivity(run: Run) -> Section:
    """Return the primary and secondary answers under other choices and without each patient."""
    blocks: list[Any] = []
    influence = run.table("influence")
    sentence = influence_words(run)
    if sentence:
        blocks.append(Text([sentence]))
    blocks += estimand_blocks(run)
    table = run.table("sensitivity")
    if table is None:
        blocks.append(Note("This run has no sensitivity analysis.", "absent"))
    else:
        blocks.append(
            Text(
                [
                    "The declared questions under other definitions. None is a further test: p-values are "
                    "not adjusted and claim nothing by themselves."
                ]
            )
        )
        blocks.append(variant_table(table))
    if influence is not None and influence["patient_id"].notna().any():
        blocks.append(influence_table(run, influence))
    return Section("sensitivity", "Sensitivity", blocks, "Sensitivity")


def variant_table(table: pd.DataFrame) -> Table:
    """Return one row a variant and question, and one of its interaction with arm: the test, and the ratios."""
    rows = []
    keys = ["variant", "entry", "endpoint", "biomarker"]
    after = table.groupby(keys, sort=False)["effect"].transform(lambda effect: effect.eq(INTERACTION).cumsum())
    for (variant, _, endpoint, biomarker, within), part in table.groupby([*keys, after.rename("within")], sort=False):
        test = part.iloc[0]
        ratios = [variant_ratio(row) for _, row in part.iterrows() if row["effect"] in (*say.RATIOS, MEANS)]
        rows.append(
            [
                Cell("another endpoint" if str(variant).startswith("endpoint ") else variant),
                Cell(endpoint_words(endpoint)),
                Cell(f"{biomarker}, {INTERACTION}" if within else biomarker),
                count_cell(test["n"]),
                count_cell(test["events"]),
                Cell("; ".join(filter(None, ratios)) or NONE),
                Cell(p_value(test["p"]), test["p"] if has_value(test["p"]) else None),
                Cell(text(test["warning"])),
            ]
        )
    header = [
        "Variant",
        "Endpoint",
        "Biomarker",
        "n",
        "Events",
        "Ratios or differences (95% CI)",
        "p, unadjusted",
        "Warning",
    ]
    numeric = [False, False, False, True, True, False, True, False]
    return Table("sensitivity", "Other choices", header, rows, "", numeric)


def variant_ratio(row: pd.Series) -> str:
    """Write a ratio with who is compared; empty where there is none."""
    if not has_value(row["estimate"]):
        return ""
    names = [say.level_words(row[c], row["biomarker"]) for c in ("level", "reference") if has_value(row[c])]
    if row["effect"] == MEANS:
        bounds = interval(row["ci_low"], row["ci_high"], decimal)
        return f"{' less '.join(names)}: {decimal(row['estimate'])} months ({bounds})"
    return f"{' / '.join(names) or row['effect']} {ratio(row['estimate'])} ({interval(row['ci_low'], row['ci_high'])})"


def influence_table(run: Run, influence: pd.DataFrame) -> Table:
    alone = influence.sort_values("p")
    ratios = [c for c in alone if c.startswith("hr_")]
    biomarker = (say.primary_entry(run.plan) or {"biomarker": ""})["biomarker"]
    heads = [f"Hazard ratio, {say.group_words(c.removeprefix('hr_'), biomarker)}" for c in ratios]
    questions = primary_questions(run)
    claim = questions[0].claim if questions else Claim(run.plan["alpha"], True)
    turned = "Conclusion changes" if claim.alone else f"Unadjusted p crosses {claim.level:g}"
    header = ["Patient left out", "p", *heads, turned]
    rows = [
        [
            Cell(text(row["patient_id"], "nobody")),
            Cell(p_value(row["p"]), row["p"] if has_value(row["p"]) else None),
            *(Cell(ratio(row[c]), row[c] if has_value(row[c]) else None) for c in ratios),
            Cell(text(row["changes_conclusion"])),
        ]
        for row in alone.to_dict("records")
    ]
    numeric = [False, True, *[True] * len(ratios), False]
    return Table(
        "influence",
        "The primary answer without each patient",
        header,
        rows,
        "",
        numeric,
        [text(patient, "") or None for patient in alone["patient_id"]],
        [anchor_of("influence", place) for place in alone.index],
        folded=True,
    )
