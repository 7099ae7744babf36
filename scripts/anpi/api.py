"""What other Python programs may rely on: subtypes, signatures, endpoints, statistics.

Example
-------
>>> expression = anpi.read_expression("tpm.tsv.gz", "tpm")
>>> calls = anpi.call_subtypes(expression)
>>> scores = anpi.score_signatures(expression)
>>> endpoints = anpi.derive_endpoints(dict(patients=patients_file, assessments=assessments_file))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from anpi.endpoints import derive, observations, rules
from anpi.expression.matrix import Expression, as_expression, read_expression
from anpi.files.shipped import REGISTRY
from anpi.fractions.til10 import read_profiles
from anpi.pathways.progeny import read_weights
from anpi.problems import InputError, Problem, nearest, refuse
from anpi.signatures import registry, scores
from anpi.stats import cox, logistic, survival
from anpi.stats.checked import checked
from anpi.subtypes import calls, model
from anpi.tables.clinical import TABLES, read_clinical
from anpi.tables.targets import read_target_table
from anpi.trial import methods
from anpi.trial.endpoints import ENDPOINTS

__all__ = [
    "Expression",
    "InputError",
    "as_expression",
    "call_subtypes",
    "derive_endpoints",
    "fit_cox",
    "fit_logistic",
    "kaplan_meier",
    "list_methods",
    "read_expression",
    "score_signatures",
]
AS_EXPRESSION = "what as_expression or read_expression returns"
kaplan_meier = checked(survival.kaplan_meier)
fit_cox = checked(cox.fit_cox)
fit_logistic = checked(logistic.fit_logistic)


def call_subtypes(
    expression: Expression, model_folder: Path | str = model.DEFAULT, counts: Expression | None = None
) -> pd.DataFrame:
    """Call SCLC-A/N/P/I subtypes of single samples by a locked model.

    Parameters
    ----------
    expression : Expression
        Genes x samples in TPM or counts, from `read_expression` or `as_expression`.
    model_folder : path
        Folder of a model; the shipped one by default.
    counts : Expression, optional
        Counts of the same samples: for read depth and stability of the calls.

    Returns
    -------
    pandas.DataFrame
        One row per sample, columns as in docs/tables/subtypes_calls.md.

    Raises
    ------
    InputError
        The model is damaged, the matrix has a unit that cannot be called from, or ``counts`` holds no counts.
    """
    refuse_no_expression("expression", expression)
    if counts is not None:
        refuse_no_expression("counts", counts)
        if counts.unit != "counts":
            mend = "Give the counts of the same samples, or none: TPM do not tell how many reads there were."
            raise InputError(Problem("counts", column="unit", found=counts.unit, expected="counts", mend=mend))
    return calls.call_subtypes(expression, model.load_model(Path(model_folder)), counts=counts)


def refuse_no_expression(name: str, given: object) -> None:
    """Refuse a plain table, of which nobody has said the unit."""
    if not isinstance(given, Expression):
        mend = "Say what unit its numbers have: as_expression(table, 'tpm')."
        raise InputError(Problem(name, found=type(given).__name__, expected=AS_EXPRESSION, mend=mend))


def score_signatures(expression: Expression, registry_file: Path | str = REGISTRY) -> pd.DataFrame:
    """Score immune and tumour signatures of single samples.

    Returns
    -------
    pandas.DataFrame
        One row per sample and signature, columns as in docs/tables/immune_scores.md.

    Raises
    ------
    InputError
        The registry or a list of genes is damaged.
    """
    refuse_no_expression("expression", expression)
    return scores.score_signatures(expression, registry.read_registry(Path(registry_file)))


def list_methods(registry_file: Path | str = REGISTRY, model_folder: Path | str = model.DEFAULT) -> pd.DataFrame:
    """List all that is measured, with the method behind it, its source and its limits.

    Returns
    -------
    pandas.DataFrame
        One row per signature, cell type, pathway, target, subtype scheme, exploratory method and endpoint: ``kind``,
        ``id``, ``name``, ``method``, ``needs``, ``coverage`` (least share of the genes; 0: no genes are needed),
        ``samples`` (least number), ``low`` and ``high`` (that a number can be), ``reference``, ``limits``.

    Raises
    ------
    InputError
        The registry, a list of genes or the model is damaged.
    """
    columns = ["kind", "id", "name", "method", "needs", "coverage", "samples", "low", "high", "reference", "limits"]
    return pd.DataFrame(method_rows(Path(registry_file), Path(model_folder)), columns=columns)


def method_rows(registry_file: Path, model_folder: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of `list_methods`: what a name has of its own, over the record of its method."""
    for signature in registry.read_registry(registry_file):
        scoring = replace(methods.SCORING[signature.method], coverage=signature.minimum_coverage)
        yield method_row(scoring, signature.id, signature.name, signature.citation)
    for cell_type in read_profiles().cell_types:
        yield method_row(methods.QUANTISEQ, cell_type)
    for pathway in dict.fromkeys(read_weights()["pathway"]):
        yield method_row(methods.PROGENY, pathway)
    for target in read_target_table().to_dict("records"):
        threshold = f"Threshold: {target['threshold']} ({target['threshold_source'] or 'none published'})."
        record = replace(methods.TARGET_LEVEL, limits=(*methods.TARGET_LEVEL.limits, threshold))
        yield method_row(record, target["target"], target["name"])
    gay = replace(methods.GAY, coverage=model.load_model(model_folder).settings["coverage"]["programme"])
    for record in (gay, methods.RUDIN, methods.NABET, methods.FOREST, methods.CONSENSUS_NMF, methods.CORRELATION):
        yield method_row(record, record.id)
    for endpoint in ENDPOINTS:
        yield method_row(endpoint.method, endpoint.name, endpoint.words)


