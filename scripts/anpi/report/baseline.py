"""What a patient brings: how the columns of the patients table and their levels are called."""

from __future__ import annotations

from anpi.report.numbers import text

VARIABLES = {
    "age": "Age, years",
    "sex": "Sex",
    "ecog": "ECOG performance status",
    "liver_mets": "Liver metastases",
    "brain_mets": "Brain metastases",
    "ldh": "LDH, in the unit of patients.csv",
    "prior_io": "Prior immunotherapy",
}
NUMBERS = ("age", "ldh")
YES_NO = {"Y": "yes", "N": "no"}
LEVELS = {"sex": {"F": "female", "M": "male"}, "liver_mets": YES_NO, "brain_mets": YES_NO, "prior_io": YES_NO}


def variable_words(variable: str) -> str:
    """Name a column in words; one that only this trial has by its own name."""
    return VARIABLES.get(variable, variable.replace("_", " "))


def level_words(variable: str, value: object) -> str:
    """Name a value of a column: ``female``, ``yes``, ``1``."""
    shown = text(value)
    return LEVELS.get(variable, {}).get(shown, shown)
