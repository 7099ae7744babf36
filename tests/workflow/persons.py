"""Direct identifiers in columns that no schema names and the config allows, and their search in what a run left."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import pandas as pd
import yaml

# By the table: an extra column, and what a person could be told by.
PERSONS = {
    "clinical/patients.csv": ("patient_name", "Zyxwv Qwertsson"),
    "clinical/assessments.csv": ("remark", "call 212-555-0187 at home"),
    "clinical/lesions.csv": ("reader", "vwxyz.reader@example.org"),
    "clinical/therapies.csv": ("home_address", "77 Uvwxian Road"),
    "clinical/adverse_events.csv": ("narrative", "患者欧阳瑾瑜诉头痛, MRN: 99887766"),
    "samples.tsv": ("出生日期", "1951-02-03"),
}
TOKENS = ("Qwertsson", "555-0187", "vwxyz.reader", "Uvwxian", "欧阳瑾瑜", "99887766", "1951-02-03")


def plant(folder: Path) -> None:
    """Put a person into each table of a trial, and allow the columns."""
    allowed = []
    for name, (column, value) in PERSONS.items():
        file = folder / "config" / name
        separator = "\t" if file.suffix == ".tsv" else ","
        table = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False)
        table[column] = ["NA"] * (len(table) - 1) + [value]
        table.to_csv(file, sep=separator, index=False)
        allowed.append(f"{file.stem}.{column}")
    allow(folder, allowed)


def allow(folder: Path, columns: list[str]) -> None:
    file = folder / "config" / "config.yaml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8")) | {"allow_columns": columns}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


def told_in(content: bytes) -> list[str]:
    """List the persons in a text, written as they are or as JSON and pages of the web write them."""
    return [token for token in TOKENS if any(form in content for form in forms(token))]


def forms(token: str) -> tuple[bytes, ...]:
    return (
        token.encode(),
        json.dumps(token)[1:-1].encode(),
        "".join(c if c.isascii() else f"&#{ord(c)};" for c in token).encode(),
        token.encode("utf-16-le"),
    )


def contents(file: Path) -> Iterator[bytes]:
    """Return what a file holds: as it is, unpacked, and the texts of tables of other forms."""
    yield file.read_bytes()
    if file.suffix == ".gz":
        yield gzip.decompress(file.read_bytes())
    elif zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            yield from map(archive.read, archive.namelist())
    elif file.suffix == ".parquet":
        yield pd.read_parquet(file).to_csv().encode()
    elif file.suffix == ".h5ad":
        yield from texts_of_h5(file)


def texts_of_h5(file: Path) -> Iterator[bytes]:
    found: list[bytes] = []

    def look(name: str, part: h5py.Group | h5py.Dataset) -> None:
        found.append(f"{name} {dict(part.attrs)}".encode())
        if isinstance(part, h5py.Dataset) and part.dtype.kind in "OS":
            found.append(str(part[()]).encode() if part.shape == () else "\n".join(part.asstr()[()].ravel()).encode())

    with h5py.File(file) as opened:
        opened.visititems(look)
    yield from found
