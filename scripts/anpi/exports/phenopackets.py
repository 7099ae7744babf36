"""Phenopackets v2 (GA4GH, ISO 4454): a file a patient, with tumour samples, subtype, signatures, treatment, response.

Schema: https://phenopacket-schema.readthedocs.io/en/2.0.0. Durations from the start of treatment stand in place
of dates. Terms: NCI Thesaurus for the disease and for RECIST; what it has no term for is a term of anpi.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from anpi.exports.finished_run import FinishedRun
from anpi.files.rows import Document
from anpi.files.writing import write_json
from anpi.trial.endpoints import RESPONSES as ENDPOINT_RESPONSES
from anpi.trial.endpoints import TIMES

SCLC = {"id": "NCIT:C4917", "label": "Lung Small Cell Carcinoma"}
RESPONSES = {
    "CR": {"id": "NCIT:C4870", "label": "Complete Response"},
    "PR": {"id": "NCIT:C18058", "label": "Partial Response"},
    "SD": {"id": "NCIT:C18213", "label": "Stable Disease"},
    "PD": {"id": "NCIT:C35571", "label": "Progressive Disease"},
    "NE": {"id": "NCIT:C62222", "label": "Not Evaluable"},
}
SEX = {"F": "FEMALE", "M": "MALE"}
RESOURCES = [
    {
        "id": "ncit", "name": "NCI Thesaurus", "namespacePrefix": "NCIT", "version": "not stated",
        "url": "http://purl.obolibrary.org/obo/ncit.owl", "iriPrefix": "http://purl.obolibrary.org/obo/NCIT_",
    },
    {
        "id": "anpi", "name": "names of anpi's tables", "namespacePrefix": "anpi", "version": "1",
        "url": "docs/exports/phenopackets.md", "iriPrefix": "docs/exports/phenopackets.md#",
    },
]  # fmt: skip


def write_phenopackets(run: FinishedRun, folder: Path) -> None:
    """Write a phenopacket of each patient."""
    people = run.endpoints.merge(run.patients.drop(columns="arm"), on="patient_id", how="left").set_index("patient_id")
    tumours = dict(tuple(run.samples.groupby("patient_id"))) if run.has("subtypes/calls.tsv") else {}
    for patient, facts in people.iterrows():
        packet = phenopacket(run, str(patient), facts, tumours.get(patient, pd.DataFrame()))
        write_json(folder / f"{patient}.json", packet)


def phenopacket(run: FinishedRun, patient: str, facts: pd.Series, samples: pd.DataFrame) -> Document:
    """Return the phenopacket of a patient as the JSON of its schema."""
    packet: Document = {
        "id": f"{run.study_id}-{patient}",
        "subject": subject(patient, facts),
        "diseases": [{"term": SCLC}],
        "measurements": [*endpoint_measurements(facts)],
        "medicalActions": treatment(run.treatments[patient], facts),
        "metaData": meta_data(run),
    }
    biosamples = [biosample(run, patient, sample) for _, sample in samples.iterrows()]
    return packet | ({"biosamples": biosamples} if biosamples else {})


def meta_data(run: FinishedRun) -> Document:
    created = {"created": f"{run.date}T00:00:00Z"} if run.date else {}
    return {
        "createdBy": f"anpi {run.manifest['anpi']}",
        "phenopacketSchemaVersion": "2.0",
        "resources": RESOURCES,
        **created,
    }


def subject(patient: str, facts: pd.Series) -> Document:
    """Return sex, age at the start of treatment and vital status; survival in days from then."""
    described: Document = {"id": patient, "sex": SEX.get(str(facts.get("sex")), "UNKNOWN_SEX")}
    if pd.notna(facts.get("age")):
        described["timeAtLastEncounter"] = {"age": {"iso8601duration": f"P{int(facts['age'])}Y"}}
    dead = facts.get("os_event")
    status: Document = {"status": "UNKNOWN_STATUS" if pd.isna(dead) else "DECEASED" if dead == 1 else "ALIVE"}
    if dead == 1 and pd.notna(facts.get("os_days")):
        status["survivalTimeInDays"] = int(facts["os_days"])
    return described | {"vitalStatus": status}


def treatment(agent: str | None, facts: pd.Series) -> list[Document]:
    """Return the treatment that was given in the trial with the confirmed best response to it; none if none was."""
    if agent is None:
        return []
    action: Document = {"treatment": {"agent": term("arm", agent)}, "treatmentTarget": SCLC}
    best = facts.get("cbor")
    if pd.notna(best):
        action["responseToTreatment"] = RESPONSES.get(str(best), term("response", str(best)))
    return [action]


def term(kind: str, label: str) -> dict[str, str]:
    """Return a term of anpi's own, whose id has no spaces."""
    return {"id": f"anpi:{kind}_{'_'.join(label.split())}", "label": label}


def endpoint_measurements(facts: pd.Series) -> Iterator[Document]:
    """Return times to event in days, whether they ended in the event, and Y or N of response and disease control."""
    for name in TIMES:
        if pd.notna(facts.get(f"{name}_days")):
            yield measured(f"{name}_days", float(facts[f"{name}_days"]), "days")
            yield measured(f"{name}_event", float(facts[f"{name}_event"]), "1 = event, 0 = censored")
    for name in ENDPOINT_RESPONSES:
        if pd.notna(facts.get(name)):
            yield {"assay": term("endpoint", name), "value": {"ontologyClass": term(name, str(facts[name]))}}


def measured(name: str, value: float, unit: str, kind: str = "endpoint") -> Document:
    quantity: Document = {"unit": term("unit", unit), "value": value}
    return {"assay": term(kind, name), "value": {"quantity": quantity}}


def biosample(run: FinishedRun, patient: str, sample: pd.Series) -> Document:
    """Return a tumour sample with its call and its signatures; one without a call says why in its description."""
    name = str(sample["sample_id"])
    measurements = [
        measured(signature, float(value), run.score_units.get(signature, ""), "signature")
        for signature, value in run.scores.loc[name].dropna().items()
    ] if name in run.scores.index else []  # fmt: skip
    subtype = sample["subtype"]
    call = term("subtype", str(subtype)) if pd.notna(subtype) else term("subtype", "none")
    measurements.insert(0, {"assay": term("assay", "subtype"), "value": {"ontologyClass": call}})
    words = [f"{key}: {sample[key]}" for key in ("verdict", "reasons", "call", "reason") if pd.notna(sample.get(key))]
    described: Document = {
        "id": name, "individualId": patient, "description": "; ".join(words),
        "histologicalDiagnosis": SCLC, "measurements": measurements,
    }  # fmt: skip
    if pd.notna(sample.get("timepoint")):
        described["materialSample"] = term("timepoint", str(sample["timepoint"]))
    if pd.notna(sample.get("specimen")):
        described["sampleStorage"] = term("specimen", str(sample["specimen"]))
    return described
