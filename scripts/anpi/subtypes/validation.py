"""How calls compare with labels that others hold: aggregates alone, which may leave the building and be pooled."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anpi.expression.matrix import read_rows
from anpi.files.numbers import is_parquet
from anpi.files.rows import Document
from anpi.files.sheet import split_sheet
from anpi.problems import InputError, Problem, refuse, refuse_missing_columns
from anpi.subtypes.model import CLASSES, Model
from anpi.tables.reading import FIRST_DATA_ROW, read_text_table

FORMAT = 1
KINDS = ("confident", "lean", "mixed", "none")
NOTHING = "none"
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
OF_CBIOPORTAL = ["Hugo_Symbol", "Entrez_Gene_Id"]
LEAST_SAMPLES = 10  # of fewer labelled samples no aggregate is written
# Column of the labels, column of the calls, what may stand in it.
SCHEMES = {
    "gay": ("subtype", "scheme_gay", CLASSES),
    "rudin": ("rudin", "scheme_rudin", ("A", "N", "P", "Y")),
    "nabet": ("nabet", "scheme_nabet", ("NE", "N", "I-NE", "I-nonNE")),
}
# Published files by name: size in bytes, SHA-256, what it is.
KNOWN = {
    "data_mrna_seq_fpkm.txt": (
        19299331,
        "c6c4ab01cdcbbe7ec9202315730e2a896f92afe7cb4df6561eb8b8c95398cadb",
        "George 2015 (doi:10.1038/nature14664), cBioPortal study sclc_ucologne_2015",
    )
}


def name_source(path: Path) -> str:
    """Return what a matrix is: a published file, checked by size and checksum, or a file of the site.

    Raises
    ------
    InputError
        The file has the name of a published one and is not it.
    """
    if path.name not in KNOWN:
        return "a file of the site"
    size, digest, source = KNOWN[path.name]
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.stat().st_size == size else "another size"
    if found != digest:
        mend = "Fetch the file again; rename it if it is meant to be another."
        what = f"not the published {path.name}: {path.stat().st_size} bytes"
        raise InputError(Problem(str(path), what, found=found, expected=f"{size} bytes, SHA-256 {digest}", mend=mend))
    return source


def plain_matrix(path: Path, folder: Path) -> Path:
    """Return a matrix as other programs read it: of cBioPortal's layout, without its second column of gene numbers.

    Of rows with one symbol the highest stays.
    """
    if split_sheet(path)[1] is not None or is_parquet(path):
        return path
    rows = read_rows(path)
    header = next(rows, [])
    if header[:2] != OF_CBIOPORTAL:
        return path
    plain = folder / "matrix.tsv"
    with open(plain, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["symbol", *header[2:]])
        writer.writerows([row[0], *row[2:]] for row in highest_rows(rows, header, str(path)))
    return plain


def highest_rows(rows: Iterable[list[str]], header: list[str], file: str) -> list[list[str]]:
    """Return of each symbol the row with the highest sum, the first of equal ones, in the order of the file."""
    highest: dict[str, tuple[float, int, list[str]]] = {}
    problems = []
    for number, row in enumerate(rows, start=FIRST_DATA_ROW):
        if row and len(row) != len(header):
            expected = f"{len(header)} as in the header"
            problems.append(Problem(file, row=number, found=f"{len(row)} cells", expected=expected))
        elif row and row[0].strip():
            values = [number_of(cell) for cell in row[2:]]
            wrong = [
                (name, cell) for name, cell, value in zip(header[2:], row[2:], values, strict=True) if value is None
            ]
            problems += [Problem(file, "", number, name, found=cell, expected="a number") for name, cell in wrong]
            total = sum(value for value in values if value is not None)
            if row[0] not in highest or total > highest[row[0]][0]:
                highest[row[0]] = (total, number, row)
    refuse(problems)
    return [row for _, _, row in sorted(highest.values(), key=itemgetter(1))]


def number_of(cell: str) -> float | None:
    """Return the number of a cell, 0 for a missing value; None for what is none."""
    text = cell.strip()
    try:
        number = 0.0 if text in ("", "NA") else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def read_labels(path: Path | str, samples: Iterable[str]) -> pd.DataFrame:
    """Read labels by sample: ``subtype``, and where known ``rudin`` and ``nabet``.

    Raises
    ------
    InputError
        A column lacks, a label is none of its scheme, a sample comes twice, or no sample is in the matrix.
    """
    table = read_text_table(path)
    refuse_missing_columns(str(path), table, ("sample_id", "subtype"))
    problems = []
    for column, _, allowed in SCHEMES.values():
        if column in table.columns:
            strange = sorted(set(table[column].dropna()) - set(allowed))
            if strange:
                found, expected = ", ".join(strange[:5]), ", ".join(allowed)
                problems.append(Problem(str(path), column=column, found=found, expected=expected))
    twice = sorted(table.loc[table["sample_id"].duplicated(), "sample_id"].dropna())
    if twice:
        problems.append(Problem(str(path), "a sample comes twice", column="sample_id", found=", ".join(twice[:5])))
    refuse(problems)
    labels = table.set_index("sample_id").reindex(columns=[column for column, *_ in SCHEMES.values()])
    labels = labels[labels.index.isin(list(samples))]
    if len(labels) < LEAST_SAMPLES:
        mend = "The ids of samples must be those of the matrix; fewer samples would tell of single patients."
        found = f"{len(labels)} labelled samples of the matrix"
        raise InputError(Problem(str(path), found=found, expected=f"at least {LEAST_SAMPLES}", mend=mend))
    return labels


def count_agreement(calls: pd.DataFrame, labels: pd.DataFrame, model: Model, source: str) -> Document:
    """Count how calls and labels agree: sums alone, without a name of a sample or of a site.

    Returns
    -------
    dict
        ``confusion`` by scheme (label to called class to count), ``calls`` (label to kind of call to count),
        ``confident_wrong``, ``calibration`` (by bin: samples, sum of the foremost share, right), ``squared_error``
        and ``with_shares``.
    """
    called_as = calls.set_index("sample_id").reindex(labels.index)
    confusion = {}
    for scheme, (column, called, allowed) in SCHEMES.items():
        labelled = labels[column].notna()
        if labelled.any():
            table = pd.crosstab(labels.loc[labelled, column], called_as.loc[labelled, called].fillna(NOTHING))
            table = table.reindex(index=list(allowed), columns=[*allowed, NOTHING], fill_value=0)
            confusion[scheme] = {str(k): {str(c): int(n) for c, n in row.items()} for k, row in table.iterrows()}
    truth = labels["subtype"]
    kinds = pd.crosstab(truth, called_as["call"]).reindex(index=list(CLASSES), columns=list(KINDS), fill_value=0)
    wrong = (called_as["call"] == "confident") & truth.notna() & (called_as["subtype"] != truth)
    shares = called_as[[f"p_{k}" for k in CLASSES]].to_numpy(float)
    given = ~np.isnan(shares[:, 0]) & truth.notna().to_numpy()
    target = np.array([[k == t for k in CLASSES] for t in truth], float)
    return {
        "format": FORMAT,
        "model": model.name,
        "model_sha256": model.sha256,
        "sources": [source],
        "samples": len(labels),
        "confusion": confusion,
        "calls": {str(k): {str(c): int(n) for c, n in row.items()} for k, row in kinds.iterrows()},
        "confident_wrong": int(wrong.sum()),
        "calibration": calibration(shares[given], target[given]),
        "squared_error": round(float(((shares - target)[given] ** 2).sum()), 6),
        "with_shares": int(given.sum()),
    }


def calibration(shares: np.ndarray, target: np.ndarray) -> list[dict[str, float]]:
    """Return by bin of the foremost share: how many samples, the sum of the shares, how many were right."""
    foremost = shares.max(axis=1) if len(shares) else np.array([])
    right = target[np.arange(len(shares)), shares.argmax(axis=1)] if len(shares) else np.array([])
    bins = np.clip(np.searchsorted(EDGES, foremost, side="left") - 1, 0, len(EDGES) - 2)
    return [
        {
            "above": EDGES[i],
            "samples": int((bins == i).sum()),
            "stated": round(float(foremost[bins == i].sum()), 6),
            "right": int(right[bins == i].sum()),
        }
        for i in range(len(EDGES) - 1)
    ]


def read_counts(paths: Iterable[Path]) -> list[Document]:
    """Read the counts of several sites, each once.

    Raises
    ------
    InputError
        A file is no validation, or holds the counts of another one: they would count twice.
    """
    parts: dict[Path, Document] = {}
    for path in paths:
        counts = read_validation(path)
        same = next((other for other, part in parts.items() if part == counts), None)
        if same is not None or path in parts:
            mend = "Give each site once: its samples would count twice."
            raise InputError(Problem(str(path), f"the same counts as {same or path}", mend=mend))
        parts[path] = counts
    return list(parts.values())


def read_validation(path: Path) -> Document:
    try:
        counts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(Problem(str(path), "not readable as JSON", found=str(error)[:80])) from None
    expected = "validation.json of this program"
    if not isinstance(counts, dict):
        raise InputError(Problem(str(path), "not a validation", expected=expected))
    places = list(misshapen(counts, shape_of(counts)))
    refuse([Problem(str(path), "not the counts of a validation", column=at, expected=expected) for at in places[:5]])
    if counts["format"] != FORMAT:
        raise InputError(Problem(str(path), column="format", found=str(counts["format"]), expected=str(FORMAT)))
    return counts


def shape_of(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must stand in counts, of the schemes that they have: a kind at each place."""
    confusion = counts.get("confusion")
    given = {"gay", *(confusion if isinstance(confusion, dict) else ())} & set(SCHEMES)
    schemes = {name: SCHEMES[name][2] for name in SCHEMES if name in given}
    bin_shape = dict.fromkeys(("above", "samples", "stated", "right"), float)
    return {
        **dict.fromkeys(("format", "samples", "confident_wrong", "with_shares", "squared_error"), float),
        **dict.fromkeys(("model", "model_sha256"), str),
        "sources": list,
        "confusion": {
            name: {k: dict.fromkeys([*kinds, NOTHING], float) for k in kinds} for name, kinds in schemes.items()
        },
        "calls": {k: dict.fromkeys(KINDS, float) for k in CLASSES},
        "calibration": [bin_shape] * (len(EDGES) - 1),
    }


