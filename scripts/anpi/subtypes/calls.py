"""The table of calls: one row a sample, none dropped, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anpi.expression.declared_units import own_millions
from anpi.expression.matrix import Expression
from anpi.problems import InputError, Problem, nearest
from anpi.subtypes.classify import PROGRAMMES, activations, dominant_factor, gene_pairs, probabilities
from anpi.subtypes.forest import Forest, forest_votes
from anpi.subtypes.identity import contamination_notes, judge_identity, tissue_shares
from anpi.subtypes.model import CLASSES, Model
from anpi.subtypes.profile import Profile, factor_levels, make_profile, panel_coverage, panel_scores
from anpi.subtypes.purity import Removal, estimate_shares, plan_removal, purity, remove, rna_shares
from anpi.subtypes.schemes import COLUMNS as SCHEME_COLUMNS
from anpi.subtypes.schemes import nabet_labels, scheme_row
from anpi.subtypes.stability import INTERVALS, anchor_reads, measure_stability

DECIMALS = 4
MIDWAY = 0.0  # activation between off and on
FACTOR_OF_SHARE = 2.0  # shares by marker genes are right to about this factor
NO_LEVEL = "too few housekeeping genes are measured to find the level of the sample"
SCLC = {"sclc": "yes", "doubtful": "doubt", "slow": "doubt", "not_sclc": "no", "unknown": "unknown"}
COLUMNS = [
    "sample_id",
    "subtype",
    "call",
    "second",
    "p_A",
    "p_N",
    "p_P",
    "p_I",
    "margin",
    "stability",
    "gene_coverage",
    "reason",
    "napy",
    "ne_score",
    "model",
    "model_sha256",
    "second_method",
    "agreement",
    "identity",
    "lineage_level",
    "proliferation_level",
    "contamination",
    "least_reads",
    *INTERVALS,
    "purity",
    "inflamed_intrinsic",
    "inflamed_infiltrate",
    *SCHEME_COLUMNS,
]


@dataclass(frozen=True)
class Opinions:
    """What others than the probabilities say of a sample.

    Parameters
    ----------
    pairs : str or None
        Class by gene pairs (see `anpi.subtypes.classify.gene_pairs`).
    factor : str or None
        A, N, P or Y by the highest factor.
    """

    pairs: str | None
    factor: str | None


@dataclass(frozen=True)
class Evidence:
    """All that is known of a cohort's samples before a call is worded.

    ``profile``, ``scores``, ``standardised`` and ``identity`` are of the samples as they are; ``tumour``,
    ``tumour_scores``, ``activation`` and ``probability`` are of what is left without normal tissue.
    """

    profile: Profile
    scores: pd.DataFrame
    standardised: pd.DataFrame
    coverage: pd.DataFrame
    tumour: Profile
    tumour_scores: pd.DataFrame
    activation: pd.DataFrame
    probability: pd.DataFrame
    identity: pd.DataFrame
    tissues: pd.DataFrame
    purity: pd.Series
    removal: Removal
    intrinsic: pd.Series


def gather_evidence(expression: Expression, model: Model) -> Evidence:
    """Compute programme levels, probabilities, identity and contamination of every sample."""
    profile = make_profile(expression, model)
    scores = panel_scores(profile, model)
    shares = estimate_shares(profile, model)
    rna = rna_shares(shares, model)
    removal = plan_removal(shares, model, model.settings.get("purity", {}).get("tissues", []))
    tumour = remove(profile, removal, model)
    tumour_scores = panel_scores(tumour, model)
    activation = activations(tumour_scores, model)
    return Evidence(
        profile,
        scores,
        panel_scores(profile, model, standardised=True),
        panel_coverage(profile, model),
        tumour,
        tumour_scores,
        activation,
        probabilities(activation, model.settings["steepness"]),
        judge_identity(profile, model, scores),
        tissue_shares(profile, model, rna),
        purity(shares, model),
        removal,
        intrinsic_level(profile, model, shares),
    )


def intrinsic_level(profile: Profile, model: Model, shares: pd.DataFrame) -> pd.Series:
    """Return the level of antigen presentation in the cancer cells: all normal cells taken out; NaN if unknown."""
    if "intrinsic" not in model.panels:
        return pd.Series(np.nan, index=profile.samples)
    cancer = remove(profile, plan_removal(shares, model, shares.columns), model)
    return panel_scores(cancer, model, panels=["intrinsic"])["intrinsic"]


def call_subtypes(
    expression: Expression,
    model: Model,
    verdicts: pd.DataFrame | None = None,
    counts: Expression | None = None,
    forest: Forest | None = None,
) -> pd.DataFrame:
    """Call SCLC-A/N/P/I for each sample of a matrix.

    Parameters
    ----------
    verdicts : pandas.DataFrame, optional
        ``sample_id``, ``verdict``, ``reasons`` of quality control; a failed sample gets no call.
    counts : Expression, optional
        Counts of the same samples, for read depth and for how the call stands with fewer reads; ``expression``
        itself when it holds counts.
    forest : Forest, optional
        Second opinion for ``scheme_forest``.

    Returns
    -------
    pandas.DataFrame
        Columns of ``subtypes/calls.tsv``, one row a sample in the order of the matrix. Probabilities are given that
        the sample is SCLC; they are missing where quality, genes, reads or identity forbid a call.

    Raises
    ------
    InputError
        A sample that the counts lack: of it nobody could say whether its reads are enough.
    """
    if counts is not None:
        refuse_uncounted(list(expression.values.columns), counts)
    evidence = gather_evidence(expression, model)
    counts = expression if counts is None and expression.unit == "counts" else counts
    depth = None if counts is None else anchor_reads(counts, model)
    placed = has_level(evidence.profile, expression, counts is not None)
    barred = bars(evidence, model, verdicts, depth, placed)
    wanted = [not bar for bar in barred]
    stability = measure_stability(
        evidence.profile, evidence.activation, model, counts, wanted, evidence.removal
    ).to_dict("records")
    coverage = np.ascontiguousarray(evidence.coverage[list(PROGRAMMES)]).mean(axis=1)
    notes = contamination_notes(rows_where(evidence.tissues, placed), model)
    factors = dominant_factor(evidence.profile, model)
    opinions, _ = gene_pairs(evidence.tumour, model)
    nabet = nabet_labels(evidence.tumour_scores, evidence.activation, model)
    votes = None if forest is None else forest_votes(expression, evidence.profile.shift, forest)
    rows = []
    for i, sample in enumerate(evidence.profile.samples):
        row = decide_call(evidence, model, i, barred[i], notes[i], Opinions(opinions[i], factors[i]))
        # The classes share out a certainty that the sample is a readable SCLC; where it is not, they mean nothing.
        shares = dict.fromkeys(CLASSES, np.nan) if barred[i] else evidence.probability.iloc[i].to_dict()
        verdict, doubt = evidence.identity.iloc[i]
        stranger = verdict == "not_sclc" and barred[i] == doubt
        readable = stranger or not barred[i]
        rows.append(
            {
                "sample_id": sample,
                **row,
                **{f"p_{k}": shares[k] for k in CLASSES},
                **stability_of(stability[i], row["call"], barred[i]),
                "gene_coverage": coverage[i],
                "napy": factors[i] if not barred[i] or barred[i].startswith("gene coverage") else None,
                "ne_score": neuroendocrine_score(evidence, i) if readable else np.nan,
                "model": model.name,
                "model_sha256": model.sha256,
                "second_method": None if barred[i] else opinions[i],
                "agreement": agreement(row["subtype"], opinions[i]),
                "identity": verdict if readable else "unknown",
                "lineage_level": evidence.scores["sclc_lineage"].iloc[i] if placed[i] else np.nan,
                "proliferation_level": evidence.scores["proliferation"].iloc[i] if placed[i] else np.nan,
                "contamination": notes[i].partition(": ")[2] or None,
                **inflammation(evidence, i, bool(readable and placed[i])),
                **scheme_row(
                    row["subtype"], factors[i], nabet.iloc[i], None if votes is None else votes.iloc[i], bool(barred[i])
                ),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = table.select_dtypes("number").columns
    table[numbers] = table[numbers].round(DECIMALS) + 0.0
    return table


def refuse_uncounted(samples: Sequence[str], counts: Expression, name: str = "the counts") -> None:
    """Refuse samples that the counts lack, whose depth would not be looked at."""
    columns = list(map(str, counts.values.columns))
    lacking = sorted(set(map(str, samples)) - set(columns))
    if not lacking:
        return
    near = nearest(lacking[0], columns, 0.7)
    meant = f"Did you mean {near}?" if near else "Is an id misspelt?"
    mend = f"{meant} Without its counts a sample of too few reads would be called."
    shown = f"{', '.join(lacking[:5])}{' …' if len(lacking) > 5 else ''}"
    fault = f"{len(lacking)} samples of the expression have no counts"
    raise InputError(Problem(name, fault, row=1, found=shown, expected="a column for each sample", mend=mend))


def stability_of(measured: Mapping[str, object], call: object, barred: str) -> dict[str, object]:
    """Return a sample's stability, which needs a call, and the ranges of its shares, which need no bar."""
    told = dict.fromkeys(INTERVALS, not barred) | dict.fromkeys(["stability", "least_reads"], call != "none")
    return {name: measured[name] if shown else None for name, shown in told.items()}


