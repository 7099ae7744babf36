"""Each format against its owner's schema or validator.

The validators are no dependencies: the tests skip without them. ANPI_VALIDATORS names a folder with checkouts of
cBioPortal/cbioportal-core, cdisc-org/analysis-results-standard and cdisc-org/DataExchange-DatasetJson, each under its
own name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from anpi.exports.sbom import packages

ROOT = Path(__file__).resolve().parents[3]


def checkout(name: str) -> Path:
    folder = Path(os.environ.get("ANPI_VALIDATORS", "/nowhere")) / name
    if not folder.is_dir():
        pytest.skip(f"ANPI_VALIDATORS names no folder with {name}")
    return folder


def test_cbioportal_by_its_own_validator(export):
    folder, validator = export("cbioportal"), checkout("cbioportal-core")
    python = os.environ.get("ANPI_VALIDATORS_PYTHON", sys.executable)
    command = [python, "-m", "scripts.importer.validateData", "-s", str(folder), "-n"]
    done = subprocess.run(command, cwd=validator, capture_output=True, text=True)
    assert "ERROR" not in done.stdout + done.stderr
    assert done.returncode in (0, 3), done.stderr  # 3: with warnings


def test_ars_by_the_schema(export):
    schema = checkout("analysis-results-standard") / "project/jsonschema/ars_ldm.schema.json"
    event = json.loads((export("ars") / "reporting_event.json").read_text())
    content = json.loads(schema.read_text())
    jsonschema.validate(event, {**content, "$ref": "#/$defs/ReportingEvent"})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event, "analyses": [{"id": 1}]}, {**content, "$ref": "#/$defs/ReportingEvent"})


def test_define_xml_by_the_schema_of_odmlib(export):
    odmlib = pytest.importorskip("odmlib", reason="odmlib is not installed")
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed")
    schemas = Path(odmlib.__file__).parent / "schemas" / "define" / "2.1"
    document = etree.parse(str(export("definexml") / "define.xml"))
    schema = etree.XMLSchema(etree.parse(str(schemas / "define2-1-0.xsd")))
    assert schema.validate(document), schema.error_log
    next(document.iter("{*}ItemGroupDef")).attrib.pop("OID")
    assert not schema.validate(document)


def test_dataset_json_by_the_schema(export):
    schema = json.loads((checkout("DataExchange-DatasetJson") / "schema/dataset.schema.json").read_text())
    files = sorted(export("definexml").glob("*.json"))
    datasets = [json.loads(file.read_text()) for file in files if not file.name.startswith("export_")]
    assert len(datasets) == 4
    for dataset in datasets:
        jsonschema.validate(dataset, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**datasets[0], "records": "many"}, schema)


def test_mudata_reads_it(export):
    mudata = pytest.importorskip("mudata", reason="mudata is not installed")
    data = mudata.read_h5mu(export("mudata") / "cohort.h5mu")
    assert list(data.mod) == ["rna", "signatures", "subtypes", "fractions"]
    assert all((part.obs_names == data.obs_names).all() for part in data.mod.values())


def test_phenopackets_parse_into_their_messages(export):
    phenopackets = pytest.importorskip("phenopackets", reason="phenopackets is not installed")
    parse = pytest.importorskip("google.protobuf.json_format").Parse
    for file in export("phenopackets").glob("[0-9]*.json"):
        packet = parse(file.read_text(), phenopackets.Phenopacket())
        assert packet.subject.id == file.stem


def test_sbom_by_the_schema_of_cyclonedx(export):
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    from cyclonedx.schema import SchemaVersion

    text = (export("sbom") / "sbom.cdx.json").read_text()
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_bill_of_materials_names_what_is_installed(export):
    import numpy

    bom = json.loads((export("sbom") / "sbom.cdx.json").read_text())
    names = {part["name"]: part["version"] for part in bom["components"]}
    assert names["numpy"] == numpy.__version__
    assert names["salmon"] == "1.10.1"
    assert len(packages()) > 50


def test_define_xml_describes_each_variable_of_each_file(export):
    from xml.etree import ElementTree as ET

    import pandas as pd

    folder = export("definexml")
    odm = {"o": "http://www.cdisc.org/ns/odm/v1.3"}
    root = ET.parse(folder / "define.xml").getroot()
    items = {item.get("OID"): item for item in root.iterfind(".//o:ItemDef", odm)}
    for group in root.iterfind(".//o:ItemGroupDef", odm):
        table = pd.read_csv(folder / f"{group.get('Name').lower()}.csv", dtype=str)
        named = [items[reference.get("ItemOID")].get("Name") for reference in group.iterfind("o:ItemRef", odm)]
        assert named == list(table.columns)
