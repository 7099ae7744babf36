"""Make the pictures of the report that stand in the documents: ``make screenshots``, after ``make demo``.

Each is a window of the demo's report in headless chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from chromium import BINARY, Page
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "results" / "demo" / "report"
IMAGES = ROOT / "docs" / "images"
# name: page, selector that stands at the top, width, height, touch
PICTURES = {
    "summary": ("index.html", "h1", 1440, 900, False),
    "map": ("index.html", "#patient-map", 1440, 900, False),
    "quality": ("details.html", "#quality", 1200, 900, False),
    "subtypes": ("details.html", "#figure-programmes", 1200, 900, False),
    "associations": ("index.html", "#associations", 1200, 900, False),
    "patient": ("patients/P001.html", "h1", 1200, 900, False),
    "narrow": ("index.html", "#summary", 400, 800, True),
}


def take_picture(page: Page, name: str) -> Path:
    """Save one window of the report as ``docs/images/<name>.png``."""
    file, selector, width, height, touch = PICTURES[name]
    page.resize(width, height, touch)
    page.open(REPORT / file)
    page.run(f"document.querySelector('{selector}').scrollIntoView({{block: 'start', behavior: 'instant'}})")
    path = IMAGES / f"{name}.png"
    page.picture(path, whole=False)
    with Image.open(path) as picture:
        picture.convert("RGB").save(path, optimize=True)
    return path


def main() -> None:
    if BINARY is None:
        sys.exit("no chromium on this machine (Debian: apt-get install chromium)")
    if not (REPORT / "index.html").is_file():
        sys.exit(f"no report in {REPORT.relative_to(ROOT)}: make demo first")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        page = Page(Path(profile))
        try:
            for name in PICTURES:
                path = take_picture(page, name)
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")
        finally:
            page.close()


if __name__ == "__main__":
    main()
