"""Figures out: SVG whose marks name their patients, PDF, both the same bytes for the same figure."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import matplotlib
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from anpi.figures.style import PATIENT, STYLE
from anpi.files.xml import xml_text

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
PREFIXES = {"": SVG, "xlink": XLINK}
MARGIN = 0.05  # inches
REFERENCE = re.compile(r"url\(#([^)]+)\)")
FONT = re.compile(r"'DejaVu Sans'(, [a-z-]+)?")
PLAIN_SVG = {"Date": None, "Creator": None, "Format": None, "Type": None}
PLAIN_PDF = {"CreationDate": None, "Creator": None, "Producer": None}


def tight(figure: Figure) -> Bbox:
    """Return what is drawn of a figure, in inches with a margin, to which SVG and PDF are cut."""
    return figure.get_tightbbox().padded(MARGIN)


def linked_svg(figure: Figure, name: str, title: str, description: str = "", cut: Bbox | None = None) -> str:
    """Write a figure as SVG to be put inline in a page.

    A mark whose gid is `style.patient_mark` gets the attribute ``data-patient``; all other ids are prefixed with
    ``name``, so that several figures of a page do not collide; title and description are what a screen reader says.

    Parameters
    ----------
    name : str
        Letters, digits and dashes; unique in the page.
    cut : Bbox, optional
        What to cut the figure to, where `tight` has told it already.

    Returns
    -------
    str
        An ``<svg>`` element without XML declaration.
    """
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="svg", bbox_inches=cut or tight(figure), metadata=PLAIN_SVG)
    root = ET.fromstring(buffer.getvalue())
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    for element in root.iter():
        link_element(element, name)
    label(root, name, title, description)
    return xml_text(root, PREFIXES)


def link_element(element: ET.Element, name: str) -> None:
    """Name the patient of a mark, and give other ids and what refers to them the figure's name."""
    identity = element.attrib.get("id")
    if identity is not None:
        if identity.startswith(PATIENT):
            del element.attrib["id"]
            element.set("data-patient", identity.removeprefix(PATIENT))
        else:
            element.set("id", f"{name}-{identity}")
    for key, value in list(element.attrib.items()):
        if key.endswith("href") and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(key, REFERENCE.sub(rf"url(#{name}-\1)", value))
        elif key == "style" and "DejaVu" in value:
            element.set(key, FONT.sub("system-ui, sans-serif", value))


def label(root: ET.Element, name: str, title: str, description: str) -> None:
    """Return the figure its name and its description, and a width that it need not exceed."""
    width = float(root.attrib["viewBox"].split()[2])
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("style", f"--natural:{width:.0f}pt")
    root.set("role", "group" if has_patients(root) else "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc" if description else f"{name}-title")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        if text:
            child = ET.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
            child.text = text
            root.insert(place, child)


def has_patients(root: ET.Element) -> bool:
    return any("data-patient" in element.attrib for element in root.iter())


def plain_pdf(figure: Figure, cut: Bbox | None = None) -> bytes:
    """Write a figure as PDF without dates, cut as `linked_svg` does."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format="pdf", bbox_inches=cut or tight(figure), metadata=PLAIN_PDF)
    return buffer.getvalue()
