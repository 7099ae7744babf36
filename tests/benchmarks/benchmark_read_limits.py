"""How often limits of reads hold what an endless library of the same tumour would show, by depth and kind of feature.

Tumours of all subtypes with stroma, simulated; libraries of each are drawn at every depth. Of single samples, and of
the change between two different tumours of the same depth. With --tpm, columns of log2(TPM + 1) of real tumours take
the place of the simulated ones.

  python tests/benchmarks/benchmark_read_limits.py [--depths 30 100 450 2000] [--tumours 12] [--tpm FILE]
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("scripts", ".")]

from measure_changes import measures_of

from anpi.change.features import COLUMNS, SUBTYPE, fraction_features, target_features
from anpi.change.measure import compare
from anpi.change.reads import read_errors, within_errors
from anpi.expression.genes import annotate, read_gene_table
from anpi.expression.matrix import Expression
from anpi.fractions.estimate import estimate_fractions
from anpi.pathways.progeny import read_weights
from anpi.subtypes.model import DEFAULT, load_model
from anpi.targets.levels import score_targets
from anpi.targets.lists import read_targets
from demo.expression import build_model, draw_tumours, simulate_expression
from demo.genes import asked_genes, choose_genes

MEASURES = measures_of([], load_model(DEFAULT))
KEYS = ["kind", "feature"]


def simulated(count: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return TPM of simulated tumours, and the lengths of their genes."""
    genes = choose_genes(asked=asked_genes() | set(read_weights()["gene_id"]))
    kinds = pd.Series(list("ANPI" * count)[:count], index=[f"T{i}" for i in range(count)])
    return simulate_expression(draw_tumours(kinds, seed), seed, build_model(genes)), genes["length"].astype(float)


def real(path: Path, count: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return TPM of the first columns of a file of log2(TPM + 1), symbols in the first, and lengths of genes."""
    table = np.exp2(pd.read_csv(path, sep="\t", index_col=0).iloc[:, :count]) - 1
    table.index = pd.Index(annotate(table.index.tolist())["gene_id"], name="gene_id")
    lengths = read_gene_table().drop_duplicates("gene_id").set_index("gene_id")["length"].astype(float)
    table = table[table.index.isin(lengths.index) & ~table.index.duplicated()].sort_index().clip(lower=0)
    return table / table.sum() * 1e6, lengths[table.index]


def features_of(tpm: Expression, counts: Expression | None) -> pd.DataFrame:
    """Return the features of all samples, with limits where there are counts."""
    parts = [target_features(score_targets(tpm, read_targets(), counts)), fraction_features(estimate_fractions(tpm))]
    parts[0] = parts[0][parts[0]["kind"].eq("gene")]
    for kind, measure in MEASURES.items():
        table = measure.levels(tpm).rename_axis("sample_id").reset_index().melt("sample_id", var_name="feature")
        parts.append(table.assign(kind=kind))
    table = pd.concat(parts).reindex(columns=COLUMNS).dropna(subset=["value"])
    odds = table["kind"].eq(SUBTYPE)
    table.loc[odds, "value"] = 1 / (1 + np.exp(-table.loc[odds, "value"]))
    samples = list(tpm.values.columns)
    return table if counts is None else within_errors(table, read_errors(tpm, counts, MEASURES, samples))


def libraries(truth: pd.DataFrame, lengths: pd.Series, table: pd.DataFrame, depth: int) -> tuple[Expression, ...]:
    """Draw a library of each tumour; return TPM and counts."""
    draw, drawn = np.random.default_rng(depth), {}
    for name in truth:
        each = truth[name] * lengths
        drawn[name] = draw.multinomial(depth * len(lengths), each / each.sum())
    counts = pd.DataFrame(drawn, index=truth.index).astype(float)
    rates = counts.div(lengths, axis=0)
    return Expression(rates / rates.sum() * 1e6, table, "tpm"), Expression(counts, table, "counts")


def changes_of(features: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the changes from each tumour to the next with what they truly are."""
    parts, samples = [], list(dict.fromkeys(features["sample_id"]))
    for start, end in itertools.pairwise(samples):
        both, real = (
            table[table["sample_id"].eq(start)].merge(
                table[table["sample_id"].eq(end)], on=KEYS, suffixes=("_before", "_after")
            )
            for table in (features, truth)
        )
        real["truth"] = real["value_after"] - real["value_before"]
        parts.append(compare(both).merge(real[[*KEYS, "truth"]], on=KEYS))
    return pd.concat(parts)


def main() -> None:
    """Print a line a depth and kind: share of limits that hold the truth, and that of the worst tenth of features."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depths", type=int, nargs="+", default=[30, 100, 450, 2000], help="fragments a gene")
    parser.add_argument("--tumours", type=int, default=12)
    parser.add_argument("--seed", type=int, default=11, help="of the tumours; the rule was chosen on others")
    parser.add_argument("--tpm", type=Path)
    options = parser.parse_args()
    truth, lengths = real(options.tpm, options.tumours) if options.tpm else simulated(options.tumours, options.seed)
    table = pd.DataFrame({"gene_id": truth.index, "symbol": annotate(list(truth.index))["symbol"].to_numpy()})
    table["length"] = lengths.to_numpy()
    deep = features_of(Expression(truth, table, "tpm"), None)
    print("depth\tkind\tof value\tworst tenth\tof change\tlimits")
    with threadpool_limits(1):
        for depth in options.depths:
            found = features_of(*libraries(truth, lengths, table, depth))
            values = found.merge(deep[["sample_id", *KEYS, "value"]], on=["sample_id", *KEYS], suffixes=("", "_true"))
            values = values.rename(columns={"value_true": "truth"})
            shares = {}
            for name, rows in (("value", values), ("change", changes_of(found, deep))):
                rows = rows.dropna(subset=["low", "high", "truth"])
                shares[name] = rows.assign(held=(rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"]))
            for kind, rows in shares["value"].groupby("kind"):
                worst = rows.groupby("feature")["held"].mean().quantile(0.1)
                change = shares["change"].loc[shares["change"]["kind"].eq(kind), "held"].mean()
                held = rows["held"].mean()
                print(f"{depth}\t{kind}\t{held:.3f}\t{worst:.3f}\t{change:.3f}\t{len(rows)}", flush=True)


if __name__ == "__main__":
    main()
