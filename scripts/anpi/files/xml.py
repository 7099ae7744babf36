"""XML as text, with the prefixes that its writer chose."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping


def xml_text(root: ET.Element, prefixes: Mapping[str, str]) -> str:
    """Return an element as text, its namespaces named by ``prefixes`` (``""`` for the default one).

    ElementTree keeps the prefixes of a process in one table, in which each library overwrites those of the others;
    so they are set where a text is written, not where a module is loaded.
    """
    for prefix, uri in prefixes.items():
        ET.register_namespace(prefix, uri)
    return ET.tostring(root, encoding="unicode")