def inflammation(evidence: Evidence, i: int, readable: bool) -> dict[str, float]:
    """Return the share of cancer cells, and inflammation in them and around them, in log2 units from the reference.

    Of a sample that is not SCLC, cancer cells are of another kind, so nothing is said of it.
    """
    scores = evidence.tumour_scores
    told = {
        "purity": evidence.purity.iloc[i],
        "inflamed_intrinsic": evidence.intrinsic.iloc[i],
        "inflamed_infiltrate": scores["infiltrate"].iloc[i] if "infiltrate" in scores else np.nan,
    }
    is_sclc = readable and evidence.identity["verdict"].iloc[i] not in ("not_sclc", "unknown")
    return {name: float(value) if is_sclc else np.nan for name, value in told.items()}


def neuroendocrine_score(evidence: Evidence, i: int) -> float:
    """Return the mean locked z of the neuroendocrine less that of the non-neuroendocrine genes (Zhang 2018)."""
    row = evidence.standardised.iloc[i]
    return float(row["ne"] - row["non_ne"])


def agreement(subtype: object, other: str | None) -> str | None:
    if subtype is None or other is None:
        return None
    return "yes" if subtype == other else "no"


def has_level(profile: Profile, expression: Expression, counted: bool) -> np.ndarray:
    """Say of which samples the level against the reference is known.

    Counts have none of their own, nor have TPM that were made of them, nor declared TPM of a panel of genes that share
    out a million among themselves: only the anchor genes tell it. Other TPM are taken as they stand.
    """
    if counted or expression.unit == "counts":
        return profile.scaled
    return profile.scaled | ~own_millions(expression.values)


