"""Ask axe-core and the pixels whether everyone can read a page, with all folds open."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from itertools import product
from pathlib import Path

import pytest
from browser.chromium import Page
from browser.contrast import low_contrasts

VERSION = "4.14.1"
SHA512 = (
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="  # npm's, of the package
)
LOOKS = tuple(product(("light", "dark"), (390, 768, 1440)))
# One letter is text here, never an icon. What a scroll box hides axe takes for covered, so the boxes are laid open, on
# a ground that is wide enough.
ASK = """(async () => {
  axe.configure({checks: [{id: 'color-contrast', options: {
    ignoreLength: true, ignoreUnicode: false, ignorePseudo: false, pseudoSizeThreshold: 0.25,
    boldValue: 700, boldTextPt: 14, largeTextPt: 18, contrastRatio: {normal: {expected: 4.5}, large: {expected: 3}},
  }}]});
  const contrast = ['color-contrast'];
  const resultTypes = ['violations', 'incomplete'];  // of what passes axe would write a selector for each element
  const found = [await axe.run({resultTypes, rules: {'color-contrast': {enabled: false}}})];
  const open = new CSSStyleSheet();
  open.replaceSync(
    'body { width: 4000px } .scroll { overflow: visible !important; max-height: none !important }');
  document.adoptedStyleSheets = [open];
  found.push(await axe.run({resultTypes, runOnly: contrast}));
  document.adoptedStyleSheets = [];
  const measured = (node) => document.querySelector(node.target[0]).closest('svg text');
  const told = (kind, rules) => rules.flatMap((rule) => rule.nodes
    .filter((node) => !(kind === 'undecided' && contrast.includes(rule.id) && measured(node)))
    .map((node) => [kind, rule.id, node.html.slice(0, 200),
      [...node.any, ...node.all, ...node.none].map((check) => check.message).join(' ')]));
  return JSON.stringify(found.flatMap((r) => [...told('fault', r.violations), ...told('undecided', r.incomplete)]));
})()"""


def fetch_axe(folder: Path) -> None:
    """Fetch axe-core from npm at the pinned version into a folder; skip where npm cannot.

    It stays out of the project, since its licence is another one (MPL-2.0).
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine, which brings axe-core (Debian: apt-get install npm)")
    packed = subprocess.run(
        [npm, "pack", f"axe-core@{VERSION}", "--silent"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    if packed.returncode:
        pytest.skip(f"npm cannot bring axe-core {VERSION}: {packed.stderr.strip()[-300:]}")
    package = folder / f"axe-core-{VERSION}.tgz"
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    assert digest == SHA512, f"axe-core {VERSION} from npm has sha512 {digest}, not the {SHA512} of this file"
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        (folder / "axe.min.js").write_bytes(member.read())


def open_whole(page: Page, path: Path, scheme: str, width: int) -> None:
    """Open a page in a colour scheme at a width, with all folds open."""
    page.resize(width, 1500, touch=width < 400)
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(path)
    page.run("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")


def faults_by_axe(page: Page, axe: Path) -> list[list[str]]:
    """Return what axe-core finds wrong or cannot decide, but for the contrast of text in figures."""
    page.run(axe.read_text(encoding="utf-8") + ";0")
    return json.loads(page.run(ASK))


def check_contrast(page: Page, path: Path) -> int:
    """Measure the text of all figures of a page, light and dark, and return how many texts there were."""
    count = 0
    for scheme in ("light", "dark"):
        open_whole(page, path, scheme, 1440)  # narrower, figures are the same, in scroll boxes
        count, low = low_contrasts(page)
        assert low == [], scheme
    return count
