"""Genes that a list of the user names, held against the annotation and the matrix before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anpi.expression.genes import ENSEMBL_GENE, annotate, read_aliases, read_gene_table
from anpi.expression.matrix import read_gene_names
from anpi.problems import Problem, nearest, refuse


def check_genes(
    file: str, column: str, lists: Sequence[str | None], matrix: Path | str | None, others: str
) -> list[str]:
    """Refuse names in lists that commas separate which no gene has; note those that the matrix has no row of.

    Parameters
    ----------
    lists : sequence of str or None
        Cells of the column, from row 2 on.
    matrix : Path, str or None
        The expression matrix, whose own row names are genes too; None with reads, whose reference is not read here.
    others : str
        What becomes of a row whose gene is not in the matrix.

    Returns
    -------
    list of str
        A note for each row with genes that the matrix lacks.

    Raises
    ------
    InputError
        Every name that is no gene, with the nearest that is.
    """
    rows = None if matrix is None else read_gene_names(matrix)
    measured = None if rows is None else set(annotate(rows)["gene_id"]) | set(rows)
    genes = read_gene_table()
    every_name = {*genes["symbol"], *genes["gene_id"], *read_aliases()} | (measured or set())
    problems, notes = [], []
    for place, text in enumerate(lists, start=2):
        names = [name.strip() for name in (text or "").split(",") if name.strip()]
        ids = annotate(names)["gene_id"]
        strange = [
            name
            for name, gene in zip(names, ids, strict=True)
            if not {name, gene} & every_name and not ENSEMBL_GENE.fullmatch(name)
        ]
        for name in strange:
            near = nearest(name, every_name, 0.7)
            mend = f"Is it {near}?" if near else "Give the symbol of HGNC, or the Ensembl id."
            problems.append(Problem(file, "no gene has this name", row=place, column=column, found=name, mend=mend))
        pairs = zip(names, ids, strict=True)
        lacking = [name for name, gene in pairs if name not in strange and not {name, gene} & (measured or {name})]
        if lacking:
            notes.append(f"{file}, row {place}, column {column}: not in the matrix: {', '.join(lacking)}; {others}")
    refuse(problems)
    return notes
