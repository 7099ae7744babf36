"""Gene names: ids with versions, symbols with dashes, former symbols, duplicates, spreadsheet dates."""

from __future__ import annotations

import pandas as pd
import pytest

from anpi.expression.genes import (
    ALIASES,
    GENES,
    annotate,
    is_excel_date,
    read_aliases,
    read_gene_table,
    read_shipped,
    strip_version,
)
from anpi.tables.reading import read_text_table


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("ENSG00000139352.4", "ENSG00000139352"),
        ("ENSG00000139352", "ENSG00000139352"),
        ("ENSG00000182378.15_PAR_Y", "ENSG00000182378_PAR_Y"),
        ("NKX2-1", "NKX2-1"),
        ("HLA-A", "HLA-A"),
        ("AC004893.11", "AC004893.11"),
        ("RP11-206L10.9", "RP11-206L10.9"),
        ("H1-0", "H1-0"),
    ],
)
def test_only_ensembl_ids_lose_their_version(name, bare):
    assert strip_version(name) == bare


@pytest.mark.parametrize(
    ("name", "mangled"),
    [
        *(("2-Sep", True), ("Sep-02", True), ("1-Mar", True), ("1-DEC", True), ("2001-03-01", True)),
        *(("2001-03-01 00:00:00", True), ("SEPTIN2", False), ("SEPT2", False), ("MARCHF1", False), ("DEC1", False)),
        *(("01.03.2024", True), ("1.3.2024", True), ("01.03.24", True), ("2024/03/01", True), ("1-March", True)),
        *(("1. März", True), ("2-September", True), ("MARCH1", False), ("AC004893.11", False), ("1.3.1.2", False)),
        *(("1-mrt", True), ("2-set", True), ("dic-01", True), ("Mrz 01", True), ("sep/02", True), ("02/set", True)),
        *(("02/09/2021 00:00", True), ("SET", False), ("SETD2", False), ("DICER1", False), ("MAR1", False)),
        *(("NKX2-1", False), ("H1-0", False), ("HLA-A", False), ("10-Jun-protein", False)),
    ],
)
def test_names_that_became_dates(name, mangled):
    assert is_excel_date(name) is mangled


def test_no_gene_is_called_like_a_date():
    assert [name for name in [*read_gene_table()["symbol"], *read_aliases()] if is_excel_date(name)] == []


# Gene ids as Ensembl and HGNC publish them.
PUBLISHED = [
    ("ENSG00000139352.4", "ENSG00000139352", "ASCL1"),
    ("ENSG00000162992", "ENSG00000162992", "NEUROD1"),
    ("NKX2-1", "ENSG00000136352", "NKX2-1"),
    ("HLA-A", "ENSG00000206503", "HLA-A"),
    ("TP53", "ENSG00000141510", "TP53"),
    ("SEPT2", "ENSG00000168385", "SEPTIN2"),
    ("AARS", "ENSG00000090861", "AARS1"),
]


def test_ids_symbols_and_former_symbols_find_the_gene():
    found = annotate([name for name, _, _ in PUBLISHED])
    assert found["gene_id"].tolist() == [gene for _, gene, _ in PUBLISHED]
    assert found["symbol"].tolist() == [symbol for _, _, symbol in PUBLISHED]
    assert found["biotype"].eq("protein_coding").all()
    assert found["length"].between(500, 50_000).all()


def test_what_no_annotation_knows_keeps_its_name_and_has_no_length():
    found = annotate(["ENSG99999999999.2", "my-gene", "TP53"])
    assert found["gene_id"].tolist() == ["ENSG99999999999", "my-gene", "ENSG00000141510"]
    assert found["symbol"].tolist() == ["ENSG99999999999", "my-gene", "TP53"]
    assert found["length"].isna().tolist() == [True, True, False]


def test_a_symbol_of_two_genes_means_the_coding_one():
    table = pd.DataFrame(
        [("ENSG00000000001", "X", "lncRNA", 5.0), ("ENSG00000000002", "X", "protein_coding", 7.0)],
        columns=["gene_id", "symbol", "biotype", "length"],
    )
    assert annotate(["X"], table)["gene_id"].tolist() == ["ENSG00000000002"]


def test_a_present_symbol_is_not_read_as_a_former_one():
    """QARS was renamed QARS1; TTF1 is a gene of its own and a former name of NKX2-1."""
    found = annotate(["TTF1", "QARS"])
    assert found["symbol"].tolist() == ["TTF1", "QARS1"]


def test_the_shipped_table_names_every_gene_once():
    genes = read_gene_table()
    assert genes["gene_id"].is_unique
    assert (genes["length"] > 0).all()
    assert 19_000 < genes["biotype"].eq("protein_coding").sum() < 21_000


@pytest.mark.parametrize("path", [GENES, ALIASES])
def test_shipped_tables_are_read_at_once_as_those_of_a_user_are(path):
    pd.testing.assert_frame_equal(read_shipped(path), read_text_table(path))