def misshapen(value: Any, shape: Any, at: str = "") -> Iterator[str]:
    """Find the places at which a document is not of a shape; numbers are counts or sums, from 0 on."""
    if isinstance(shape, dict):
        if not isinstance(value, dict) or set(value) - set(shape):
            yield at or "the document"
            return
        for key, inner in shape.items():
            yield from misshapen(value.get(key), inner, f"{at}.{key}" if at else key)
    elif isinstance(shape, list):
        if not isinstance(value, list) or len(value) != len(shape):
            yield at
            return
        for number, (item, inner) in enumerate(zip(value, shape, strict=True)):
            yield from misshapen(item, inner, f"{at}.{number}")
    elif shape is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            yield at
    elif not isinstance(value, shape):
        yield at


def pool(parts: Sequence[Mapping[str, Any]]) -> Document:
    """Add up the counts of several sites.

    Raises
    ------
    InputError
        They are of different models or formats.
    """
    first = parts[0]
    for part in parts[1:]:
        for key in ("format", "model_sha256"):
            if part.get(key) != first[key]:
                mend = "Validate the same version of a model at every site."
                found, expected = str(part.get(key)), str(first[key])
                raise InputError(Problem("pooled sites", column=key, found=found, expected=expected, mend=mend))
    pooled = {"format": first["format"], "model": first["model"], "model_sha256": first["model_sha256"]}
    pooled["sources"] = [source for part in parts for source in part["sources"]]
    rest = [key for key in first if key not in pooled]
    return pooled | {key: add([part[key] for part in parts]) for key in rest}


def add(values: list[Any]) -> Any:
    """Add numbers, or what stands at the same place of mappings and lists; the edges of bins stay."""
    if isinstance(values[0], Mapping):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: values[0][key] if key == "above" else add([v[key] for v in values if key in v]) for key in keys}
    if isinstance(values[0], list):
        return [add(list(items)) for items in zip(*values, strict=True)]
    return sum(values)


def cohen_kappa(table: Mapping[str, Mapping[str, int]]) -> float:
    """Return Cohen's kappa of labels and calls, of the samples with a call; NaN where it is not defined."""
    counts = np.array([[table[row].get(column, 0) for column in table] for row in table], float)
    total = counts.sum()
    if not total:
        return float("nan")
    chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum() / total**2)
    return float("nan") if chance == 1 else (float(np.trace(counts) / total) - chance) / (1 - chance)
