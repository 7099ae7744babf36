"""What MultiQC shows: each tool's files under the name of their sample, and anpi's own facts as its custom content."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from anpi.cohort.facts import FACTS
from anpi.files.intact import read_json
from anpi.files.rows import Document, Json, Scalar
from anpi.files.writing import write_text
from anpi.trial.results import Made

VERDICT_COLOURS = [{"pass": "#4c9a5f"}, {"warn": "#F0C75E"}, {"fail": "#C4501B"}]
# Columns of MultiQC's general statistics: title, description, MultiQC's settings.
GENERAL: dict[str, tuple[str, str, Document]] = {
    "verdict": (
        "Verdict",
        "anpi's verdict by the thresholds of the config",
        {
            "scale": False,
            "cond_formatting_rules": {level: [{"s_eq": level}] for level in ("pass", "warn", "fail")},
            "cond_formatting_colours": VERDICT_COLOURS,
        },
    ),
    "mapping_rate": ("Mapped", "Fragments that map to transcripts (salmon), of those that pass the filters", {}),
    "aligned_rate": ("Aligned", "Reads that align to the genome", {}),
    "exonic_share": ("Exonic", "Alignments in exons", {}),
    "intronic_share": ("Intronic", "Alignments in introns", {}),
    "duplicate_rate": ("Duplicates", "Alignments marked as duplicates", {"scale": "OrRd"}),
    "strandedness_resolved": ("Strand", "Strandedness, settled from alignments, salmon and sheet", {"scale": False}),
    "degradation": ("Degradation", "How degraded the RNA looks", {"scale": False}),
    "sex_expression": ("Sex", "Sex by XIST and Y genes", {"scale": False}),
    "contamination": ("Contamination", "Another person's share of the RNA", {"scale": "OrRd"}),
    "count_agreement_pearson": (
        "Counts r",
        "Correlation of the counts of salmon and of the alignments, log2",
        {"min": 0, "max": 1, "format": "{:,.3f}"},
    ),
}
OF_READS = ("fragments", "passed_filter_rate", "mapping_rate", "genes_detected", "top_gene_share")
OF_PERSONS = ("contamination",)
# Sections of their own: what each is, and the columns of verdicts.tsv that it shows.
SECTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "anpi_verdicts": (
        "Verdicts",
        "Verdicts by the thresholds of the config, as the analyses read them.",
        ("verdict", "reasons", "verdict_before_override", "override_reason"),
    ),
    "anpi_quantification": (
        "Quantification",
        "Reads and what salmon or a count of alignments made of them.",
        (*OF_READS, "library_type", "strandedness_resolved", "count_agreement_pearson"),
    ),
    "anpi_alignments": (
        "Alignments",
        "Where the reads align to the genome, as anpi measures it.",
        tuple(n for n in FACTS if n not in (*OF_READS, *OF_PERSONS, "count_agreement_pearson")),
    ),
    "anpi_identity": (
        "Identity",
        "Whether samples are of the persons they are said to be of: genotypes, sex, another person's RNA.",
        ("identity", "identity_reason", "genotype_sites", "sex_clinical", "sex_expression", *OF_PERSONS),
    ),
}
TITLES = {
    "verdict": "Verdict",
    "reasons": "Reasons of the verdict, all of them",
    "verdict_before_override": "Verdict by its facts",
    "override_reason": "Set by hand because",
    "library_type": "Library type",
    "strandedness_resolved": "Strand",
    "identity": "Genotypes",
    "identity_reason": "Genotypes: why",
    "genotype_sites": "Sites read",
    "sex_clinical": "Sex in the patients table",
    "sex_expression": "Sex by genes",
}
PERCENT: Document = {"min": 0, "max": 100, "suffix": "%", "scale": "YlGn", "format": "{:,.1f}"}


def stage_multiqc(
    verdicts: pd.DataFrame, samples_dir: Path, quantified: Mapping[str, Path], out: Path, samples: Made
) -> dict[str, int]:
    """Lay out a folder for MultiQC to read.

    Parameters
    ----------
    verdicts : pandas.DataFrame
        ``sample_id``, ``verdict``, ``reasons`` and the facts; its samples are shown.
    samples_dir : Path
        Holds ``<sample>/`` with whatever of ``fastp.json``, ``salmon/``, ``gene_counts.summary``, ``alignment.json``
        the sample has.
    quantified : mapping
        Folder of the salmon result of samples that came with one.
    out : Path
        An empty folder.
    samples : mapping
        Which of these files the run made, by sample.

    Returns
    -------
    dict
        How many samples have each kind of file.
    """
    counts = {"fastp": 0, "salmon": 0, "featureCounts": 0, "alignments": 0}
    curves: dict[str, dict[str, list[float]]] = {"gene_body_coverage": {}, "fragment_length_histogram": {}}
    for sample in verdicts["sample_id"]:
        folder, made = samples_dir / sample, samples.get(sample, ())
        salmon = quantified.get(sample, folder / "salmon")
        if "fastp.json" in made:
            counts["fastp"] += copy(folder / "fastp.json", out / f"{sample}.fastp.json")
        if "gene_counts.summary" in made:
            counts["featureCounts"] += copy(folder / "gene_counts.summary", out / f"{sample}.summary")
        if sample in quantified or "fastp.json" in made:
            facts, formats = "aux_info/meta_info.json", "lib_format_counts.json"
            place = out / "salmon" / sample
            counts["salmon"] += copy(salmon / facts, place / facts, with_words="salmon_version")
            copy(salmon / formats, place / formats, with_words="compatible_fragment_ratio")
        if "alignment.json" in made and (folder / "alignment.json").is_file():
            counts["alignments"] += 1
            measured = read_json(folder / "alignment.json")
            for name, lines in curves.items():
                if measured.get(name):
                    lines[sample] = measured[name]
    for name, content in custom_content(verdicts, curves).items():
        # In this order: MultiQC shows columns as they come, and draws lines from point to point.
        write_text(out / f"{name}_mqc.json", json.dumps(content, ensure_ascii=False) + "\n")
    return counts


def copy(source: Path, target: Path, with_words: str = "") -> bool:
    """Copy a file when it is there and holds some words, of which a module of MultiQC cannot do without."""
    if not source.is_file() or with_words not in source.read_text(encoding="utf-8", errors="replace"):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return True


def custom_content(verdicts: pd.DataFrame, curves: Mapping[str, Mapping[str, list[float]]]) -> dict[str, Document]:
    """Return MultiQC's custom content: general statistics, tables, coverage along genes, fragment lengths."""
    rows = verdicts.set_index("sample_id")
    content = {"anpi_general": general_statistics(rows), **tables(rows)}
    if body := curves["gene_body_coverage"]:
        content["anpi_gene_body"] = line_plot(
            "Coverage along genes",
            "Mean coverage from the 5' to the 3' end of genes; degraded RNA is covered at the 3' end most.",
            {"xlab": "Place in the gene, % from the 5' end", "ylab": "Coverage (mean 1)", "ymin": 0},
            {sample: list(enumerate(line, 1)) for sample, line in body.items()},
        )
    if lengths := curves["fragment_length_histogram"]:
        content["anpi_fragments"] = line_plot(
            "Fragment lengths",
            "Pairs by the length of their fragment, of pairs within one long exon.",
            {"xlab": "Length, bases", "ylab": "Pairs", "ymin": 0},
            {sample: list(enumerate(line)) for sample, line in lengths.items()},
        )
    return content


