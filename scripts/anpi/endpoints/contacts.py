"""The last day on which each patient was known to be alive: the latest of all dated contacts."""

from __future__ import annotations

import pandas as pd

from anpi.tables.clinical import Clinical, Timeline, row_number

ALIVE = ("last_alive", "treatment_end", "withdrawal")  # who has one after the data cut-off was alive on it
OF_PATIENTS = ("last_alive", "randomisation", "treatment_start", "treatment_end", "withdrawal")
OF_TABLES = {
    "assessments": ("assessment",),
    "lesions": ("assessment",),
    "therapies": ("start",),
    "adverse_events": ("start", "end"),
}


def all_contacts(clinical: Clinical, timeline: Timeline) -> pd.DataFrame:
    """Return one row per dated contact, whoever evaluated it.

    Returns
    -------
    DataFrame
        ``patient_id``, ``day`` (from the reference date), ``table``, ``what`` (the column without ``_date``), ``row``.
    """
    found = []
    frames: list[tuple[str, pd.DataFrame | None, tuple[str, ...]]] = [("patients", clinical.patients, OF_PATIENTS)]
    frames += [(table, getattr(clinical, table), names) for table, names in OF_TABLES.items()]
    for table, frame, names in frames:
        if frame is None:
            continue
        rows = [row_number(index) for index in frame.index]
        for name in names:
            day = timeline.offsets(frame, name).to_numpy()
            contact = {"patient_id": frame["patient_id"].to_numpy(), "day": day, "row": rows}
            found.append(pd.DataFrame(contact | {"table": table, "what": name}))
    contacts = pd.concat(found, ignore_index=True)
    return contacts[contacts["day"].notna()]


def last_contacts(contacts: pd.DataFrame, cutoff: pd.Series) -> pd.DataFrame:
    """Return each patient's last contact up to the data cut-off; of one day, the first in the order of the tables.

    Parameters
    ----------
    cutoff : Series
        Days by patient, NaN without a cut-off.

    Returns
    -------
    DataFrame
        By patient: ``day``, ``table``, ``what``, ``row``, and ``later``: was the patient, by the patients table, alive
        after the cut-off. Rows of other tables that are later than it are not known to the analysis.
    """
    limit = contacts["patient_id"].map(cutoff)
    beyond = contacts["day"] > limit
    seen = contacts[~beyond].sort_values("day", ascending=False, kind="stable").drop_duplicates("patient_id")
    last = seen.set_index("patient_id").reindex(cutoff.index)
    later = contacts.loc[beyond & contacts["what"].isin(ALIVE), "patient_id"]
    return last.assign(later=last.index.isin(later))
