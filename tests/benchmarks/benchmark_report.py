"""Time and size of the report for 40, 200, 500 and 1,000 patients, against bare matplotlib.

The rival draws the line of sums of each patient with matplotlib and saves it with ``savefig`` as it comes, nothing
else: no lane of treatment, no pages, no other figure, no workbook. The goals: 1,000 patients in 20 s of processor time,
40 patients under 10 MB, 500 under 40 MB, the first page under 2 MB at 200, its first paint in chromium within 1 s at 40
and 3 s at 1,000 (median of five openings; "all" is the load event).

  python tests/benchmarks/benchmark_report.py [--patients 24 40 200 1000 3000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts"), str(ROOT / "tests")]

from browser.chromium import BINARY, Page
from matplotlib.figure import Figure
from unit.report.made import make_tables, read_made, write_run

from anpi.report.page import write_report


def draw_bare(timepoints: pd.DataFrame, target: Path) -> None:
    """Draw the line of each patient by matplotlib alone."""
    for _, scans in timepoints.groupby("patient_id"):
        figure = Figure(figsize=(7.4, 3.3))
        figure.add_subplot().plot(scans["assessment_day"], scans["change_from_baseline_pct"])
        figure.savefig(target)


PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
OPENINGS = 5


def time_opening(path: Path) -> tuple[float, float]:
    """Return the seconds to the first paint of a page and to its load event, medians; NaN without chromium."""
    if BINARY is None:
        return float("nan"), float("nan")
    paints, loads = [], []
    with tempfile.TemporaryDirectory() as profile:
        page = Page(Path(profile), 1440, 900)
        try:
            for _ in range(OPENINGS):
                page.open(path)
                page.wait_for(f"{PAINT} !== undefined && {LOADED} > 0", 60)
                paints.append(page.run(PAINT) / 1000)
                loads.append(page.run(LOADED) / 1000)
        finally:
            page.close()
    return statistics.median(paints), statistics.median(loads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", nargs="+", type=int, default=[24, 40, 200, 1000, 3000])
    print("patients  CPU s  ms a patient  index MB  all MB  first paint s  all s  times bare matplotlib")
    for count in parser.parse_args().patients:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            tables = make_tables(count)
            write_run(folder, tables)
            start = time.process_time()
            write_report(read_made(folder), folder / "report")
            report = time.process_time() - start
            start = time.process_time()
            draw_bare(tables["timepoints"], folder / "course.svg")
            rival = time.process_time() - start
            sizes = [path.stat().st_size for path in (folder / "report").rglob("*") if path.is_file()]
            index = folder / "report" / "index.html"
            page = index.stat().st_size
            paint, loaded = time_opening(index)
        per = 1000 * report / count
        print(
            f"{count:8d} {report:6.1f} {per:13.0f} {page / 1e6:9.2f} {sum(sizes) / 1e6:7.1f} {paint:14.2f}"
            f" {loaded:6.1f} {report / rival:19.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
