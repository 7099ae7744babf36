"""Measure the contrast of text against what is painted under it, where axe-core cannot: in figures."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from browser.chromium import Page
from PIL import Image

AA = 4.5  # WCAG 2.1, 1.4.3: text below 18 pt
TEXTS = """(() => {
  const shown = (e) => e.textContent.trim() && e.getBoundingClientRect().width > 0;
  const opacity = (e) => e.closest('svg').parentElement === e ? 1 : +getComputedStyle(e).opacity * (
    e.tagName === 'svg' ? 1 : opacity(e.parentElement));
  return [...document.querySelectorAll('svg')].filter((s) => s.querySelector('text')).map((s) => {
    const box = s.getBoundingClientRect();
    return {box: [box.x + scrollX, box.y + scrollY, box.width, box.height],
      name: s.closest('figure, [id]')?.id || '',
      texts: [...s.querySelectorAll('text')].filter(shown).map((t) => {
        const r = t.getBoundingClientRect();
        return {words: t.textContent.trim(), fill: getComputedStyle(t).fill, opacity: opacity(t),
          box: [r.x - box.x, r.y - box.y, r.width, r.height]};
      })};
  });
})()"""
WITHOUT_TEXT = "svg text { visibility: hidden } .scroll { overflow: visible !important; max-height: none !important }"


def luminance(colour: np.ndarray) -> np.ndarray:
    """Return the relative luminance of WCAG 2.1 of sRGB colours, 0 to 255, in the last axis."""
    part = np.asarray(colour, float) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the contrast ratio of WCAG 2.1 of colours, from 1 to 21."""
    a, b = luminance(one), luminance(other)
    return (np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05)


def fill_of(text: dict[str, Any]) -> tuple[np.ndarray, float]:
    parts = [float(part) for part in text["fill"].split("(")[1].rstrip(")").split(",")]
    return np.array(parts[:3]), text["opacity"] * (parts[3] if len(parts) > 3 else 1)


def contrast_of_text(text: dict[str, Any], ground: np.ndarray) -> float:
    """Return the contrast that nine tenths of the pixels under a text reach: lines of a grid may cross it."""
    x, y, width, height = text["box"]
    under = ground[max(0, int(y)) : int(np.ceil(y + height)), max(0, int(x)) : int(np.ceil(x + width))].reshape(-1, 3)
    fill, opacity = fill_of(text)
    return float(np.quantile(contrast(opacity * fill + (1 - opacity) * under, under), 0.1))


def picture_of(page: Page, box: list[float]) -> np.ndarray:
    """Return the pixels of a part of the page, height x width x 3."""
    page.run(f"scrollTo({{top: {box[1]}, behavior: 'instant'}})")
    clip = dict(zip(("x", "y", "width", "height"), box, strict=True)) | {"scale": 1}
    data = page.send("Page.captureScreenshot", clip=clip)["data"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), float)


def low_contrasts(page: Page) -> tuple[int, list[tuple[str, str, float]]]:
    """Return how many texts of figures were measured, and those below AA: figure, words, contrast."""
    page.run(
        "(() => {const sheet = new CSSStyleSheet(); "
        f"sheet.replaceSync({WITHOUT_TEXT!r}); document.adoptedStyleSheets = [sheet];}})()"
    )
    measured, low = 0, []
    for figure in page.run(TEXTS):
        ground = picture_of(page, figure["box"])
        for text in figure["texts"]:
            measured += 1
            ratio = contrast_of_text(text, ground)
            low += [(figure["name"], text["words"], round(ratio, 1))] if ratio < AA else []
    page.run("document.adoptedStyleSheets = []")
    return measured, low
