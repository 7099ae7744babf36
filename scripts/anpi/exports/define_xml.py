"""ADaM datasets with define.xml 2.1, as CSV and as Dataset-JSON 1.1.

Standards: https://www.cdisc.org/standards/data-exchange (define-xml, dataset-json). What is not ADaM by name
(baseline columns, sets, signatures) keeps its own name as label or parameter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd

from anpi.exports.datasets import Dataset, datasets
from anpi.exports.finished_run import FinishedRun
from anpi.files.rows import Document
from anpi.files.writing import write_json, write_table, write_text
from anpi.files.xml import xml_text

ODM = "http://www.cdisc.org/ns/odm/v1.3"
DEF = "http://www.cdisc.org/ns/def/v2.1"
XLINK = "http://www.w3.org/1999/xlink"
PREFIXES = {"": ODM, "def": DEF, "xlink": XLINK}
UNDATED = "1970-01-01"
YES_NO = "CL.NY"


def write_define(run: FinishedRun, folder: Path) -> None:
    """Write the datasets and ``define.xml``."""
    made = datasets(run)
    for one in made:
        write_table(folder / f"{one.name.lower()}.csv", one.table)
        write_json(folder / f"{one.name.lower()}.json", dataset_json(run, one))
    write_text(folder / "define.xml", define_xml(run, made))


def data_type(values: pd.Series) -> str:
    """Return what define.xml calls the kind of a variable."""
    if not pd.api.types.is_numeric_dtype(values):
        return "date" if values.name in ("ADT", "STARTDT") else "text"
    given = values.dropna()
    return "integer" if (given == given.round()).all() and len(given) else "float"


def length(values: pd.Series) -> int:
    return max([1, *(len(str(value)) for value in values.dropna())])


def dataset_json(run: FinishedRun, one: Dataset) -> Document:
    """Return a dataset as Dataset-JSON 1.1: variables with labels and kinds, then rows."""
    kinds = {name: data_type(one.table[name]) for name in one.table}
    columns = [
        {"itemOID": f"IT.{one.name}.{name}", "name": name, "label": one.labels[name],
         "dataType": "string" if kinds[name] == "text" else kinds[name]}
        for name in one.table
    ]  # fmt: skip
    rows = [
        [plain(value, kinds[name]) for name, value in zip(one.table, row, strict=True)]
        for row in one.table.itertuples(index=False)
    ]
    return {
        "datasetJSONCreationDateTime": f"{run.date or UNDATED}T00:00:00", "datasetJSONVersion": "1.1.0",
        "fileOID": f"{run.study_id}.{one.name}", "studyOID": run.study_id, "metaDataVersionOID": f"MDV.{run.study_id}",
        "metaDataRef": "define.xml", "itemGroupOID": f"IG.{one.name}", "records": len(rows), "name": one.name,
        "label": one.label, "columns": columns, "rows": rows,
    }  # fmt: skip


def plain(value: Any, kind: str) -> Any:
    """Return a value as JSON holds it, None for missing."""
    if pd.isna(value):
        return None
    return int(value) if kind == "integer" else float(value) if kind == "float" else str(value)


def define_xml(run: FinishedRun, made: list[Dataset]) -> str:
    """Return the text of ``define.xml``."""
    root = ET.Element(f"{{{ODM}}}ODM", {
        "FileType": "Snapshot", "FileOID": f"DEF.{run.study_id}", "ODMVersion": "1.3.2",
        "CreationDateTime": f"{run.date or UNDATED}T00:00:00", f"{{{DEF}}}Context": "Other",
    })  # fmt: skip
    study = child(root, "Study", OID=run.study_id)
    names = child(study, "GlobalVariables")
    for tag, text in (("StudyName", run.study_id), ("StudyDescription", run.title), ("ProtocolName", run.study_id)):
        child(names, tag).text = text
    version = child(
        study, "MetaDataVersion", OID=f"MDV.{run.study_id}", Name=run.title,
        Description=f"Analysis datasets of anpi {run.manifest['anpi']}",
    )  # fmt: skip
    version.set(f"{{{DEF}}}DefineVersion", "2.1.0")
    standards = ET.SubElement(version, f"{{{DEF}}}Standards")
    standard = {"OID": "STD.1", "Name": "ADaMIG", "Type": "IG", "Version": "1.1", "Status": "Final"}
    ET.SubElement(standards, f"{{{DEF}}}Standard", standard)
    for one in made:
        item_group(version, one)
    for one in made:
        for name in one.table:
            item(version, one, name)
    code_list(version)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml_text(root, PREFIXES) + "\n"


def child(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    """Add an element of ODM."""
    return ET.SubElement(parent, f"{{{ODM}}}{tag}", attributes)


def described(parent: ET.Element, text: str) -> None:
    translated = child(child(parent, "Description"), "TranslatedText")
    translated.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    translated.text = text


def item_group(version: ET.Element, one: Dataset) -> None:
    """Add a dataset with references to its variables and the place of its file."""
    group = child(
        version, "ItemGroupDef", OID=f"IG.{one.name}", Name=one.name, SASDatasetName=one.name,
        Repeating="No" if one.name == "ADSL" else "Yes", IsReferenceData="No", Purpose="Analysis",
    )  # fmt: skip
    group.set(f"{{{DEF}}}StandardOID", "STD.1")
    group.set(f"{{{DEF}}}Structure", one.structure)
    group.set(f"{{{DEF}}}ArchiveLocationID", f"LF.{one.name}")
    described(group, one.label)
    for place, name in enumerate(one.table, start=1):
        complete = one.table[name].notna().all()
        reference = child(
            group,
            "ItemRef",
            ItemOID=f"IT.{one.name}.{name}",
            OrderNumber=str(place),
            Mandatory="Yes" if complete else "No",
        )
        if name in one.keys:
            reference.set("KeySequence", str(one.keys.index(name) + 1))
    ET.SubElement(group, f"{{{DEF}}}Class", {"Name": one.adam_class})
    leaf = ET.SubElement(group, f"{{{DEF}}}leaf", {"ID": f"LF.{one.name}"})
    leaf.set(f"{{{XLINK}}}href", f"{one.name.lower()}.csv")
    ET.SubElement(leaf, f"{{{DEF}}}title").text = f"{one.name.lower()}.csv"


def item(version: ET.Element, one: Dataset, name: str) -> None:
    """Add a variable: kind, length, label, origin."""
    values = one.table[name]
    kind = data_type(values)
    variable = child(
        version, "ItemDef", OID=f"IT.{one.name}.{name}", Name=name, SASFieldName=name, DataType=kind,
    )  # fmt: skip
    if kind != "date":
        variable.set("Length", str(length(values)))
    if kind == "float":
        variable.set("SignificantDigits", "10")
    described(variable, one.labels[name])
    if name.startswith("SET") and name.endswith("FL"):
        child(variable, "CodeListRef", CodeListOID=YES_NO)
    ET.SubElement(variable, f"{{{DEF}}}Origin", {"Type": "Derived", "Source": "Sponsor"})


def code_list(version: ET.Element) -> None:
    """Add the list of Y and N, NCI codes of CDISC's terminology (C66742)."""
    codes = child(version, "CodeList", OID=YES_NO, Name="No Yes Response", DataType="text")
    for value, nci in (("N", "C49487"), ("Y", "C49488")):
        entry = child(codes, "EnumeratedItem", CodedValue=value)
        child(entry, "Alias", Context="nci:ExtCodeID", Name=nci)
    child(codes, "Alias", Context="nci:ExtCodeID", Name="C66742")