def method_row(
    record: methods.Method, name: str, words: str | None = None, reference: str | None = None
) -> dict[str, object]:
    """Return the row of what a method measures."""
    return {
        **vars(record),
        "id": name,
        "name": words or record.name,
        "method": record.id,
        "low": record.span[0],
        "high": record.span[1],
        "reference": reference or record.reference,
        "limits": " ".join(record.limits),
    }


def derive_endpoints(tables: Mapping[str, Path | str | None], rules_file: Path | str = rules.DEFAULT) -> pd.DataFrame:
    """Derive RECIST 1.1 endpoints from the clinical tables of a trial.

    Parameters
    ----------
    tables : mapping
        Paths of ``patients`` and, where there are, ``assessments``, ``lesions``, ``therapies``.
    rules_file : path
        The protocol's rules; those of the shipped ``config/endpoints.yaml`` by default.

    Returns
    -------
    pandas.DataFrame
        One row per patient, columns as in docs/tables/clinical_endpoints.md.

    Raises
    ------
    InputError
        Every fault of every table, each with its row, column and mend; a table of another name.
    """
    refuse(table_problems(tables))
    protocol = rules.read_rules(Path(rules_file))
    clinical = read_clinical(tables)
    return derive.derive_endpoints(clinical, observations.observe(clinical, protocol), protocol)


def table_problems(tables: Mapping[str, Path | str | None]) -> list[Problem]:
    """Find tables of unknown names, which would be passed over, tables that are no files, and the lack of patients."""
    known = ", ".join(TABLES)
    problems = []
    for name, path in tables.items():
        if name not in TABLES:
            near = nearest(name, TABLES)
            mend = f"Is it {near}?" if near else None
            problems.append(Problem("tables", found=name, expected=f"one of {known}", mend=mend))
        elif path is not None and not isinstance(path, (str, Path)):
            found = type(path).__name__
            problems.append(Problem("tables", column=name, found=found, expected="the path of a file"))
    if tables.get("patients") is None:
        problems.append(Problem("tables", "the table is missing", column="patients"))
    return problems
