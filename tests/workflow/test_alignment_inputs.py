"""The same reads as FASTQ, BAM and CRAM give the same bytes; damaged and empty samples stop no other, and are told."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from warm import python, snakemake

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TOOLS = ("salmon", "fastp", "samtools")
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.xdist_group("alignment_inputs"),
    pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="salmon, fastp and samtools are needed"),
]


def program(name: str, *words: object) -> subprocess.CompletedProcess:
    command = [python(), ROOT / "scripts" / f"{name}.py", *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


class Library:
    """Reads of one sample of the simulated trial, in many shapes, and the reference to quantify them against."""

    def __init__(self, trial: Path, folder: Path):
        self.folder = folder
        self.reads = [trial / "reads" / f"P003-B_L1_R{mate}.fastq.gz" for mate in (1, 2)]
        files = {
            "fasta": "transcripts.fa",
            "decoys": "decoys.txt",
            "transcripts": "transcripts.tsv.gz",
            "genes": "genes.tsv.gz",
            "landmarks": "landmarks.npy",
            "identity": "reference.json",
        }
        pairs = [word for name, file in files.items() for word in (f"--out-{name}", folder / file)]
        made = program("build_reference", "--transcripts", trial / "reference" / "transcripts.fa.gz", *pairs)
        assert made.returncode == 0, made.stderr
        index = ["salmon", "index", "-t", folder / "transcripts.fa", "-i", folder / "index", "--keepDuplicates"]
        subprocess.run(index, check=True, capture_output=True)
        lines = [gzip.decompress(file.read_bytes()).decode().splitlines() for file in self.reads]
        self.pairs = [list(zip(*[iter(mate)] * 4, strict=True)) for mate in lines]
        rng = np.random.default_rng(11)
        self.genome = "".join(rng.choice(list("ACGT"), 50_000))
        (folder / "genome.fa").write_text(f">chr1\n{self.genome}\n")
        self.places = rng.integers(0, 49_000, len(self.pairs[0])).tolist()

    def bam(self, path: Path) -> Path:
        """Write an alignment of the reads, in the order of the FASTQ; the mates lie on opposite strands."""
        header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": 50_000}]})
        with pysam.AlignmentFile(str(path), "wb", header=header) as out:
            for number, mates in enumerate(zip(*self.pairs, strict=True)):
                for mate, (name, bases, _, qualities) in enumerate(mates):
                    record = pysam.AlignedSegment(header)
                    record.query_name = name[1:].split()[0].removesuffix(f"/{mate + 1}")
                    record.flag = (0x91 if mate else 0x61) if number % 9 else (0x8D if mate else 0x4D)
                    turned = mate and number % 9
                    record.query_sequence = bases[::-1].translate(COMPLEMENT) if turned else bases
                    record.query_qualities = pysam.qualitystring_to_array(qualities[::-1] if turned else qualities)
                    if number % 9:
                        record.reference_id, record.reference_start = 0, self.places[number] + 200 * mate
                        record.cigartuples = [(0, len(bases))]
                    out.write(record)
        return path

    def sorted(self, name: str, *options: str) -> Path:
        target = self.folder / name
        kind = ["-O", "cram", "--reference", str(self.folder / "genome.fa")] if name.endswith("cram") else []
        source = str(self.bam(self.folder / "in_order.bam"))
        subprocess.run(["samtools", "sort", *options, *kind, "-o", str(target), source], check=True)
        return target

    def fastq(self, name: str, order: list[int], interleaved: bool = False, phred: int = 33) -> list[Path]:
        """Write the pairs as FASTQ in another order or shape."""
        mates = [[[*record] for record in mate] for mate in self.pairs]
        for record in (record for mate in mates for record in mate):
            record[3] = "".join(chr(ord(mark) - 33 + phred) for mark in record[3])
        text = [["\n".join(mate[number]) + "\n" for number in order] for mate in mates]
        if interleaved:
            text = [[one + two for one, two in zip(*text, strict=True)]]
        paths = [self.folder / f"{name}_{number}.fastq" for number in range(len(text))]
        for path, records in zip(paths, text, strict=True):
            path.write_text("".join(records))
        return paths

    def quantify(self, name: str, *words: object) -> dict[str, bytes]:
        """Run the program on units that ``words`` name; give salmon's files."""
        out = self.folder / name
        options = [
            "--sample",
            "S",
            "--index",
            self.folder / "index",
            "--landmarks",
            self.folder / "landmarks.npy",
            "--transcripts",
            self.folder / "transcripts.tsv.gz",
        ]
        done = program("quantify_sample", *options, "--out-dir", out, "--scratch", self.folder, *words)
        assert done.returncode == 0, done.stderr
        return {path.name: path.read_bytes() for path in (out / "salmon").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def library(good_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(good_trial, tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def quantified(library: Library) -> dict[str, bytes]:
    found = library.quantify("fastq", "--unit", "L1", *library.reads)
    assert b"\t" in found["quant.sf"]
    return found


@pytest.mark.parametrize("name", ["by_name.bam", "by_place.bam", "by_name.cram", "by_place.cram"])
def test_an_alignment_gives_the_bytes_of_its_fastq(library: Library, quantified, name: str):
    file = library.sorted(name, *(["-n"] if "by_name" in name else []))
    words = ["--genome", library.folder / "genome.fa", "--threads", 2]
    assert library.quantify(f"of_{name}", "--alignment", "A", file, *words) == quantified


@pytest.mark.parametrize("shape", ["shuffled", "interleaved", "phred64"])
def test_another_shape_of_the_fastq_gives_the_same_bytes(library: Library, quantified, shape: str):
    order = np.random.default_rng(5).permutation(len(library.pairs[0])).tolist()
    files = library.fastq(shape, order, shape == "interleaved", 64 if shape == "phred64" else 33)
    assert library.quantify(f"of_{shape}", "--unit", "L1", *files) == quantified


def test_molecular_identifiers_are_cut_off_and_kept_in_the_name(library: Library, quantified):
    """Twelve bases and a spacer of four before each first mate: without them, the reads are those of the library."""
    found = library.quantify("of_umi", "--unit", "L1", *identified(library, 1), "--umi", "L1", "read1:12+4")
    assert found["quant.sf"] == quantified["quant.sf"]
    reads = json.loads((library.folder / "of_umi" / "reads.json").read_text())
    assert reads["molecules"] == reads["fragments_mapped"] < reads["fragments_passed"] == reads["fragments"]


def test_copies_of_a_molecule_count_once(library: Library, quantified):
    """Every pair stands three times under names of its own: fragments are thrice as many, counts are the same."""
    library.quantify("of_copies", "--unit", "L1", *identified(library, 3), "--umi", "L1", "read1:12+4")
    once = json.loads((library.folder / "fastq" / "reads.json").read_text())
    reads = json.loads((library.folder / "of_copies" / "reads.json").read_text())
    assert reads["molecules"] == once["fragments_mapped"]
    assert reads["fragments_mapped"] == 3 * once["fragments_mapped"]
    counts = [
        pd.read_csv(library.folder / name / "salmon" / "quant.sf", sep="\t", index_col="Name")["NumReads"]
        for name in ("fastq", "of_copies")
    ]
    assert counts[1].sum() == pytest.approx(counts[0].sum(), abs=1)
    assert (counts[1] - counts[0]).abs().max() <= 2


def test_drawn_reads_of_a_contig_are_counted(library: Library, quantified):
    """The most read transcript stands for a phage: its share of the drawn reads is salmon's."""
    quant = pd.read_csv(library.folder / "fastq" / "salmon" / "quant.sf", sep="\t", index_col="Name")["NumReads"]
    sequences = (library.folder / "transcripts.fa").read_text().split(">")[1:]
    phage = next(text for text in sequences if text.split()[0] == quant.idxmax())
    contigs = library.folder / "contigs.fa"
    contigs.write_text(f">phage phix\n{phage.partition(chr(10))[2]}>none mouse\n{'ACGTTGCA' * 50}\n")
    library.quantify("of_strangers", "--unit", "L1", *library.reads, "--strangers", contigs)
    reads = json.loads((library.folder / "of_strangers" / "reads.json").read_text())
    found, share = reads["strangers"], quant.max() / reads["fragments_passed"]
    assert found["mouse"] == 0
    assert found["phix"] / found["fragments"] == pytest.approx(share, abs=4 * np.sqrt(share / found["fragments"]))


def identified(library: Library, copies: int) -> list[Path]:
    """Write the library with an identifier of its own before each first mate, each pair several times."""
    rng = np.random.default_rng(9)
    files = library.fastq("umi", np.repeat(np.arange(len(library.pairs[0])), copies).tolist())
    lines = [file.read_text().splitlines() for file in files]
    identifiers = ["".join(letters) for letters in rng.choice(list("ACGT"), (len(library.pairs[0]), 12))]
    lines[0][1::4] = [identifiers[n // copies] + "TATA" + bases for n, bases in enumerate(lines[0][1::4])]
    lines[0][3::4] = ["F" * 16 + qualities for qualities in lines[0][3::4]]
    for mate, file in enumerate(files):
        lines[mate][::4] = (
            [f"@{n}:{name[1:]}" for n, name in enumerate(lines[mate][::4])] if copies > 1 else lines[mate][::4]
        )
        file.write_text("\n".join(lines[mate]) + "\n")
    return files


@pytest.mark.parametrize("place", ["scratch", "results"])
def test_a_disk_that_fills_up_is_named_and_nothing_half_written(library: Library, tmp_path: Path, place: str):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = "size=100k" if place == "scratch" else "size=20k"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], check=False, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        out, scratch = (tmp_path / "out", disk) if place == "scratch" else (disk / "out", library.folder)
        words = ["--sample", "S", "--index", library.folder / "index", "--out-dir", out, "--scratch", scratch]
        words += ["--landmarks", library.folder / "landmarks.npy"]
        done = program("quantify_sample", *words, "--unit", "L1", *library.reads, "--record-failure")
        left = [path for path in (*out.rglob("*"), *disk.rglob("*")) if path.is_file()]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert done.returncode == 2
    assert f"{disk}" in done.stderr
    assert "no space left on the disk of" in done.stderr
    assert "Traceback" not in done.stderr
    assert left == []


def test_faulty_samples_are_told_and_the_others_go_on(library: Library, quantified, trial):
    """Beside a good BAM: a BAM without its end, a gzip file cut short, an empty library."""
    use = ["P003-B", "P004-B", "P005-B", "P007-B"]
    samples = pd.read_csv("config/samples.tsv", sep="\t", dtype=str)
    samples["use"] = ["yes" if sample in use else "no" for sample in samples["sample_id"]]
    samples.to_csv("config/samples.tsv", sep="\t", index=False, na_rep="NA")
    units = pd.read_csv("config/units.tsv", sep="\t", dtype=str).assign(bam="NA").set_index("sample_id")
    units = units.loc[use]
    for sample in use[:2]:
        library.bam(Path(f"reads/{sample}.bam"))
        units.loc[sample, ["fastq_1", "fastq_2", "bam"]] = ["NA", "NA", f"reads/{sample}.bam"]
    end = os.path.getsize("reads/P004-B.bam") - 28
    os.truncate("reads/P004-B.bam", end)
    whole = Path(units.loc["P005-B", "fastq_2"])
    content = whole.read_bytes()
    whole.unlink()
    whole.write_bytes(content[: len(content) // 2])
    for column in ("fastq_1", "fastq_2"):
        os.unlink(units.loc["P007-B", column])
        Path(units.loc["P007-B", column]).write_bytes(gzip.compress(b""))
    units.reset_index().to_csv("config/units.tsv", sep="\t", index=False, na_rep="NA")
    command = [*snakemake(), "--snakefile", ROOT / "workflow" / "Snakefile", "--configfile", "config/config.yaml"]
    done = subprocess.run(
        [*command, "--cores", "2", "results/qc/verdicts.tsv"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    verdicts = pd.read_csv("results/qc/verdicts.tsv", sep="\t", index_col=0)
    reasons = verdicts["reasons"].fillna("")
    assert (verdicts.loc[use[1:], "verdict"] == "fail").all()
    assert "P004-B.bam: the file is cut short" in reasons["P004-B"]
    assert "the gzip file is cut short" in reasons["P005-B"]
    assert "0 fragments sequenced" in reasons["P007-B"]
    assert "cut short" not in reasons["P003-B"]
    assert verdicts.loc["P003-B", "fragments"] == len(library.pairs[0])
    assert verdicts.loc[use[1:3], "genes_detected"].isna().all()
    assert Path("results/samples/P003-B/salmon/quant.sf").read_bytes() == quantified["quant.sf"]
