"""What other Python programs may rely on: subtypes, signatures, endpoints, statistics.

Example
-------
>>> expression = anpi.read_expression("tpm.tsv.gz", "tpm")
>>> calls = anpi.call_subtypes(expression)
>>> scores = anpi.score_signatures(expression)
>>> endpoints = anpi.derive_endpoints(dict(patients=patients_file, assessments=assessments_file))
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from anpi.endpoints import derive, observations, rules
from anpi.expression.matrix import Expression, as_expression, read_expression
from anpi.files.shipped import REGISTRY
from anpi.problems import InputError
from anpi.signatures import registry, scores
from anpi.stats.cox import fit_cox
from anpi.stats.logistic import fit_logistic
from anpi.stats.survival import kaplan_meier
from anpi.subtypes import calls, model
from anpi.tables.clinical import read_clinical

__all__ = [
    "Expression",
    "InputError",
    "as_expression",
    "call_subtypes",
    "derive_endpoints",
    "fit_cox",
    "fit_logistic",
    "kaplan_meier",
    "read_expression",
    "score_signatures",
]


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
        The model is damaged, or the matrix has a unit that cannot be called from.
    """
    return calls.call_subtypes(expression, model.load_model(Path(model_folder)), counts=counts)


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
    return scores.score_signatures(expression, registry.read_registry(Path(registry_file)))


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
        Every fault of every table, each with its row, column and mend.
    """
    protocol = rules.read_rules(Path(rules_file))
    clinical = read_clinical(tables)
    return derive.derive_endpoints(clinical, observations.observe(clinical, protocol), protocol)
