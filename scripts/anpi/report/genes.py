"""Ask a gene: every gene of the run in a file beside the page, read when somebody asks; and targets, always open."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from anpi.figures.strips import strips
from anpi.files.shipped import ROOT
from anpi.report.blocks import Drawing, Note, Section, Text
from anpi.report.numbers import has_value
from anpi.report.tables import Run, call_groups
from anpi.tables.reading import read_facts
from anpi.tables.targets import TARGETS
from anpi.words.lists import plural

FILE = "genes.js"
STEPS = 16  # steps per doubling: a value is right to 2% of TPM + 1
UNKNOWN = 255
MOST_SAMPLES = 400
UNIT = "log2(TPM + 1)"
ALIASES = ROOT / "resources" / "genes" / "aliases.tsv"
OPEN_GROUPS = ("surface", "checkpoint")  # of the list of targets: what is shown before anybody asks
MOST_OPEN = 12


@dataclass(frozen=True)
class GeneBox:
    """The box: the payload of the file beside the page, with its SHA-256, and the ways to group samples."""

    payload: str
    digest: str
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    file: str = FILE
    unit: str = UNIT
    kind: str = "genes"


def genes(run: Run) -> Section | None:
    """Return the box over all genes and the panel of targets; None when the run has no gene in TPM."""
    if run.genes is None:
        return None
    values, people = gene_values(run)
    payload = gene_payload(run)
    blocks: list[object] = []
    left = run.genes.shape[1] - 2 - values.shape[1]
    words = (
        f"{plural(len(values), 'gene')} in {plural(values.shape[1], 'sample')}, {UNIT}. What a gene shows here is a "
        "description: whoever looks through thousands of genes finds striking ones by chance, so there is no p-value."
    )
    blocks += [Text([words]), GeneBox(payload, payload_digest(payload), groups_of(run, people))]
    blocks += (
        [Note(f"The first {values.shape[1]} samples by id; {left} more are in cohort/tpm.tsv.gz.")] if left else []
    )
    names = run.genes["symbol"].to_numpy()
    targets = open_targets()
    found = [gene for gene in targets if gene in set(names)]
    chosen = people[people["chosen"]]
    if found and len(chosen):
        first = values.set_axis(names).loc[found]
        levels = first[~first.index.duplicated()].T.loc[chosen.index]
        lacking = [gene for gene in targets if gene not in found]
        caption = f"One mark per patient with a chosen sample, {UNIT}; line: median. Level of RNA, not of protein." + (
            f" Not in this run: {', '.join(lacking)}." if lacking else ""
        )
        blocks.append(Drawing("target-genes", "Genes of targets", caption, strips, (levels, chosen, UNIT)))
    return Section("genes", "Ask a gene", blocks, "Ask a gene")


def open_targets() -> list[str]:
    """Return the genes of the first targets of the list, those of one gene on a surface or a checkpoint."""
    table = read_facts(TARGETS)
    return list(table.loc[table["group"].isin(OPEN_GROUPS), "genes"])[:MOST_OPEN]


def gene_values(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return genes x samples in log2(TPM + 1), and of each sample its patient, its group and whether it is chosen."""
    assert run.genes is not None
    table = run.genes.drop(columns=["gene_id", "symbol"])
    table = table[[s for s in sorted(table) if s in run.sample_patients.index]].iloc[:, :MOST_SAMPLES]
    calls = run.table("calls")
    groups = {} if calls is None else dict(zip(calls["sample_id"], call_groups(calls), strict=True))
    chosen = set(run.people["sample_id"].dropna()) if "sample_id" in run.people else set()
    people = pd.DataFrame(
        {
            "patient_id": [str(run.sample_patients[s]) for s in table],
            "group": [groups.get(s) or "none" for s in table],
            "chosen": [s in chosen for s in table],
        },
        index=table.columns,
    )
    return np.log2(table.astype(float) + 1), people


def groups_of(run: Run, people: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the ways to group samples: what each is called, and the group of each sample."""
    response = run.people["response"].map({"Y": "response", "N": "no response"}) if "response" in run.people else {}
    times = (
        run.samples.set_index("sample_id")["timepoint"]
        if run.samples is not None and "timepoint" in run.samples
        else {}
    )
    named = {"A": "SCLC-A", "N": "SCLC-N", "P": "SCLC-P", "I": "SCLC-I", "none": "no call"}
    found = {
        "subtype": {s: named.get(g, g) for s, g in people["group"].items()},
        "response": {s: word(response, p) for s, p in people["patient_id"].items()},
        "time point": {s: word(times, s).replace("_", " ") for s in people.index},
    }
    return {name: groups for name, groups in found.items() if len(set(groups.values())) > 0}


def word(values: object, key: object) -> str:
    value = values.get(key) if hasattr(values, "get") else None
    return str(value) if has_value(value) else "not known"


def gene_payload(run: Run) -> str:
    """Pack the values: a header in JSON, then one byte a value, compressed, as base64.

    The header has ``symbols``, ``ids``, ``samples``, ``patients``, ``aliases`` and ``steps``; its length in bytes
    stands in the first four. A value is ``steps`` times log2(TPM + 1), rounded; 255 is not known.
    """
    assert run.genes is not None
    values, people = gene_values(run)
    scaled = np.clip(np.rint(values.to_numpy(float) * STEPS), 0, UNKNOWN - 1)
    cells = np.where(np.isfinite(scaled), scaled, UNKNOWN).astype(np.uint8)
    symbols = [
        str(s) if has_value(s) else str(g) for g, s in zip(run.genes["gene_id"], run.genes["symbol"], strict=True)
    ]
    header = {
        "symbols": symbols,
        "ids": [str(g) for g in run.genes["gene_id"]],
        "samples": list(people.index),
        "patients": list(people["patient_id"]),
        "aliases": aliases_of(set(symbols)),
        "steps": STEPS,
    }
    head = json.dumps(header, separators=(",", ":"), sort_keys=True).encode("utf-8")
    packed = zlib.compress(len(head).to_bytes(4, "big") + head + cells.tobytes(), 9)
    return base64.b64encode(packed).decode("ascii")


def aliases_of(symbols: set[str]) -> dict[str, str]:
    """Return the other names of the run's genes; a name that is a gene's own is none."""
    table = read_facts(ALIASES)
    rows = table[table["symbol"].isin(symbols) & ~table["alias"].isin(symbols)].drop_duplicates("alias", keep=False)
    return dict(zip(rows["alias"], rows["symbol"], strict=True))


def payload_digest(payload: str) -> str:
    return base64.b64encode(hashlib.sha256(payload.encode("ascii")).digest()).decode("ascii")


def gene_script(box: GeneBox | None) -> str:
    """Return the file that the page reads by a script tag; an empty one where the run has no gene in TPM."""
    return f'anpiGenes("{box.payload}");\n' if box else "// This run has no gene in TPM.\n"