def rows_where(table: pd.DataFrame, kept: np.ndarray) -> pd.DataFrame:
    """Return a table with the rows that are not known missing."""
    return table.where(pd.DataFrame(dict.fromkeys(table.columns, kept), index=table.index))


def bars(
    evidence: Evidence, model: Model, verdicts: pd.DataFrame | None, depth: pd.Series | None, placed: np.ndarray
) -> list[str]:
    """Return for each sample the reason that forbids a call, or an empty text."""
    failed = {}
    if verdicts is not None:
        failed = verdicts[verdicts["verdict"] == "fail"].set_index("sample_id")["reasons"].to_dict()
    reads = model.settings["reads"]
    least = model.settings["coverage"]["programme"]
    reasons = []
    for i, sample in enumerate(evidence.profile.samples):
        coverage = evidence.coverage.iloc[i]
        thin = [k for k in PROGRAMMES if coverage[k] < least]
        verdict = evidence.identity.iloc[i]
        if sample in failed:
            reasons.append(f"QC failed: {failed[sample] or 'no reason given'}")
        elif thin:
            shares = ", ".join(f"{k} {coverage[k]:.0%}" for k in PROGRAMMES)
            reasons.append(f"gene coverage: programme genes present {shares}, at least {least:.0%} of each needed")
        elif depth is not None and depth.get(sample, np.inf) < reads["least_anchor_reads"]:
            found, needed = depth[sample], reads["least_anchor_reads"]
            reasons.append(f"too few reads: {found:.0f} on a housekeeping gene in the median, at least {needed} needed")
        elif not placed[i]:
            reasons.append(f"gene coverage: {NO_LEVEL}")
        elif present_share(evidence, model, i) < reads["least_anchor_share"]:
            share = present_share(evidence, model, i)
            reasons.append(f"too few reads: {share:.0%} of the housekeeping genes detected")
        elif verdict["verdict"] == "not_sclc":
            reasons.append(verdict["reason"])
        else:
            reasons.append("")
    return reasons


