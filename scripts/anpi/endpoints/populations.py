"""Who is in the trial, as ICH E9 (5.2) names it: all randomised (intention to treat) and all treated (safety).

Both as they stood on the data cut-off.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from anpi.endpoints.rules import Rules
from anpi.tables.clinical import Timeline, dates_of, days_of, from_day_1
from anpi.trial.endpoints import supplied

NOT_TREATED = "not treated: no treatment start date"
TREATED_LATER = "not treated: treatment began after the data cut-off"
NOT_RANDOMISED = "not randomised: no randomisation date"
RANDOMISED_LATER = "not randomised: randomised after the data cut-off"
NOT_ON_THE_SCALE = "randomised, but study days count from a treatment start, which is not there"


def add_populations(
    facts: pd.DataFrame, patients: pd.DataFrame, rules: Rules, patient_cutoff: pd.Series
) -> pd.DataFrame:
    """Return for each patient whether he or she was treated and randomised by the data cut-off, and why not.

    Parameters
    ----------
    patient_cutoff : Series
        Days from the start of treatment to the patient's own cut-off, by patient; NaN without one.

    Returns
    -------
    DataFrame
        ``facts`` with ``treated``, ``randomised`` (bool), ``not_treated``, ``not_randomised`` (why, else None) and
        ``no_reference``: why there is no time to count, None where there is.
    """
    from_start = Timeline(patients)
    start_cut = patient_cutoff if rules.cutoff is None else patient_cutoff.fillna(from_start.cutoff(rules.cutoff))
    late_start = from_start.treated & (start_cut < 0)
    dated = dates_of(patients, "randomisation").set_axis(facts.index)
    day = from_day_1(days_of(patients, "randomisation").set_axis(facts.index))
    late = (day > start_cut) | ((pd.Timestamp(rules.cutoff) < dated) if rules.cutoff else (dated > dated))
    late |= ((dated - from_start.date).dt.days > start_cut).fillna(False)
    entered = dated.notna() | day.notna()
    treatment = np.select([~from_start.treated, late_start], [NOT_TREATED, TREATED_LATER], "")
    randomisation = np.select([~entered, late], [NOT_RANDOMISED, RANDOMISED_LATER], "")
    facts = facts.assign(
        treated=treatment == "",
        randomised=randomisation == "",
        not_treated=treatment,
        not_randomised=randomisation,
    )
    why = treatment if rules.settings["reference"] == "treatment_start" else randomisation
    why = np.where((why == "") & ~facts["known"], NOT_ON_THE_SCALE, why)
    text = {"not_treated": treatment, "not_randomised": randomisation, "no_reference": why}
    return facts.assign(**{name: [value or None for value in values] for name, values in text.items()})


def population_columns(endpoints: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return the columns ``randomised``, ``treated`` (yes, no) and ``population_reason`` of ``endpoints.tsv``.

    Endpoints that the sponsor supplied stand for a start of treatment. Survival alone does only where no patient has
    a start, and so do times that were derived, which may count from randomisation: else they may be those of a patient
    never treated. Where nobody was randomised, the trial was not, and the reason does not speak of it.
    """
    facts = facts.reindex(endpoints["patient_id"]).reset_index(drop=True)
    treated = facts["treated"]
    counted = endpoints["pfs_days"].notna()
    if treated.any():
        counted &= supplied(endpoints["pfs_reason"])
    else:
        counted = counted | endpoints["os_days"].notna()
    treated = treated | (counted & facts["not_treated"].eq(NOT_TREATED))
    told = [facts["not_treated"].where(~treated, "treated")]
    if facts["randomised"].any():
        told.append(facts["not_randomised"].where(~facts["randomised"], "randomised"))
    reasons = ["; ".join(texts) for texts in zip(*told, strict=True)]
    return pd.DataFrame(
        {
            "randomised": np.where(facts["randomised"], "yes", "no"),
            "treated": np.where(treated, "yes", "no"),
            "population_reason": reasons,
        }
    )
