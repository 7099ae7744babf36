"""CycloneDX 1.6: what the installation is made of, for scanners of vulnerabilities and licences.

Schema: https://cyclonedx.org/docs/1.6/json. Packages of this Python that ``requirements.lock`` names, and the programs
that the run was made with.
"""

from __future__ import annotations

import re
import uuid
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from anpi.exports.finished_run import FinishedRun
from anpi.files.rows import Document
from anpi.files.shipped import ROOT
from anpi.files.writing import write_json
from anpi.tools import TOOLS

LOCKED = re.compile(r"^([A-Za-z0-9_.-]+)==", re.MULTILINE)


def write_sbom(run: FinishedRun, folder: Path) -> None:
    """Write ``sbom.cdx.json``: no time and no place stand in it, so that the same installation gives the same bytes."""
    anpi = {
        "type": "application", "bom-ref": "anpi", "name": "anpi", "version": str(run.manifest["anpi"]),
        "licenses": [{"license": {"id": "MIT"}}],
    }  # fmt: skip
    components = [*packages(), *tools(run)]
    content = repr(sorted((str(part["bom-ref"]), str(part["version"])) for part in components))
    bom = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "metadata": {"component": anpi},
        "components": components,
        "dependencies": [{"ref": "anpi", "dependsOn": sorted(str(part["bom-ref"]) for part in components)}],
    }  # fmt: skip
    write_json(folder / "sbom.cdx.json", bom)


def packages() -> list[Document]:
    """Return the locked packages that are installed here."""
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = []
    for name in sorted(set(LOCKED.findall(locked)), key=str.lower):
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{installed.version}"
        licence = " ".join(str(installed.metadata.json.get("license_expression") or "").split())
        part = {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": installed.version}
        found.append(part | ({"licenses": [{"expression": licence}]} if licence else {}))
    return found


def tools(run: FinishedRun) -> list[Document]:
    """Return the programs of others, in the versions that the run was made with."""
    used = {
        name: version for name, version in run.manifest["software"].items() if name in (*TOOLS, "python") and version
    }
    kept = {(name, str(version)) for name, version in used.items()}
    kept |= {(name, str(one)) for name, many in run.manifest.get("quantified_with", {}).items() for one in many}
    return [
        {"type": "application", "bom-ref": f"pkg:generic/{name}@{version}", "purl": f"pkg:generic/{name}@{version}",
         "name": name, "version": version}
        for name, version in sorted(kept)
    ]  # fmt: skip
