"""Subtypes and signatures of the samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from anpi.figures import heatmaps
from anpi.figures.components import components
from anpi.report import sentences as say
from anpi.report.blocks import Cell, Drawing, Heading, Note, Section, Table, Text
from anpi.report.cells import cell_blocks
from anpi.report.numbers import NONE, count_of, decimal, drawn_of, has_value, text
from anpi.report.schemes import scheme_blocks
from anpi.report.tables import Run, call_groups
from anpi.trial.methods import TPM_OF_PANEL
from anpi.trial.subtypes import SUBTYPES
from anpi.words.lists import listed, plural
from anpi.words.names import short_names

MOST_SIGNATURES = 32
NAMED = 3
PROGRAMMES = {
    "A": "A: ASCL1 programme",
    "N": "N: NEUROD1 programme",
    "P": "P: POU2F3 programme",
    "non_neuroendocrine": "non-neuroendocrine",
    "inflamed": "inflamed",
    "neuroendocrine": "neuroendocrine",
    "proliferation": "proliferation",
}
NOT_DRAWN = ("hallmark", "populations")
ABSENT = Note("This run has no expression data.", "absent")


def subtypes(run: Run) -> Section:
    """Return the heat map of programmes, the calls with their probabilities and reasons, and how methods agree."""
    calls = run.table("calls")
    if calls is None:
        return Section("subtypes", "Molecular subtypes", [ABSENT], "Subtypes")
    calls = calls.assign(patient_id=calls["sample_id"].map(run.sample_patients), group=call_groups(calls))
    blocks: list[Any] = [Text(call_sentences(calls))]
    programmes = run.table("programmes")
    if programmes is not None:
        drawn = drawn_calls(run, calls)
        names = {key: words for key, words in PROGRAMMES.items() if key in programmes}
        caption = (
            f"{say.capital(drawn_of(len(drawn), len(calls), 'sample'))}, one column each, in groups by call "
            "(small letter: lean call; "
            "m: mixed; –: no call). "
            "Middle: probability of each class. Below: mean z of the programme's genes against the locked "
            "reference; each "
            "column depends on that sample alone."
        )
        blocks.append(
            Drawing(
                "programmes",
                "Subtype programmes",
                caption,
                heatmaps.programmes,
                (programmes.set_index("sample_id"), drawn, names),
            )
        )
    blocks += [calls_table(calls), *scheme_blocks(calls), agreement_table(calls), *exploration_blocks(run, calls)]
    return Section("subtypes", "Molecular subtypes", blocks, "Subtypes")


def drawn_calls(run: Run, calls: pd.DataFrame) -> pd.DataFrame:
    """Return what heat maps draw of the calls of patients whom figures draw, by sample."""
    columns = ["sample_id", "patient_id", "group", "call", *(f"p_{k}" for k in SUBTYPES)]
    return calls.loc[run.is_drawn(calls["patient_id"]), columns].sort_values("sample_id").set_index("sample_id")


def exploration_blocks(run: Run, calls: pd.DataFrame) -> list[Any]:
    """Show how the samples lie to each other; unlike the calls, this depends on all of them."""
    found, variance, notes = run.table("components"), run.table("variance"), run.table("exploration_notes")
    if found is None or variance is None or not {"pc1", "pc2"} <= set(found):
        return []
    samples = found[["sample_id", "pc1", "pc2"]].merge(calls[["sample_id", "patient_id", "group"]], on="sample_id")
    share = variance.set_index("component")["share"]
    words = (
        "Principal components of the most variable genes. Exploratory: unlike a call, a place here depends on "
        "every sample."
    )
    if notes is not None:
        words += f" Notes: {'; '.join(text(note) for note in notes['note'])}."
    drawn = (samples.sort_values("sample_id").reset_index(drop=True), (share["pc1"], share["pc2"]))
    return [
        Heading("The samples beside each other"),
        Drawing("components", "Principal components", words, components, drawn),
        *discovery(run),
    ]


def discovery(run: Run) -> list[Any]:
    """Return what consensus NMF finds without the locked model, and how far both agree."""
    ranks, names, agreement = run.table("nmf_ranks"), run.table("nmf_names"), run.table("nmf_agreement")
    if ranks is None or names is None or agreement is None or not (len(names) and len(agreement)):
        return []
    chosen, one = ranks[ranks["chosen"] == "yes"].iloc[0], agreement.iloc[0]
    clusters = ", ".join(f"{row['name']} ({plural(int(row['samples']), 'sample')})" for _, row in names.iterrows())
    found = (
        f"Consensus NMF of the cohort, exploratory: {chosen['rank']:.0f} clusters (cophenetic correlation "
        f"{decimal(chosen['cophenetic'])}, silhouette {decimal(chosen['silhouette'])}), named by their strongest "
        f"programme: {clusters}."
    )
    agree = (
        f"With the locked calls they agree in {100 * one['same']:.0f}% of {plural(int(one['samples']), 'sample')} "
        f"(kappa {decimal(one['kappa'])}, adjusted Rand {decimal(one['adjusted_rand'])})."
    )
    return [Text([found, agree])]


def call_sentences(calls: pd.DataFrame) -> list[str]:
    """Count the calls and name what is mixed or has none."""
    counts = calls["call"].value_counts()
    words = [f"{counts[c]} {c}" for c in ("confident", "lean", "mixed", "none") if c in counts]
    lines = [f"Calls of {plural(len(calls), 'sample')}: {listed(words)}."]
    found = calls["group"].value_counts()
    lines.append(say.capital(listed([f"SCLC-{k} {int(found.get(k, 0))}" for k in SUBTYPES])) + ".")
    for call, words_ in (("mixed", "Mixed, so in no group"), ("none", "No call")):
        rows = calls[calls["call"] == call]
        if len(rows):
            lines.append(
                f"{words_}: "
                + "; ".join(
                    f"{r.sample_id} ({text(r.reason, 'no reason given')})" for r in rows.head(NAMED).itertuples()
                )
                + (f"; and {len(rows) - NAMED} more in the table" if len(rows) > NAMED else "")
                + "."
            )
    return lines


def calls_table(calls: pd.DataFrame) -> Table:
    header = [
        "Sample",
        "Patient",
        "Subtype",
        "Call",
        "P(A)",
        "P(N)",
        "P(P)",
        "P(I)",
        "Margin",
        "Genes",
        "NAPY",
        "Reason",
    ]
    rows = []
    for row in calls.sort_values("sample_id").to_dict("records"):
        rows.append(
            [
                Cell(text(row["sample_id"])),
                Cell(text(row["patient_id"])),
                Cell(text(row["subtype"]), None, row["group"] if has_value(row["subtype"]) else "none"),
                Cell(text(row["call"])),
                *(Cell(decimal(row[f"p_{k}"]), row[f"p_{k}"] if has_value(row[f"p_{k}"]) else None) for k in SUBTYPES),
                Cell(decimal(row["margin"]), row["margin"] if has_value(row["margin"]) else None),
                Cell(coverage_words(row["gene_coverage"])),
                Cell(text(row["napy"])),
                Cell(text(row["reason"])),
            ]
        )
    numeric = [False] * 4 + [True] * 6 + [False] * 2
    model = listed(sorted({text(m) for m in calls["model"]}))
    digest = listed(sorted({text(m)[:12] for m in calls["model_sha256"]}))
    caption = (
        f"Model {model}, checksum {digest}…. Margin: best less second probability. Genes: share of the model's "
        "genes present."
    )
    return Table(
        "calls",
        "Calls",
        header,
        rows,
        caption,
        numeric,
        [text(p) for p in calls.sort_values("sample_id")["patient_id"]],
        filter=True,
    )


def coverage_words(value: Any) -> str:
    return NONE if not has_value(value) else f"{100 * float(value):.0f}%"


def agreement_table(calls: pd.DataFrame) -> Table:
    """Cross the calls with the dominant transcription factor and with the second method."""
    groups = [g for g in ("A", "N", "P", "I", "mixed", "none") if calls["group"].eq(g).any()]
    columns = [("napy", "Highest factor", k) for k in ("A", "N", "P", "Y")]
    if "second_method" in calls and calls["second_method"].notna().any():
        columns += [("second_method", "Second method", k) for k in SUBTYPES]
    rows = []
    for group in groups:
        part = calls[calls["group"] == group]
        cells = [Cell(str(int(part[column].eq(k).sum()))) for column, _, k in columns]
        rows.append([Cell(group, None, group), *cells, Cell(str(len(part)))])
    header = ["Call", *(f"{words} {k}" for _, words, k in columns), "Samples"]
    caption = (
        "Highest factor: the one of ASCL1, NEUROD1, POU2F3, YAP1 that is expressed most (Rudin 2019). Second "
        "method: gene pairs, without the four factors."
    )
    compared = calls[calls.get("agreement", pd.Series(index=calls.index, dtype=object)).notna()]
    if len(compared):
        caption += (
            f" The second method agrees in {count_of(int(compared['agreement'].eq('yes').sum()), len(compared))}."
        )
    return Table("agreement", "Agreement of methods", header, rows, caption, [False] + [True] * (len(header) - 1))


def signatures(run: Run) -> Section:
    """Return signatures as percentiles of the reference tumours."""
    scores = run.table("scores")
    if scores is None:
        return Section("signatures", "Immune signatures", [ABSENT], "Signatures")
    given = scores[scores["score"].notna()]
    names = given["signature"].nunique()
    lines = [
        f"{plural(names, 'signature')} in {plural(given['sample_id'].nunique(), 'sample')}; each score "
        "depends on its sample alone."
    ]
    lines += lacking_sentences(scores)
    lines += panel_sentences(given["unit"])
    blocks: list[Any] = [Text(lines)]
    drawing = signature_drawing(run, given)
    blocks.append(drawing if drawing else Note("No signature has a percentile of the reference.", "absent"))
    blocks.append(medians_by_subtype(run, given))
    blocks += cohort_views(run, given)
    blocks += cell_blocks(run)
    return Section("signatures", "Immune signatures", blocks, "Signatures")


def lacking_sentences(scores: pd.DataFrame) -> list[str]:
    """Count the signatures that lack scores: in all samples, or in some."""
    lacking = scores["score"].isna().groupby(scores["signature"]).mean()
    parts = ((int(lacking.eq(1).sum()), "any sample"), (int(lacking.between(0, 1, "neither").sum()), "some samples"))
    return [
        f"{plural(count, 'signature')} could not be scored in {where} (too few genes are present)."
        for count, where in parts
        if count
    ]


def panel_sentences(units: pd.Series) -> list[str]:
    """Return what to beware of where scores are in TPM that a panel of genes shares out."""
    if not units.astype(str).str.contains(TPM_OF_PANEL, regex=False).any():
        return []
    return [
        "The genes of the panel share out a million TPM among themselves, so scores stand above those of a whole "
        "transcriptome by an unknown amount: compare them within this run alone, and with no published limit. "
        "Percentiles are brought to the level of the reference first."
    ]


def signature_drawing(run: Run, given: pd.DataFrame) -> Any:
    calls = run.table("calls")
    wide = given.pivot(index="sample_id", columns="signature", values="reference_percentile")
    drawn = drawn_signatures(run, given_in(wide))
    if calls is None or not drawn:
        return None
    calls = calls.assign(patient_id=calls["sample_id"].map(run.sample_patients), group=call_groups(calls))
    whole = len(calls)
    calls = drawn_calls(run, calls)
    names = dict(zip(drawn, short_names([run.signature_names.get(key, key) for key in drawn], 40), strict=True))
    caption = (
        "Percentile of each score among the reference tumours (George 2015), "
        f"{drawn_of(len(calls), whole, 'sample')} in groups by call. "
        f"{len(drawn)} of {wide.shape[1]} signatures, in the order of the registry; all are in immune/scores.tsv."
    )
    shown = (wide.reindex(calls.index), calls, names)
    return Drawing("signatures", "Signatures by subtype", caption, heatmaps.signatures, shown)


def cohort_views(run: Run, given: pd.DataFrame) -> list[Any]:
    """Return how signatures go together, and how far other methods would order the samples alike."""
    pairs, methods = run.table("signature_correlation"), run.table("signature_methods")
    if pairs is None or not len(pairs):
        return []
    both = pd.concat([pairs, pairs.rename(columns={"signature_1": "signature_2", "signature_2": "signature_1"})])
    wide = both.drop_duplicates(["signature_1", "signature_2"]).pivot(
        index="signature_1", columns="signature_2", values="rho"
    )
    scored = given.pivot(index="sample_id", columns="signature", values="score")
    drawn = [name for name in drawn_signatures(run, given_in(scored)) if name in wide.index]
    rho = wide.reindex(index=drawn, columns=drawn)
    rho = rho.where(~np.eye(len(drawn), dtype=bool), 1.0)
    names = dict(zip(drawn, short_names([run.signature_names.get(key, key) for key in drawn], 40), strict=True))
    caption = (
        f"Spearman correlation over {plural(int(pairs['samples'].max()), 'sample')} with a subtype; columns in the "
        "order of the rows. Exploratory: it depends on the cohort. What goes together is not several findings."
    )
    title = "Correlation among signatures"
    views: list[Any] = [Drawing("correlation", title, caption, heatmaps.correlation, (rho, names))]
    if methods is not None and len(methods):
        views.append(methods_table(run, methods))
    return views


def methods_table(run: Run, methods: pd.DataFrame) -> Table:
    """Show the rank correlation between ways of scoring the same genes."""
    columns = [name for name in methods.columns if name not in ("signature", "samples")]
    header = ["Signature", "Samples", *(name.replace("_", " ") for name in columns)]
    rows = [
        [
            Cell(run.signature_names.get(row["signature"], row["signature"])),
            Cell(f"{row['samples']:.0f}", float(row["samples"])),
            *(Cell(decimal(row[name]), float(row[name]) if has_value(row[name]) else None) for name in columns),
        ]
        for _, row in methods.iterrows()
    ]
    caption = "Spearman correlation over the samples between two methods on the same genes; near 1, either would do."
    return Table(
        "methods-agree", "Agreement of scoring methods", header, rows, caption, [False] + [True] * (len(header) - 1)
    )


def drawn_signatures(run: Run, given: Iterable[str]) -> list[str]:
    """Choose what is drawn by the registry alone, never by the data."""
    return chosen_signatures(drawable(run.registry), given)


def drawable(registry: pd.DataFrame | None) -> list[str] | None:
    """Return the signatures that may be drawn, in their order: no single genes, hallmarks or populations."""
    if registry is None:
        return None
    drawn = ~registry["category"].isin(NOT_DRAWN) & ~registry["id"].str.startswith("gene_")
    return [str(name) for name in registry.loc[drawn, "id"]]


def chosen_signatures(order: Sequence[str] | None, given: Iterable[str]) -> list[str]:
    """Return the first of the given signatures, in an order that no data chose."""
    there = dict.fromkeys(given)
    return [name for name in (there if order is None else order) if name in there][:MOST_SIGNATURES]


def given_in(wide: pd.DataFrame) -> list[str]:
    """Return the columns that have a value."""
    return list(wide.columns[wide.notna().any()])


def medians_by_subtype(run: Run, given: pd.DataFrame) -> Table:
    """Describe each signature by subtype: median score, and the median percentile where there is one."""
    people = run.people.dropna(subset=["sample_id"]) if "sample_id" in run.people else run.people.iloc[:0]
    group = pd.Series(people["group"].to_numpy(), index=people["sample_id"])
    frame = given[given["sample_id"].isin(group.index)].assign(group=given["sample_id"].map(group))
    groups = [g for g in SUBTYPES if frame["group"].eq(g).any()]
    order = list(dict.fromkeys(given["signature"]))
    middle = frame.groupby(["signature", "group"])["score"].median()
    percentile = frame.groupby("signature")["reference_percentile"].median()
    used = frame.groupby("signature")[["genes_used", "genes_total"]].min()
    rows = []
    for name in order:
        values = [middle.get((name, g), np.nan) for g in groups]
        genes = (
            f"{used.at[name, 'genes_used']:.0f} of {used.at[name, 'genes_total']:.0f}" if name in used.index else NONE
        )
        rank = percentile.get(name, np.nan)
        cells = [Cell(decimal(v), float(v) if has_value(v) else None) for v in values]
        rows.append(
            [
                Cell(run.signature_names.get(name, name)),
                *cells,
                Cell(decimal(rank, 0), float(rank) if has_value(rank) else None),
                Cell(genes),
            ]
        )
    header = ["Signature", *(f"SCLC-{g}" for g in groups), "Median percentile", "Genes"]
    caption = (
        "Median score by subtype in the patients of the analysis, on each signature's own scale. Differences "
        "between subtypes are tested only where the plan says so."
    )
    return Table(
        "signature-medians",
        "Signatures by subtype",
        header,
        rows,
        caption,
        [False] + [True] * (len(groups) + 1) + [False],
        filter=True,
        folded=True,
    )
