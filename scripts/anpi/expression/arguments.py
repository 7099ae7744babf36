"""The arguments by which a program takes a matrix of expression."""

from __future__ import annotations

import argparse
import sys

from anpi.expression.matrix import UNITS, Expression, read_expression


def add_expression(parser: argparse.ArgumentParser) -> None:
    """Add ``--expression`` and ``--unit``."""
    parser.add_argument(
        "--expression", required=True, help="genes in rows (Ensembl ids or symbols), samples in columns"
    )
    parser.add_argument("--unit", required=True, help=UNITS)


def given_expression(arguments: argparse.Namespace) -> Expression:
    """Read the matrix that the arguments name, and print what was noted of it.

    Raises
    ------
    InputError
        See `read_expression`.
    """
    expression = read_expression(arguments.expression, arguments.unit, genes_needed=False)
    for note in expression.notes:
        print(f"{arguments.expression}: {note}", file=sys.stderr)
    return expression