def present_share(evidence: Evidence, model: Model, i: int) -> float:
    """Return the share of the anchor genes in the matrix that are above zero; 1 where the matrix has none of them."""
    there = evidence.coverage.iloc[i]["anchor"]
    return float(evidence.profile.anchors[i] / there) if there > 0 else 1.0


def decide_call(
    evidence: Evidence, model: Model, i: int, barred: str, note: str, opinions: Opinions
) -> dict[str, object]:
    """Turn one sample's probabilities into confident, lean, mixed or none, with the reason.

    Normal tissue takes the three programmes down and so imitates SCLC-I, but it takes proliferation down alike, and
    leaves the pairs of target genes in order. So I is called only where proliferation shows that about half of what is
    taken for tumour is tumour; where much normal tissue is seen, not confidently, and not at all if the second method
    speaks for another class. Nor confidently with another programme partly on, or against both other opinions.
    """
    rules = model.settings["calls"]
    ranking = evidence.probability.iloc[i].sort_values(ascending=False, kind="stable")
    activation = evidence.activation.iloc[i]
    best, second = str(ranking.index[0]), str(ranking.index[1])
    margin = ranking.iloc[0] - ranking.iloc[1]
    doubt = evidence.identity["reason"].iloc[i]
    notes = [text for text in (doubt, note) if text]
    limits = model.settings["identity"]
    proliferation = evidence.tumour_scores["proliferation"].iloc[i]
    normal = normal_share(evidence, model, i)
    diluted = proliferation < limits["proliferation_for_i"] or mostly_tissue(normal, model)
    maybe_diluted = proliferation < limits["proliferation_for_confident_i"]
    foreign_tissue = much_tissue(evidence, model, i, note, normal)
    nothing_on = no_programme(evidence, model, i)
    contradicted = opinions.pairs in PROGRAMMES
    against = against_i(opinions, factors_on(evidence, model, i)) if best == "I" else []
    both_on = {best, second} <= set(PROGRAMMES) and min(activation[[best, second]]) >= rules["mixed_activation"]
    beside = programme_beside(activation, best, rules)
    clear = ranking.iloc[0] >= rules["confident_p"] and margin >= rules["confident_margin"] and not beside
    if barred:
        call, reasons = "none", [barred, *([note] if note else [])]
    elif nothing_on:
        call, reasons = "none", [nothing_on, *notes]
    elif both_on and ranking.iloc[1] >= rules["mixed_p"]:
        call, reasons = "mixed", [f"{best} and {second} programmes both present", *notes]
    elif best == "I" and (diluted or (foreign_tissue and contradicted)):
        call, reasons = "none", ["between classes: low tumour content or normal tissue imitates SCLC-I", *notes]
    elif clear and not doubt and not (best == "I" and (foreign_tissue or maybe_diluted or against)):
        call, reasons = "confident", notes
    elif ranking.iloc[0] >= rules["lean_p"]:
        unclear = [] if clear else [beside or f"{best} ahead of {second}, not clearly"]
        thin = ["proliferation below the reference: a diluted tumour would look alike"] if maybe_diluted else []
        call, reasons = "lean", [*unclear, *against, *(thin if best == "I" else []), *notes]
    else:
        near = f"between classes: {best} {ranking.iloc[0]:.2f}, {second} {ranking.iloc[1]:.2f}"
        call, reasons = "none", [near, *notes]
    return {
        "subtype": None if call == "none" else best,
        "call": call,
        "second": None if barred else second,
        "margin": np.nan if barred else margin,
        "reason": "; ".join(reasons) or None,
    }


