"""Where the files lie that anpi ships: resources, schemas, templates, the default rules and plan.

In an installed package they are data of the package; in a clone they stand at its top.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("anpi")))
INSTALLED = (PACKAGE / "data").is_dir()
ROOT = PACKAGE / "data" if INSTALLED else PACKAGE.parents[1]
REGISTRY = ROOT / "resources" / "signatures" / "registry.tsv"
SHIPPED = ("scripts", "workflow", "resources", "envs", "config/plan.yaml", "config/endpoints.yaml", "requirements.lock")
PLACES = frozenset(str(ROOT / name) for name in SHIPPED)
BELOW = tuple(place + os.sep for place in PLACES)


def is_shipped(place: str) -> bool:
    """Return whether a file, by its absolute path, came with anpi: the digest of the code covers what it holds."""
    return place in PLACES or place.startswith(BELOW)
