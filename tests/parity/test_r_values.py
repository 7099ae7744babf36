"""The values kept with the project are those that R gave."""

from __future__ import annotations

import json


def test_kept_values_are_r_s(r, external_data):
    files = {"survival": "01_survival", "exact": "02_exact", "other": "03_maxstat_rmst_roc_firth"}
    for part, name in files.items():
        assert r[part] == json.loads((external_data / "parity" / f"{name}.json").read_text())


def test_kept_inputs_are_r_s(data, external_data):
    for path in sorted(data.glob("*.csv")):
        assert path.read_bytes() == (external_data / "parity" / "data" / path.name).read_bytes()