def programme_beside(activation: pd.Series, best: str, rules: Mapping[str, float]) -> str:
    """Name another of A, N and P that is partly on beside a foremost one; empty if none is.

    SCLC-I is low in all three: there it is enough that one is nearer to on than to off.
    """
    if "beside_activation" not in rules:
        return ""
    least = MIDWAY if best == "I" else rules["beside_activation"]
    others = [k for k in PROGRAMMES if k != best and activation[k] >= least]
    return f"{best} with the programme of {others[0]} partly on" if others else ""


def against_i(opinions: Opinions, expressed: str) -> list[str]:
    """Put into words what speaks against SCLC-I: a factor as in a tumour of its class, or both other opinions."""
    if expressed:
        return [f"although {expressed}"]
    if opinions.pairs == "I" or opinions.factor not in PROGRAMMES:
        return []
    pairs = opinions.pairs or "no class"
    return [f"although the factor of {opinions.factor} is the highest, and gene pairs say {pairs}"]


def no_programme(evidence: Evidence, model: Model, i: int) -> str:
    """Return why no class fits: too few cancer cells, or A, N and P low without evidence of I; empty if one does.

    Without a measure of inflammation (a panel of genes) the second cannot be told from I, which then is no more than
    leaning.
    """
    rule = model.settings["none_on"]
    if not rule.get("positive"):
        return ""
    share, needed = evidence.purity.iloc[i], model.settings["purity"]["least"]
    if share < needed:
        return f"low tumour content: about {share:.0%} cancer cells, at least {needed:.0%} needed"
    strength = evidence.activation.iloc[i]
    measured = not np.isnan(evidence.scores[rule["inflamed"]["panel"]].iloc[i])
    if not measured or strength.isna().all():
        return ""
    best, foremost = str(strength.idxmax()), strength.max()
    least = rule["least"] if best == "I" else rule["least_of_any"]
    if foremost < least and not factor_present(evidence, model, i, best):
        return "no programme: A, N and P are low, and too little inflammation for SCLC-I"
    return ""


def factor_present(evidence: Evidence, model: Model, i: int, label: str) -> bool:
    """Return whether the factor of A, N or P is expressed, so that its programme is weak rather than absent."""
    least = model.settings["factors_present"].get(label, np.inf)
    level = factor_levels(evidence.tumour, model, [model.settings["factors"][label]])[i, 0] if label != "I" else 0.0
    return bool(level >= least)


def much_tissue(evidence: Evidence, model: Model, i: int, note: str, normal: float) -> bool:
    """Return whether so much normal tissue stands in the sample that SCLC-I may be its imitation."""
    rule = model.settings.get("purity")
    if rule is not None:
        return normal >= rule["doubt_share"] or much_left_in(evidence.tissues.iloc[i], model)
    return bool(note) and not only_lymphoid(evidence.tissues.iloc[i], model)


def much_left_in(shares: pd.Series, model: Model) -> bool:
    """Return whether blood, which is not taken out as other tissue is, stands surely above its limit."""
    limits, taken_out = model.settings["contamination"], model.settings["purity"]["tissues"]
    return any(shares[t] >= FACTOR_OF_SHARE * limits[t] for t in shares.index if t not in taken_out)


def mostly_tissue(normal: float, model: Model) -> bool:
    rule = model.settings.get("purity")
    return rule is not None and normal >= rule["most_for_i"]


def normal_share(evidence: Evidence, model: Model, i: int) -> float:
    """Return the share of RNA from the normal tissues that are taken out; 0 where it is not known."""
    rule = model.settings.get("purity")
    return 0.0 if rule is None else float(evidence.tissues.iloc[i][rule["tissues"]].fillna(0).sum())


def factors_on(evidence: Evidence, model: Model, i: int) -> str:
    """Name the factors of A, N and P that are expressed as in a tumour of their class; I has none by definition."""
    least = model.settings["factors_on"]
    levels = factor_levels(evidence.profile, model, [model.settings["factors"][k] for k in least])[i]
    return ", ".join(
        f"the factor of {k} at {level:.0f} TPM" for k, level in zip(least, levels, strict=True) if level >= least[k]
    )


