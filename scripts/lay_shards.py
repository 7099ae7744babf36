"""Lay the tables of shards one behind the other, and prove that each listed sample stands in each of them once.

Example
-------
python scripts/lay_shards.py --shards results/shards/0001 results/shards/0002 --tables calls scores --out results/shards
"""

import argparse
from pathlib import Path

from anpi.accounts.account import Account, account_table, refuse_open
from anpi.expression.sample_list import read_lists
from anpi.expression.shards import lay_tables
from anpi.files.writing import write_table
from anpi.problems import InputError, Problem, refuse
from anpi.program import run_program
from anpi.words.lists import plural


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", nargs="+", required=True, type=Path, help="folders, each with its samples.tsv")
    parser.add_argument("--tables", nargs="+", required=True, help="names of tables: <shard>/<table>.tsv")
    parser.add_argument("--out", required=True, type=Path, help="folder for <table>.tsv and accounts.tsv")
    arguments = parser.parse_args()
    samples = read_lists([shard / "samples.tsv" for shard in arguments.shards])
    given = sum(map(len, samples))
    accounts: list[Account] = []
    problems: list[Problem] = []
    for table in arguments.tables:
        files = [shard / f"{table}.tsv" for shard in arguments.shards]
        try:
            used, rows = lay_tables(files, samples, arguments.out / f"{table}.tsv")
            accounts.append(Account("samples", table, given, used, note=plural(rows, "row")))
        except InputError as error:
            problems += error.problems
    refuse(problems)
    table = account_table(accounts)
    refuse_open(table)
    write_table(arguments.out / "accounts.tsv", table)
    print(f"{plural(given, 'sample')} of {plural(len(samples), 'shard')} in {plural(len(accounts), 'table')}")


if __name__ == "__main__":
    run_program(main)
