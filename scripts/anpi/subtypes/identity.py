"""Is a sample SCLC at all, and how much normal tissue stands in it?"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from anpi.subtypes.model import Model
from anpi.subtypes.profile import Profile, panel_coverage

FOREIGN = {
    "melanocyte": "melanoma",
    "squamous": "squamous carcinoma",
    "prostate": "prostate",
    "breast": "breast",
    "gut": "gut",
    "kidney": "kidney",
    "thyroid": "thyroid",
    "neural_crest": "neuroblastoma or paraganglioma",
    "glia_neuron": "brain",
    "germ_placenta": "germ cells or placenta",
    "merkel_skin": "Merkel cell carcinoma or skin",
    "pancreas": "pancreas",
    "sarcoma": "sarcoma",
}


def judge_identity(profile: Profile, model: Model, scores: pd.DataFrame) -> pd.DataFrame:
    """Return for each sample whether its profile is that of SCLC.

    SCLC proliferates and shows neuroendocrine or tuft-cell, and epithelial, lineage genes; a carcinoid shows the
    lineage without proliferation; other tissue lacks the lineage, or shows another one's.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `panel_scores`, log2 units.

    Returns
    -------
    pandas.DataFrame
        By sample: ``verdict`` (sclc; doubtful: weak lineage; slow: weak proliferation; not_sclc; unknown: genes
        lack) and ``reason`` (text, empty for sclc).
    """
    rules = model.settings["identity"]
    coverage = panel_coverage(profile, model)
    rows = []
    for row, share in zip(scores.to_dict("records"), coverage.to_dict("records"), strict=True):
        if min(share["sclc_lineage"], share["proliferation"]) < model.settings["coverage"]["identity"]:
            reason = "SCLC identity not verifiable: its marker genes are not in the matrix"
            rows.append(("unknown", reason))
        else:
            rows.append(judge(row, rules, tuft_programme_on(row, model)))
    return pd.DataFrame(rows, columns=["verdict", "reason"], index=profile.samples)


def tuft_programme_on(row: Mapping[Hashable, float], model: Model) -> bool:
    """Return whether the POU2F3 programme is on; such SCLC lacks most of the neuroendocrine lineage."""
    rule = model.settings["programmes"]["P"]
    return bool(row[rule["panel"]] >= model.settings["identity"].get("tuft_level", rule["present"]))


def judge(row: Mapping[Hashable, float], rules: dict[str, float], tuft: bool) -> tuple[str, str]:
    lineage, proliferation = row["sclc_lineage"], row["proliferation"]
    levels = f"lineage genes {lineage:.1f}, proliferation {proliferation:.1f} log2 units from the SCLC reference"
    slow = proliferation < rules["proliferation_doubt"]
    if slow and lineage - proliferation > rules["carcinoid_gap"]:
        return "not_sclc", f"not SCLC-like: neuroendocrine or neural without proliferation, as a carcinoid ({levels})"
    foreign = {panel: row[panel] for panel in FOREIGN if panel in row and not np.isnan(row[panel])}
    strongest = max(foreign, key=foreign.__getitem__) if foreign else None
    resembles = f"; resembles {FOREIGN[strongest]}" if strongest and foreign[strongest] >= rules["foreign"] else ""
    allowance = rules["tuft_allowance"] if tuft else 0.0
    if lineage < rules["lineage_least"] - allowance or proliferation < rules["proliferation_least"]:
        if not resembles and row["immune"] >= rules["immune"]:
            resembles = "; resembles blood or lymphoid tissue"
        return "not_sclc", f"not SCLC-like: {levels}{resembles}"
    if resembles:
        weak = slow or lineage < rules["lineage_doubt"] - allowance
        alike = "" if weak else "; SCLC with some of such tissue in the sample would look alike"
        return "not_sclc", f"not SCLC-like: another lineage is strongly expressed{resembles}{alike} ({levels})"
    if slow:
        return "slow", f"low tumour content or doubtful SCLC identity ({levels})"
    if lineage < rules["lineage_doubt"] - allowance:
        return "doubtful", f"SCLC identity doubtful ({levels})"
    if row["epithelial"] < rules["epithelial_doubt"]:
        return "doubtful", f"SCLC identity doubtful: epithelial genes {row['epithelial']:.1f} log2 units from it"
    return "sclc", ""


def estimate_contamination(profile: Profile, model: Model) -> pd.DataFrame:
    """Estimate the share of normal tissues from genes that they alone express strongly.

    The share is the median over a tissue's genes of the sample's TPM over the TPM of the pure tissue. It is right to
    about a factor of two, since the pure levels are orders of magnitude (see the model's card).

    Returns
    -------
    pandas.DataFrame
        Samples x tissues, 0 to 1; NaN where fewer than half of a tissue's genes are present.
    """
    column = {gene: i for i, gene in enumerate(model.gene_ids)}
    shares = {}
    for tissue, rows in model.tissues.sort_values("gene_id").groupby("tissue", sort=True):
        levels = np.ascontiguousarray(profile.tpm[:, [column[gene] for gene in rows["gene_id"]]])
        ratios = levels / rows["tpm"].to_numpy()
        present = ~np.isnan(ratios)
        shares[tissue] = [
            min(1.0, float(np.median(row[there]))) if there.mean() >= 0.5 else np.nan
            for row, there in zip(ratios, present, strict=True)
        ]
    return pd.DataFrame(shares, index=profile.samples)


def tissue_shares(profile: Profile, model: Model, fitted: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each normal tissue: fitted where the model holds its profile, else by its marker genes.

    Parameters
    ----------
    fitted : pandas.DataFrame
        Shares of RNA from `anpi.subtypes.purity.rna_shares`.
    """
    table = estimate_contamination(profile, model)
    both = [name for name in table.columns if name in fitted.columns]
    return table.assign(**{name: fitted[name] for name in both})


def contamination_notes(shares: pd.DataFrame, model: Model) -> list[str]:
    """Put warnings of contamination into words; empty where no tissue reaches its limit."""
    limits = model.settings["contamination"]
    notes = []
    for _, row in shares.iterrows():
        words = [f"{t.replace('_', ' ')} about {row[t]:.0%}" for t in shares.columns if row[t] >= limits[t]]
        notes.append("contamination by normal tissue: " + ", ".join(words) if words else "")
    return notes
