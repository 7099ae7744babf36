"""Mutations of expression matrices, gene sets, registries, verdicts and salmon tables."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from attack.mutation import Kinds
from attack.tables import Table, column_kinds, line_kinds, text_kinds

OTHER_PEOPLE = "whose profile stands in a column is not told by a matrix; with reads, genotypes and sex tell it"
ONE_VALUE = "one plausible value for another"


def numbers_of(table: Table) -> np.ndarray:
    return np.array([[float(cell) for cell in row[1:]] for row in table.rows[1:]])


def with_numbers(table: Table, values: np.ndarray) -> bytes:
    for row, numbers in zip(table.rows[1:], values, strict=True):
        row[1:] = [f"{number:.6g}" for number in numbers]
    return table.write()


def matrix_kinds(unit: str) -> Kinds:
    """Return what can be done to a matrix of genes and samples."""
    kinds = text_kinds()
    line_kinds(kinds)
    for name in ("row lost", "two columns exchanged", "column twice"):
        kinds.kinds.pop(name, None)
    gene_kinds(kinds)
    sample_kinds(kinds)
    scale_kinds(kinds, unit)
    number_kinds(kinds)
    return kinds


def gene_kinds(kinds: Kinds) -> None:
    def genes(name: str, change: Callable[[random.Random, list[str]], list[str]], judgement: str = "") -> None:
        @kinds.add(name, judgement)
        def _(rng, content):
            table = Table.read(content)
            new = change(rng, [row[0] for row in table.rows[1:]])
            for row, gene in zip(table.rows[1:], new, strict=True):
                row[0] = gene
            return table.write()

    def some(rng, names, change, share=0.02):
        return [change(name) if rng.random() < share else name for name in names]

    genes("names of genes sorted apart from their values", lambda rng, names: rng.sample(names, len(names)))
    genes("names of genes shifted by a row", lambda rng, names: names[1:] + names[:1])
    genes("genes of a mouse", lambda rng, names: [name.replace("ENSG0", "ENSMUSG0") for name in names])
    genes("genes as numbers", lambda rng, names: [str(number + 1) for number in range(len(names))])
    genes("genes turned into dates", lambda rng, names: [*names[:-2], "1-Mar", "2-Sep"])
    genes("names of genes with blanks", lambda rng, names: some(rng, names, lambda name: f" {name} "))
    genes("names of genes in lower case", lambda rng, names: some(rng, names, str.lower, 0.2))
    genes("versions of genes", lambda rng, names: [f"{name}.{rng.randrange(1, 20)}" for name in names])
    genes("names of genes lost", lambda rng, names: some(rng, names, lambda name: ""))
    genes("one gene's name for all", lambda rng, names: names[:1] * len(names))

    @kinds.add("transposed")
    def _(rng, content):
        table = Table.read(content)
        table.rows = [list(cells) for cells in zip(*table.rows, strict=True)]
        return table.write()

    @kinds.add("gene twice with other values")
    def _(rng, content):
        table = Table.read(content)
        row = rng.choice(table.rows[1:])
        table.rows.append([row[0], *(f"{float(cell) * 2 + 1:.6g}" for cell in row[1:])])
        return table.write()

    @kinds.add("genes lost by chance")
    def _(rng, content):
        table = Table.read(content)
        table.rows[1:] = [row for row in table.rows[1:] if rng.random() > 0.4]
        return table.write()


def sample_kinds(kinds: Kinds) -> None:
    @kinds.add("two samples exchanged", OTHER_PEOPLE)
    def _(rng, content):
        table = Table.read(content)
        one, other = rng.sample(range(1, len(table.header)), 2)
        table.header[one], table.header[other] = table.header[other], table.header[one]
        return table.write()

    @kinds.add("one sample's values for another's")
    def _(rng, content):
        table = Table.read(content)
        one, other = rng.sample(range(1, len(table.header)), 2)
        for row in table.rows[1:]:
            row[one] = row[other]
        return table.write()

    @kinds.add("sample lost")
    def _(rng, content):
        table = Table.read(content)
        place = rng.randrange(1, len(table.header))
        table.rows = [row[:place] + row[place + 1 :] for row in table.rows]
        return table.write()

    @kinds.add("sample twice")
    def _(rng, content):
        table = Table.read(content)
        place = rng.randrange(1, len(table.header))
        table.rows = [[*row, row[place]] for row in table.rows]
        return table.write()

    @kinds.add("sample of zeros")
    def _(rng, content):
        return one_sample(rng, content, lambda column: column * 0)

    @kinds.add("sample of one value")
    def _(rng, content):
        return one_sample(rng, content, lambda column: column * 0 + 3)

    @kinds.add("sample as logarithms")
    def _(rng, content):
        return one_sample(rng, content, lambda column: np.log2(np.abs(column) + 1))

    @kinds.add("sample with its values in another order")
    def _(rng, content):
        return one_sample(rng, content, lambda column: column[rng.sample(range(len(column)), len(column))])

    @kinds.add("sample a thousand times")
    def _(rng, content):
        return one_sample(rng, content, lambda column: column * 1000)


def one_sample(rng: random.Random, content: bytes, change: Callable[[np.ndarray], np.ndarray]) -> bytes:
    table = Table.read(content)
    values = numbers_of(table)
    place = rng.randrange(values.shape[1])
    values[:, place] = change(values[:, place])
    return with_numbers(table, values)


def scale_kinds(kinds: Kinds, unit: str) -> None:
    def scaled(name: str, change: Callable[[np.ndarray], np.ndarray], judgement: str = "") -> None:
        kinds.add(name, judgement)(
            lambda rng, content: with_numbers(table := Table.read(content), change(numbers_of(table)))
        )

    if unit == "log2_tpm_plus_1":
        scaled("logarithms undone", lambda values: np.exp2(values) - 1)
        scaled("natural logarithms", lambda values: values * np.log(2))
        scaled("logarithms of ten", lambda values: values * np.log10(2))
    scaled("logarithms", lambda values: np.log2(np.abs(values) + 1))
    scaled("centred", lambda values: values - values.mean(axis=1, keepdims=True))
    scaled("z-scores", lambda values: (values - values.mean(1, keepdims=True)) / (values.std(1, keepdims=True) + 0.01))
    scaled("shifted upwards", lambda values: values + 5)
    scaled("scaled up", lambda values: values * 1e6)
    scaled("ranks", lambda values: values.argsort(axis=0).argsort(axis=0) + 1.0)
    scaled("shares", lambda values: values / values.sum(axis=0))


def number_kinds(kinds: Kinds) -> None:
    def cell(name: str, words: tuple[str, ...], judgement: str = "") -> None:
        @kinds.add(name, judgement)
        def _(rng, content):
            table = Table.read(content)
            row = rng.choice(table.rows[1:])
            row[rng.randrange(1, len(row))] = rng.choice(words)
            return table.write()

    cell("number that is none", ("inf", "-inf", "1e400", "0x1A", "#REF!", "=A1", "True", "1_000", "nan(x)", "abc"))
    cell("decimal comma", ("1,5", "12.345,6", "1 234"))
    cell("number beyond all", ("1e30", "-1e30", "1e12", "-5"))
    cell(
        "value missing", ("NA", "", "nan"), "a value not measured may be missing; its gene is not used for that sample"
    )

    @kinds.add("decimal commas throughout")
    def _(rng, content):
        return content.replace(b".", b",")


def gmt_kinds() -> Kinds:
    """Return what can be done to gene sets."""
    kinds = text_kinds()

    def lines(name: str, change, judgement: str = "") -> None:
        @kinds.add(name, judgement)
        def _(rng, content):
            rows = [line.split("\t") for line in content.decode().splitlines()]
            new = change(rng, rows)
            return "".join("\t".join(row) + "\n" for row in new).encode()

    lines("set twice", lambda rng, rows: [*rows, rng.choice(rows)])
    lines("set without genes", lambda rng, rows: [*rows[:-1], rows[-1][:2]])
    lines("set with empty cells", lambda rng, rows: [[*row[:2], "", *row[2:]] for row in rows])
    lines("set without a name", lambda rng, rows: [["", *rows[0][1:]], *rows[1:]])
    lines("gene twice in a set", lambda rng, rows: [[*rows[0], rows[0][2]], *rows[1:]])
    lines("description lost", lambda rng, rows: [[row[0], *row[2:]] for row in rows])
    lines("unknown genes", lambda rng, rows: [[*row[:2], *(gene[::-1] + "9" for gene in row[2:])] for row in rows])
    lines("genes of a mouse", lambda rng, rows: [[*row[:2], *(gene.capitalize() for gene in row[2:])] for row in rows])
    lines("some unknown genes", lambda rng, rows: [[*rows[0][:2], "NOGENE1", *rows[0][3:]], *rows[1:]])
    lines("genes turned into dates", lambda rng, rows: [[*rows[0], "1-Mar", "2-Sep"], *rows[1:]])
    lines("separated by blanks", lambda rng, rows: [[" ".join(row)] for row in rows])
    lines("separated by commas", lambda rng, rows: [[",".join(row)] for row in rows])
    lines("name of a signature of the registry", lambda rng, rows: [["gep18", *rows[0][1:]], *rows[1:]])
    lines("name with marks", lambda rng, rows: [[f"a/../{rows[0][0]}<b>", *rows[0][1:]], *rows[1:]])
    return kinds


Change = Callable[[random.Random, str], str]


def table_kinds(lost: str = "") -> Kinds:
    """Return what can be done to any table; ``lost`` says why rows may lack, where no rule can tell that they do."""
    kinds = text_kinds()
    line_kinds(kinds)
    column_kinds(kinds)
    for name in ("row lost", "cut at a row's end") if lost else ():
        kinds.add(name, lost)(kinds.kinds.pop(name).change)
    return kinds


def cells_of(kinds: Kinds) -> Callable[..., None]:
    """Return how a change of one cell is added: another word, or what is made of the word."""

    def cell(name: str, column: str, change: tuple[str, ...] | Change, judgement: str = "") -> None:
        @kinds.add(name, judgement)
        def _(rng, content):
            table = Table.read(content)
            row, place = rng.choice(table.rows[1:]), table.header.index(column)
            row[place] = rng.choice(change) if isinstance(change, tuple) else change(rng, row[place])
            return table.write()

    return cell


def registry_kinds() -> Kinds:
    """Return what can be done to the table of signatures."""
    kinds = table_kinds("a registry may list fewer signatures; the scores show which")
    cell = cells_of(kinds)
    cell("method of another name", "method", ("mean", "", "weighted-sum", "ssgsea2"))
    cell("unit of another name", "unit", ("rpkm", "", "log2_tpm_plus_x", "log2_tpm_plus_-1", "log2_tpm_plus_nan"))
    cell("coverage that is none", "minimum_coverage", ("nan", "", "2", "-1", "inf", "80%", "abc"))
    cell("genes that are not there", "genes_file", ("no.tsv", "", "../../../etc/passwd", "/dev/zero"))
    cell("name of another signature", "id", ("ifng6", "", "../x"))
    return kinds


def genes_kinds() -> Kinds:
    """Return what can be done to a table of the genes and weights of signatures."""
    kinds = table_kinds("a signature may have fewer genes; genes_total shows how many")

    @kinds.add("weight that is none")
    def _(rng, content):
        table = Table.read(content)
        place = table.header.index("weight")
        row = rng.choice([row for row in table.rows[1:] if row[place]])
        row[place] = rng.choice(["nan", "inf", "1,5", "abc", "1e400", "0x10"])
        return table.write()

    return kinds


def target_kinds() -> Kinds:
    """Return what can be done to a list of targets."""
    kinds = table_kinds("a list may hold fewer targets; the table shows which")
    cell = cells_of(kinds)
    words = ("Tumour", "tumor", "", "stroma", "tumour ", "tum\u043eur", "nan", "-9")
    cell("compartment of another word", "compartment", lambda rng, cell: rng.choice(words))
    cell("gene misspelt", "genes", lambda rng, cell: cell.replace(cell[1:3], "zz", 1))
    cell("gene of a mouse", "genes", lambda rng, cell: cell.capitalize())
    cell("genes apart by other marks", "genes", lambda rng, cell: f"{cell},CD8A".replace(",", rng.choice(";| /+")))
    cell(
        "empty names among the genes",
        "genes",
        lambda rng, cell: rng.choice([",", f"{cell},", f",{cell}", f"{cell},NA"]),
    )
    cell("gene twice", "genes", lambda rng, cell: f"{cell},{cell}")
    cell("name of another target", "target", lambda rng, cell: rng.choice(["DLL3", "dll3", "SEZ6", "", "nan", "-"]))
    cell("gene of another target", "genes", lambda rng, cell: "CD8A", ONE_VALUE)

    return kinds


def verdict_kinds() -> Kinds:
    """Return what can be done to verdicts."""
    kinds = table_kinds()
    cell = cells_of(kinds)
    cell("verdict of another word", "verdict", ("ok", "", "PASS", "failed", "1", "p\u0430ss"))
    cell("sample of no matrix", "sample_id", ("nobody", "", "P001\u200b-B"))
    return kinds


def salmon_kinds() -> Kinds:
    """Return what can be done to a salmon table."""
    kinds = table_kinds()

    def numbers(name: str, column: str, change: Callable[[random.Random, list[float]], list[float]]) -> None:
        @kinds.add(name)
        def _(rng, content):
            table = Table.read(content)
            place = table.header.index(column)
            values = change(rng, [float(row[place]) for row in table.rows[1:]])
            for row, value in zip(table.rows[1:], values, strict=True):
                row[place] = f"{value:.6f}" if place > 1 else f"{value:.0f}"
            return table.write()

    def one(rng, values, change):
        place = rng.choice([place for place, value in enumerate(values) if value > 10])
        return [change(value) if number == place else value for number, value in enumerate(values)]

    for column in ("TPM", "NumReads", "EffectiveLength", "Length"):
        numbers(f"{column} in another order", column, lambda rng, values: rng.sample(values, len(values)))
        numbers(f"{column} shifted by a row", column, lambda rng, values: values[1:] + values[:1])
        numbers(f"{column} doubled", column, lambda rng, values: [2 * value for value in values])
        numbers(f"{column} of one row changed", column, lambda rng, values: one(rng, values, lambda value: value * 3))
        numbers(f"{column} of one row negative", column, lambda rng, values: one(rng, values, lambda value: -value))
        numbers(f"{column} of zeros", column, lambda rng, values: [0.0 for _ in values])

        def words(rng, content, column=column):
            table = Table.read(content)
            row = rng.choice(table.rows[1:])
            row[table.header.index(column)] = rng.choice(
                ["nan", "inf", "True", "1e300", "", "1,5", "0x10", "-0.1", "١"]
            )
            return table.write()

        kinds.add(f"{column} that is none")(words)

    @kinds.add("transcript of another name")
    def _(rng, content):
        table = Table.read(content)
        row = rng.choice(table.rows[1:])
        row[0] = rng.choice([row[0] + "x", "", row[0][:-1], row[0].lower(), "ENSMUST00000000001.1"])
        return table.write()

    return kinds