def general_statistics(rows: pd.DataFrame) -> Document:
    """Return columns for MultiQC's first table; those of which nothing is known stay out."""
    filled = [name for name in GENERAL if name in rows and rows[name].notna().any()]
    headers: list[Document] = []
    for name in filled:
        title, description, settings = GENERAL[name]
        numeric = pd.api.types.is_numeric_dtype(rows[name])
        shared: Document = PERCENT if numeric and "max" not in settings else {}
        headers.append({name: {"title": title, "description": description, **shared, **settings}})
    return {"id": "anpi_general", "plot_type": "generalstats", "pconfig": headers, "data": cells(rows[filled])}


def tables(rows: pd.DataFrame) -> dict[str, Document]:
    """Return a table a section of `SECTIONS`, with what is known of some sample; one of nothing is left out."""
    titles = TITLES | {name: fact.title for name, fact in FACTS.items()}
    found: dict[str, Document] = {}
    for name, (title, description, columns) in SECTIONS.items():
        filled = [column for column in columns if column in rows and rows[column].notna().any()]
        if not filled:
            continue
        headers: dict[str, Document] = {column: {"title": titles[column], "scale": False} for column in filled}
        if "verdict" in headers:
            headers["verdict"] |= GENERAL["verdict"][2]
        found[name] = {
            "id": name,
            "section_name": title,
            "description": description,
            "plot_type": "table",
            "pconfig": {"id": f"{name}_table", "title": f"anpi: {title.lower()}", "col1_header": "Sample"},
            "headers": headers,
            "data": cells(rows[filled]),
        }
    return found


def line_plot(title: str, description: str, settings: Document, data: Mapping[str, Json]) -> Document:
    name = "anpi_" + title.lower().replace(" ", "_")
    return {
        "id": name,
        "section_name": title,
        "description": description,
        "plot_type": "linegraph",
        "pconfig": {"id": f"{name}_plot", "title": f"anpi: {title}", **settings},
        "data": data,
    }


def cells(rows: pd.DataFrame) -> dict[str, dict[str, Scalar]]:
    """Return what is known of each sample; a cell that is not known stays out. MultiQC takes texts for HTML."""
    return {
        str(sample): {name: escaped(value) for name, value in row.items() if not pd.isna(value) and value != ""}
        for sample, row in zip(rows.index, rows.to_dict("records"), strict=True)
    }


def escaped(value: Scalar) -> Scalar:
    return html.escape(value, quote=False) if isinstance(value, str) else value
