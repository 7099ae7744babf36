"""Which sections each page has, in order: a new section is a module of this room and a line here."""

from __future__ import annotations

from collections.abc import Callable

from anpi.report.answers import answers
from anpi.report.associations import associations, sensitivity
from anpi.report.biology import signatures, subtypes
from anpi.report.blocks import Section
from anpi.report.changes import changes
from anpi.report.efficacy import course, efficacy
from anpi.report.expression import expression
from anpi.report.genes import genes
from anpi.report.methods import methods, remark
from anpi.report.patient_map import patients_on_a_map
from anpi.report.patients import everybody, patients
from anpi.report.quality import quality
from anpi.report.safety import queries, safety, safety_terms
from anpi.report.summary import summary
from anpi.report.tables import Run
from anpi.report.targets import targets
from anpi.report.under_treatment import under_treatment

Make = Callable[[Run], Section | None]
FIRST_PAGE: tuple[Make, ...] = (summary, changes, patients_on_a_map, genes, course, answers, safety, everybody)
DETAILS: tuple[Make, ...] = (
    patients,
    quality,
    subtypes,
    signatures,
    targets,
    under_treatment,
    efficacy,
    associations,
    expression,
    safety_terms,
    sensitivity,
    queries,
    methods,
    remark,
)


def sections_of(run: Run, makers: tuple[Make, ...]) -> list[Section]:
    """Return a page's sections; one that the run has nothing for is left out."""
    return [section for make in makers if (section := make(run))]
