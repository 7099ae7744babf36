"""The units of a sample as the rules need them, read from the sheet once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from anpi.wiring.programs import option

READS = ("fastq_1", "fastq_2", "bam")
# What decides how the reads of a unit are read; files are known by their content beside it.
DECISIVE = ("unit_id", "kind", "aligned_to", "umi")


@dataclass(frozen=True)
class SampleUnits:
    """The rows of ``units.tsv`` of a sample, all of one kind; none for an unknown sample."""

    rows: tuple[Mapping[str, str | None], ...] = ()

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Kinds of the units: ``paired``, ``single``, ``bam``, ``quant``."""
        return frozenset(str(row["kind"]) for row in self.rows)

    @cached_property
    def reads(self) -> list[str]:
        """Files that hold the reads: FASTQ, BAM or CRAM, in the order of the sheet."""
        return [file for column in READS for file in self.column(column)]

    @cached_property
    def alignments(self) -> list[str]:
        """Alignments of the user's, BAM or CRAM."""
        return self.column("bam")

    @property
    def aligned_to(self) -> str:
        """What alignments are to: ``genome`` or ``transcriptome``."""
        return next(iter(self.column("aligned_to")), "genome")

    @property
    def strandedness(self) -> str:
        """The declared strandedness, ``auto`` when none is."""
        return next((word for word in self.column("strandedness") if word != "auto"), "auto")

    @property
    def quant(self) -> str | None:
        """Path of the salmon result of the user's."""
        return next(iter(self.column("quant")), None)

    @property
    def identified(self) -> bool:
        """Whether the reads have molecular identifiers."""
        return bool(self.column("umi"))

    @property
    def decisive(self) -> list[dict[str, str | None]]:
        """What of the units decides a result beside their files: for Snakemake's record."""
        return [{column: row[column] for column in DECISIVE} for row in self.rows]

    def column(self, name: str) -> list[str]:
        return [value for row in self.rows if (value := row[name]) is not None]

    def options(self, place: Mapping[str, str]) -> str:
        """Write the options that name the units; ``place`` says where the job finds each file."""
        words = []
        for row in self.rows:
            files = [place[file] for column in READS if (file := row[column]) is not None]
            words.append(option("--unit" if row["bam"] is None else "--alignment", [row["unit_id"], *files]))
            if row["umi"] is not None:
                words.append(option("--umi", [row["unit_id"], row["umi"]]))
        return " ".join(words)


def units_by_sample(units: pd.DataFrame | None) -> dict[str, SampleUnits]:
    """Put the rows of the sheet in the order of their samples."""
    rows: dict[str, list[Mapping[str, str | None]]] = {}
    for row in [] if units is None else units.to_dict("records"):
        rows.setdefault(row["sample_id"], []).append(row)
    return {sample: SampleUnits(tuple(of_sample)) for sample, of_sample in rows.items()}
