"""One tumour under the names of several schemes, and how many of them agree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from anpi.subtypes.classify import place
from anpi.subtypes.model import Model
from anpi.trial.methods import FOREST, GAY, NABET, RUDIN

SCHEMES = tuple(method.id for method in (GAY, RUDIN, NABET, FOREST))
COLUMNS = [f"scheme_{name}" for name in SCHEMES] + ["scheme_agreement", "scheme_reason"]
# Classes of Gay 2021 that a label of another scheme may stand for.
MAY_BE = {
    "rudin": {"A": "A", "N": "N", "P": "P", "Y": "I"},
    "nabet": {"NE": "A", "N": "N", "I-NE": "ANI", "I-nonNE": "PI"},
}


def nabet_labels(tumour_scores: pd.DataFrame, activation: pd.DataFrame, model: Model) -> pd.Series:
    """Name each tumour in the manner of Nabet 2024 (doi:10.1016/j.ccell.2024.01.010): NE, N, I-NE or I-nonNE.

    Neuroendocrine is A or N at least midway between absent and present, inflamed the same of the inflamed genes. The
    published split is a factorisation of one trial's tumours; this one is its like, not the same. Missing when
    inflammation was not measured, and for a tumour that is neither neuroendocrine nor inflamed.
    """
    rule = model.settings["none_on"]["inflamed"]
    inflamed = place(tumour_scores[rule["panel"]], rule)
    neural = activation[["A", "N"]].max(axis=1) >= 0
    hot = np.where(neural, "I-NE", "I-nonNE")
    cold = np.where(activation["N"] > activation["A"], "N", "NE")
    labels = pd.Series(np.where(inflamed >= 0, hot, cold), index=activation.index, dtype=object)
    return labels.where(inflamed.notna() & (neural | (inflamed >= 0)), None)


def scheme_row(
    subtype: object, factor: str | None, nabet: str | None, forest: Mapping[str, object] | None, barred: bool
) -> dict[str, object]:
    """Return a sample's columns of the schemes.

    Parameters
    ----------
    subtype : str or None
        Of the call.
    factor : str or None
        Dominant factor of Rudin 2019.
    forest : mapping or None
        Row of `anpi.subtypes.forest.forest_votes`; None when no forest was asked.
    barred : bool
        Whether quality, genes, reads or identity forbid a call: then no scheme says anything.
    """
    label = {"gay": subtype, "rudin": factor, "nabet": nabet, "forest": None if forest is None else forest["class"]}
    if barred:
        label = dict.fromkeys(SCHEMES)
    why = {
        "gay": "no call",
        "rudin": "one of the four factors lacks, or none is expressed",
        "nabet": "neither neuroendocrine nor inflamed, or inflammation not measured",
        "forest": "not asked"
        if forest is None
        else f"too many of its genes are missing: {forest['voting']:.0%} of its trees vote",
    }
    untold = [f"{name}: {'see reason' if barred else why[name]}" for name in SCHEMES if label[name] is None]
    return {
        **{f"scheme_{name}": label[name] for name in SCHEMES},
        "scheme_agreement": agreement_of_schemes(label, None if forest is None else forest["gay"]),
        "scheme_reason": "; ".join(untold) or None,
    }


def agreement_of_schemes(label: Mapping[str, object], forest_gay: object) -> str | None:
    """Count the other schemes that may stand for the class of Gay 2021, as "2 of 3"; None without a class."""
    call = label["gay"]
    if call is None:
        return None
    may_be = {name: MAY_BE[name][str(label[name])] for name in MAY_BE if label[name] is not None}
    if label["forest"] is not None:
        may_be["forest"] = str(forest_gay)
    agreeing = sum(str(call) in classes for classes in may_be.values())
    return f"{agreeing} of {len(may_be)}" if may_be else None
