"""What MultiQC is given: files under the samples' names, facts in order, nothing that a module would choke on."""

from __future__ import annotations

import json
from pathlib import Path

import multiqc
import pandas as pd
import pytest
import yaml

from anpi.cohort.facts import FACTS
from anpi.files.shipped import ROOT
from anpi.report.multiqc import SECTIONS, stage_multiqc

ALL = frozenset({"fastp.json", "alignment.json", "gene_counts.summary"})
VERDICTS = pd.DataFrame(
    {
        "sample_id": ["007", "B.R1_001.bam", "Q"],
        "verdict": ["pass", "fail", "pass"],
        "reasons": [None, "5 fragments sequenced, below 100 (fail)", None],
        "mapping_rate": [91.25, None, 88.0],
        "exonic_share": [80.0, None, None],
        "strandedness_resolved": ["reverse", None, None],
    }
)


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """One sample with everything, one whose reads could not be used, one that came quantified, one taken out since."""
    samples = tmp_path / "samples"
    files = {
        "007/fastp.json": "{}",
        "007/salmon/aux_info/meta_info.json": '{"salmon_version": "1.10.1"}',
        "007/salmon/lib_format_counts.json": '{"compatible_fragment_ratio": 1.0}',
        "007/gene_counts.summary": "Status\t007\nAssigned\t9\n",
        "007/alignment.json": json.dumps({"gene_body_coverage": [0.5, 1.5], "fragment_length_histogram": [0] * 12}),
        "B.R1_001.bam/fastp.json": "{}",
        "B.R1_001.bam/salmon/aux_info/meta_info.json": '{"num_processed": 0, "num_mapped": 0}',
        "B.R1_001.bam/salmon/lib_format_counts.json": "{}",
        "gone/fastp.json": "{}",
    }
    for name, text in files.items():
        (samples / name).parent.mkdir(parents=True, exist_ok=True)
        (samples / name).write_text(text)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "aux_info").mkdir(parents=True)
    (elsewhere / "aux_info" / "meta_info.json").write_text('{"salmon_version": "0.13.1"}')
    out = tmp_path / "out"
    counts = stage_multiqc(VERDICTS, samples, {"Q": elsewhere}, out, dict.fromkeys(VERDICTS["sample_id"], ALL))
    assert counts == {"fastp": 2, "salmon": 2, "featureCounts": 1, "alignments": 1}
    return out


def test_what_samples_left_of_another_kind_of_input_is_not_shown(staged: Path, tmp_path: Path):
    """All files of the one lie there yet: once with reads alone, once with alignments, then as a result of salmon."""
    samples, out = tmp_path / "samples", tmp_path / "again"
    for made, seen in (
        ({"fastp.json"}, {"fastp": 1, "salmon": 1, "featureCounts": 0, "alignments": 0}),
        ({"alignment.json", "gene_counts.summary"}, {"fastp": 0, "salmon": 0, "featureCounts": 1, "alignments": 1}),
        (set(), {"fastp": 0, "salmon": 0, "featureCounts": 0, "alignments": 0}),
    ):
        assert stage_multiqc(VERDICTS, samples, {}, out, {"007": frozenset(made)}) == seen
    elsewhere = {"007": tmp_path / "elsewhere"}
    assert stage_multiqc(VERDICTS, samples, elsewhere, out, {"007": frozenset()})["salmon"] == 1


def content(staged: Path, name: str) -> dict:
    return json.loads((staged / f"{name}_mqc.json").read_text())


def test_files_bear_the_samples_names_and_only_those_of_the_run(staged: Path):
    names = {str(path.relative_to(staged)) for path in staged.rglob("*") if path.is_file()}
    assert names == {
        *("007.fastp.json", "B.R1_001.bam.fastp.json", "007.summary"),
        *("salmon/007/aux_info/meta_info.json", "salmon/007/lib_format_counts.json"),
        "salmon/Q/aux_info/meta_info.json",
        *(
            f"anpi_{name}_mqc.json"
            for name in ("general", "verdicts", "quantification", "alignments", "gene_body", "fragments")
        ),
    }


def test_a_fact_that_is_not_known_stays_out(staged: Path):
    general = content(staged, "anpi_general")
    assert general["data"]["007"] == {
        **{"verdict": "pass", "mapping_rate": 91.25, "exonic_share": 80.0},
        "strandedness_resolved": "reverse",
    }
    assert general["data"]["B.R1_001.bam"] == {"verdict": "fail"}
    assert [next(iter(column)) for column in general["pconfig"]] == [
        *("verdict", "mapping_rate", "exonic_share", "strandedness_resolved")
    ]


def test_curves_run_from_end_to_end(staged: Path):
    assert content(staged, "anpi_gene_body")["data"] == {"007": [[1, 0.5], [2, 1.5]]}
    assert [x for x, _ in content(staged, "anpi_fragments")["data"]["007"]] == list(range(12))


def test_a_cohort_without_reads_has_its_verdicts(tmp_path: Path):
    counts = stage_multiqc(VERDICTS, tmp_path / "none", {}, tmp_path / "out", {})
    assert set(counts.values()) == {0}
    assert content(tmp_path / "out", "anpi_verdicts")["data"]["B.R1_001.bam"]["reasons"].startswith("5 fragments")
    assert not (tmp_path / "out" / "anpi_identity_mqc.json").exists()  # nothing is known of it


def test_each_fact_has_its_section(tmp_path: Path):
    told = [column for _, _, columns in SECTIONS.values() for column in columns]
    assert len(told) == len(set(told))
    assert set(FACTS) <= set(told)
    known = VERDICTS.assign(sex_clinical="F", sex_expression="F", identity="match", contamination=0.5, aligned_rate=90)
    stage_multiqc(known, tmp_path, {}, tmp_path / "out", {})
    assert content(tmp_path / "out", "anpi_quantification")["data"]["Q"] == {"mapping_rate": 88.0}
    assert content(tmp_path / "out", "anpi_alignments")["data"]["Q"] == {"aligned_rate": 90}
    assert content(tmp_path / "out", "anpi_identity")["data"]["Q"] == {
        **{"identity": "match", "sex_clinical": "F", "sex_expression": "F", "contamination": 0.5}
    }


def test_multiqc_shows_the_sections_in_this_order():
    settings = yaml.safe_load((ROOT / "workflow" / "report" / "multiqc.yaml").read_text())
    assert [name for name in settings["custom_content"]["order"] if name in SECTIONS] == list(SECTIONS)


def test_texts_of_the_user_are_no_html(tmp_path: Path):
    said = "<img src=x onerror=alert(1)> 5 < 6 & more"
    stage_multiqc(VERDICTS.assign(reasons=said, override_reason=said), tmp_path, {}, tmp_path / "out", {})
    cells = json.loads((tmp_path / "out" / "anpi_verdicts_mqc.json").read_text())["data"]["007"]
    assert cells["reasons"] == cells["override_reason"] == "&lt;img src=x onerror=alert(1)&gt; 5 &lt; 6 &amp; more"


def test_multiqc_offers_to_send_nothing_to_a_service():
    settings = yaml.safe_load((ROOT / "workflow" / "report" / "multiqc.yaml").read_text())
    assert settings["no_ai"] is True
    assert "no_ai" in (Path(multiqc.__file__).parent / "config_defaults.yaml").read_text()
