"""The grade of degradation, and the depth behind a subtype call."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from anpi.alignment.gene_model import build_gene_model
from anpi.alignment.measure import measure_alignments
from anpi.expression.degradation import grade_degradation
from anpi.expression.summary import alignment_facts, depth_facts, quality_facts
from anpi.subtypes.model import load_model, subtype_genes


@pytest.mark.parametrize(
    ("facts", "grade", "reason"),
    [
        ({}, "unknown", None),
        ({"fragment_length_median": 180}, "good", "fragments of 180 bases"),
        ({"fragment_length_median": 149}, "moderate", "fragments of 149 bases"),
        ({"fragment_length_median": 99, "three_prime_share": 50}, "poor", "fragments of 99 bases"),
        (
            {"fragment_length_median": 220, "three_prime_share": 80.5},
            "poor",
            "80.5% of the outer coverage at the 3' end",
        ),
        (
            {"fragment_length_median": 120, "three_prime_share": 70},
            "moderate",
            "fragments of 120 bases; 70% of the outer coverage at the 3' end",
        ),
        # measured against the transcripts, when there is no alignment; a configured length tells nothing
        (
            {"layout": "paired", "fragment_length": 90, "fragment_length_measured": True},
            "poor",
            "fragments of 90 bases",
        ),
        ({"layout": "paired", "fragment_length": 90, "fragment_length_measured": False}, "unknown", None),
        ({"layout": "single", "fragment_length": 90, "fragment_length_measured": True}, "unknown", None),
    ],
)
def test_the_worse_of_two_facts_is_the_grade(facts, grade, reason):
    assert grade_degradation(facts) == {"degradation": grade, "degradation_reason": reason}


@pytest.mark.parametrize(
    ("length", "measured"),
    [
        (None, None),
        ({"mean": 180, "sd": 20, "source": "measured", "pairs": 900}, True),
        ({"mean": 180, "sd": 20, "source": "config, too few concordant pairs", "pairs": 3}, False),
        ({"mean": 180}, True),  # of a salmon result of the user's, which salmon measured
    ],
)
def test_a_configured_fragment_length_is_not_taken_for_a_measured_one(length, measured):
    genes = pd.DataFrame({"gene_id": ["a"], "counts": [9.0], "tpm": [1e6]})
    facts = quality_facts(genes, {"layout": "paired", "fragment_length": length}, None, {})
    assert facts["fragment_length_measured"] is measured


def test_depth_is_that_of_the_genes_that_the_model_looks_at():
    own, anchors = subtype_genes(load_model())
    symbols = {symbol: gene for gene, symbol in own.items()}
    # The factors of Rudin 2019 make a programme each.
    assert {"ASCL1", "NEUROD1", "POU2F3", "YAP1"} <= set(symbols)
    assert not set(anchors) & {symbols["ASCL1"], symbols["NEUROD1"], symbols["POU2F3"], symbols["YAP1"]}
    ids = [symbols["ASCL1"], symbols["NEUROD1"], symbols["YAP1"], *anchors[:3], "ENSG00000000000"]
    genes = pd.DataFrame({"gene_id": ids, "counts": [40.0, 2.0, 0.0, 7.0, 9.0, 100.0, 1e6]})
    assert depth_facts(genes, own, anchors) == {
        "subtype_gene_counts": 42,
        "subtype_gene_median": 2,
        "anchor_gene_median": 9,
        "counts_ASCL1": 40,
        "counts_NEUROD1": 2,
        "counts_POU2F3": None,  # the reference lacks it, which is not nought
        "counts_YAP1": 0,
    }


def test_the_facts_of_an_alignment_are_values_and_its_curves_stay_behind(tmp_path):
    exons = "".join(
        f'1\tt\texon\t{start}\t{start + 1999}\t.\t+\t.\tgene_id "G{start}"; transcript_id "T{start}";\n'
        for start in range(1, 60000, 3000)
    )
    (tmp_path / "genes.gtf").write_text(exons)
    rows = [
        f"r{i}\t{flag}\t1\t{at}\t60\t50M\t=\t{mate}\t{size}\t*\t*\n"
        for i in range(1, 1500)
        for flag, at, mate, size in ((99, 35 * i, 35 * i + 60, 110), (147, 35 * i + 60, 35 * i, -110))
    ]
    (tmp_path / "reads.sam").write_text("@HD\tVN:1.6\n@SQ\tSN:1\tLN:60000\n" + "".join(rows))
    measured = measure_alignments([tmp_path / "reads.sam"], build_gene_model(tmp_path / "genes.gtf"))
    facts = alignment_facts(json.loads(json.dumps(measured)))
    assert all(value is None or isinstance(value, str | int | float) for value in facts.values())
    assert set(measured) - set(facts) == {"gene_body_coverage", "fragment_length_histogram", "junction_curve"}
    assert grade_degradation(facts)["degradation_reason"] == "fragments of 110 bases"