def only_lymphoid(shares: pd.Series, model: Model) -> bool:
    """Return whether lymph node is the only tissue above its limit, and less than half of the sample."""
    limits = model.settings["contamination"]
    above = [tissue for tissue in shares.index if shares[tissue] >= limits[tissue]]
    return above == ["lymph_node"] and bool(shares["lymph_node"] < 0.5)


def tissue_table(expression: Expression, model: Model, counted: bool = False) -> pd.DataFrame:
    """Return for each sample whether it is SCLC, and how much of it is normal tissue, whatever its quality.

    Parameters
    ----------
    counted : bool
        Whether the values are counts, or TPM with counts behind them (see `has_level`).

    Returns
    -------
    pandas.DataFrame
        ``sample_id``; ``sclc`` (yes, doubt, no, unknown) and ``sclc_reason`` (see
        `anpi.subtypes.identity.judge_identity`); then percent of each normal tissue, right to about a factor of two.
    """
    profile = make_profile(expression, model)
    identity = judge_identity(profile, model, panel_scores(profile, model))
    placed = has_level(profile, expression, counted)
    identity.loc[~placed] = ["unknown", "SCLC identity not verifiable: " + NO_LEVEL]
    told = identity.rename(columns={"verdict": "sclc", "reason": "sclc_reason"}).replace({"sclc": SCLC})
    tissues = tissue_shares(profile, model, rna_shares(estimate_shares(profile, model), model))
    shares = (100 * rows_where(tissues, placed)).round(1) + 0.0
    return told.join(shares).rename_axis("sample_id").reset_index()


def programme_table(expression: Expression, model: Model) -> pd.DataFrame:
    """Return the locked z-score of each subtype programme for each sample: the content of the heat map.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, then mean z of the A, N, P, non-neuroendocrine (Y), inflamed, neuroendocrine and proliferation
        panels, against the locked reference.
    """
    table = programme_levels(make_profile(expression, model), model)
    return table.round(DECIMALS).add(0.0).rename_axis("sample_id").reset_index()


def placed_programmes(expression: Expression, model: Model, counted: bool = False) -> pd.DataFrame:
    """Return `programme_table`, missing for samples whose level against the reference is not known.

    Parameters
    ----------
    counted : bool
        Whether the values are counts, or TPM with counts behind them (see `has_level`).
    """
    table = programme_table(expression, model)
    placed = has_level(make_profile(expression, model), expression, counted)
    return table.where(np.column_stack([np.ones(len(table), bool), *[placed] * (table.shape[1] - 1)]))


def programme_levels(profile: Profile, model: Model) -> pd.DataFrame:
    """Return the locked z-score of each programme, samples x programmes."""
    scores = panel_scores(profile, model, standardised=True)
    names = {"A": "A", "N": "N", "P": "P", "Y": "non_neuroendocrine", "inflamed": "inflamed", "ne": "neuroendocrine"}
    return scores.rename(columns=names)[[*names.values(), "proliferation"]]


def tumour_programmes(expression: Expression, model: Model, factor: float = 1.0) -> pd.DataFrame:
    """Return the programmes of what is left without normal tissue, leukocytes and stroma, samples x programmes.

    Parameters
    ----------
    factor : float
        Takes out so many times the fitted shares, for how far an error of them reaches.
    """
    profile = make_profile(expression, model)
    shares = estimate_shares(profile, model)
    left = remove(profile, plan_removal((shares * factor).clip(upper=1.0), model, shares.columns), model)
    levels = programme_levels(left, model)
    levels[shares.isna().all(axis=1)] = np.nan
    return levels


def class_log_odds(expression: Expression, model: Model) -> pd.DataFrame:
    """Return log odds of the probability of each class (``p_A`` …), samples x classes."""
    shares = gather_evidence(expression, model).probability.clip(10.0**-DECIMALS, 1 - 10.0**-DECIMALS)
    return np.log(shares / (1 - shares)).add_prefix("p_")
