"""Real reads through the quantify step: mapping rates, published counts, damaged and empty files, the same bytes."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from warm import python

from anpi.cohort.verdicts import judge_samples
from anpi.expression.summary import quality_facts, read_quant, summarise_genes
from anpi.problems import InputError
from anpi.quantification.quantify import Reference as Quantified
from anpi.quantification.quantify import quantify_sample
from anpi.quantification.reference import build_landmarks, build_reference
from anpi.quantification.salmon import FragmentLength
from anpi.reads import sample_reads
from anpi.reads.sample_reads import Unit

ROOT = Path(__file__).resolve().parents[2]
SINGLE_END = FragmentLength(200, 30, "config")
COVERED = 6.2e6
LEAST_PUBLISHED = 100
CLONE = re.compile(r"(RP\d+-|CT[ABCD]-|A[CLP]\d{6}\.|LL\d|XX)")

pytestmark = [
    pytest.mark.xdist_group("real_reads"),
    pytest.mark.skipif(not (shutil.which("salmon") and shutil.which("fastp")), reason="salmon and fastp are needed"),
]

ENCODE = {
    "ENCSR653DFZ_rep1": ("ENCSR653DFZ_rep1_chr19_10000reads_R1", "ENCSR653DFZ_rep1_chr19_10000reads_R2"),
    "ENCSR653DFZ_rep2": ("ENCSR653DFZ_rep2_chr19_10000reads_R1", "ENCSR653DFZ_rep2_chr19_10000reads_R2"),
    "ENCSR142YZV": ("ENCSR142YZV_chr19only_10000_reads_R1", "ENCSR142YZV_chr19only_10000_reads_R2"),
    "ENCSR510QZW_rep1": ("rep1_ENCSR510QZW_chr19only_10000_reads", None),
    "ENCSR510QZW_rep2": ("rep2_ENCSR510QZW_chr19only_10000_reads", None),
}


class Reference:
    """Transcripts of real data with their salmon index."""

    def __init__(self, folder: Path, transcripts: Path, gtf: Path | None = None):
        self.index = folder / "index"
        self.landmarks = folder / "landmarks.npy"
        self.table = build_reference(transcripts, gtf, None, folder / "transcripts.fa")
        build_landmarks(folder / "transcripts.fa", self.landmarks)
        command: list[str | Path] = [
            "salmon",
            "index",
            "-t",
            folder / "transcripts.fa",
            "-i",
            self.index,
            "-p",
            "2",
            "--keepDuplicates",
        ]
        subprocess.run(command, check=True, capture_output=True)

    def quantify(self, folder: Path, *units: tuple[Path, Path | None], threads: int = 1) -> tuple[pd.DataFrame, dict]:
        """Quantify a sample; give its genes and ``reads.json``."""
        scratch = folder / "scratch"
        scratch.mkdir(parents=True)
        listed = [Unit(f"L{n}", str(first), str(second) if second else None) for n, (first, second) in enumerate(units)]
        reference = Quantified(self.index, self.landmarks)
        quantify_sample("sample", listed, reference, folder / "out", scratch, threads, SINGLE_END)
        genes, _ = summarise_genes(read_quant(folder / "out" / "salmon" / "quant.sf"), self.table, "quant.sf")
        return genes, json.loads((folder / "out" / "reads.json").read_text())


@pytest.fixture(scope="session")
def encode(external_data, tmp_path_factory) -> Reference:
    """All chr19 transcripts of Ensembl, and the spike-ins, whose genes a GTF tells."""
    source = external_data / "data" / "reads" / "encode_chr19"
    folder = tmp_path_factory.mktemp("encode")
    gtf = gzip.decompress((source / "gencodeV24pri-tRNAs-ERCC-phiX_onlychr19_and_spikeins.gtf.gz").read_bytes())
    spike_ins = [line for line in gtf.decode().splitlines() if "\tspikein\t" in line]
    # The GTF names the spike-in ERCC-00002 tSpikein_ERCC-00002, the FASTA does not.
    (folder / "spike_ins.gtf").write_text("\n".join(re.sub("[gt]Spikein_", "", line) for line in spike_ins) + "\n")
    return Reference(folder, source / "Homo_sapiens.GRCh38.cdna.all.chr19_ERCC_phix.fa.gz", folder / "spike_ins.gtf")


@pytest.fixture(scope="session")
def armor(external_data, tmp_path_factory) -> Reference:
    folder = external_data / "data" / "reads" / "armor_airway_chr1" / "reference" / "Gencode28"
    return Reference(tmp_path_factory.mktemp("armor"), folder / "gencode.v28.transcripts.1.1.10M.fa.gz")


@pytest.fixture(scope="session")
def airway(armor, external_data, tmp_path_factory) -> dict[str, tuple[Path, pd.DataFrame, dict]]:
    """Quantify both airway samples once: folder, genes, ``reads.json``."""
    results = {}
    for run in ("SRR1039508", "SRR1039509"):
        folder = tmp_path_factory.mktemp(run)
        results[run] = (folder, *armor.quantify(folder, armor_files(external_data, run)))
    return results


def encode_files(external_data: Path, library: str) -> tuple[Path, Path | None]:
    folder = external_data / "data" / "reads" / "encode_chr19"
    first, second = ENCODE[library]
    return folder / f"{first}.fastq.gz", folder / f"{second}.fastq.gz" if second else None


def armor_files(external_data: Path, run: str) -> tuple[Path, Path]:
    folder = external_data / "data" / "reads" / "armor_airway_chr1" / "FASTQ"
    return folder / f"{run}_R1.fastq.gz", folder / f"{run}_R2.fastq.gz"


@pytest.mark.parametrize("library", ENCODE)
def test_encode_libraries_map_as_known(encode, external_data, tmp_path, library):
    genes, reads = encode.quantify(tmp_path, encode_files(external_data, library))
    assert reads["fragments"] == 10_000
    assert reads["layout"] == ("paired" if ENCODE[library][1] else "single")
    assert 9_000 <= reads["fragments_passed"] <= 10_000
    assert 88 <= round(100 * reads["fragments_mapped"] / reads["fragments_passed"], 1) <= 95
    assert genes["counts"].sum() == pytest.approx(reads["fragments_mapped"], abs=1)
    assert genes["tpm"].sum() == pytest.approx(1e6, rel=1e-5)


def published_by_gene(external_data: Path, run: str, table: pd.DataFrame) -> pd.DataFrame:
    """Sum the published result to genes and keep the named ones below 6.2 Mb with 100 or more reads.

    The result is of GENCODE v29 and names transcripts alone: genes come from the headers of v28 and from MANE, which
    knows transcripts that v29 added (such as ISG15's main one), and positions from MANE.
    """
    mane = pd.read_csv(external_data / "data" / "genes" / "MANE.GRCh38.v1.5.summary.txt.gz", sep="\t")
    mane["gene_id"] = mane["Ensembl_Gene"].str.split(".").str[0]
    gene_of = dict(zip(mane["Ensembl_nuc"].str.split(".").str[0], mane["gene_id"], strict=True))
    gene_of |= dict(zip(table["transcript_id"].str.split(".").str[0], table["gene_id"], strict=True))
    quant = read_quant(external_data / "data" / "quants" / "airway" / run / "quant.sf.gz")
    reads = quant["NumReads"].groupby(quant["Name"].str.split(".").str[0].map(gene_of)).sum()
    genes = table.drop_duplicates("gene_id").set_index("gene_id")[["symbol"]]
    genes["start"] = mane.drop_duplicates("gene_id").set_index("gene_id")["chr_start"]
    genes["published"] = reads
    named = ~genes["symbol"].str.match(CLONE)
    return genes[named & (genes["start"] < COVERED) & (genes["published"] >= LEAST_PUBLISHED)]


@pytest.mark.parametrize("run", ["SRR1039508", "SRR1039509"])
def test_airway_reads_agree_with_the_published_full_sample(armor, airway, external_data, run):
    _, genes, reads = airway[run]
    published = published_by_gene(external_data, run, armor.table)
    assert len(published) >= 40
    counts = genes.set_index("gene_id")["counts"].reindex(published.index)
    assert np.corrcoef(np.log2(counts + 1), np.log2(published["published"] + 1))[0, 1] >= 0.98
    assert (counts / published["published"]).median() == pytest.approx(0.096, abs=0.003)
    assert reads["library_type"] == "IU"
    assert reads["fragment_length"]["source"] == "measured"


def test_the_length_is_the_distance_that_mapped_mates_lie_apart(armor, airway, external_data, tmp_path):
    """Told by salmon's places of pairs that map once; its own template lengths end with a match, not with the mate."""
    first, second = armor_files(external_data, "SRR1039508")
    command = ["salmon", "quant", "-i", armor.index, "-l", "IU", "-1", first, "-2", second, "-o", "out", "-p", "2"]
    subprocess.run([*command, "--writeMappings=out.sam", "--skipQuant"], cwd=tmp_path, check=True, capture_output=True)
    apart = []
    for line in (tmp_path / "out.sam").read_text().splitlines():
        fields = line.split("\t")
        if not line.startswith("@") and "NH:i:1" in fields and int(fields[1]) & 0x2 and not int(fields[1]) & 0x10:
            apart.append(int(fields[7]) - int(fields[3]) + len(fields[9]))
    length = airway["SRR1039508"][2]["fragment_length"]
    assert length["mean"] == pytest.approx(np.mean([bases for bases in apart if bases >= 63]), rel=0.03)


def test_the_same_bytes_over_runs_threads_and_room_on_the_disk(armor, airway, external_data, tmp_path, monkeypatch):
    files = armor_files(external_data, "SRR1039508")
    folders = [airway["SRR1039508"][0], tmp_path / "again", tmp_path / "threads"]
    armor.quantify(folders[1], files, threads=1)
    assert (folders[1] / "scratch" / "trimmed0_1.fastq").exists()
    monkeypatch.setattr(sample_reads, "has_room", lambda *given: False)
    armor.quantify(folders[2], files, threads=2)
    assert (folders[2] / "scratch" / "trimmed0_1.fastq.gz").exists()
    results = []
    for folder in folders:
        out = folder / "out"
        results.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert Path("salmon/quant.sf") in results[0]
    assert results[0] == results[1]
    assert results[0] == results[2]


def test_lanes_together_are_the_sample(armor, airway, external_data, tmp_path):
    """A sample cut in two units has the reads of both, and the genes of the uncut one."""
    whole = armor_files(external_data, "SRR1039509")
    lanes = []
    for lane in range(2):
        files = []
        for mate, source in enumerate(whole):
            lines = gzip.decompress(source.read_bytes()).split(b"\n")[:-1]
            half = len(lines) // 8 * 4
            target = tmp_path / f"lane{lane}_R{mate + 1}.fastq"
            target.write_bytes(b"\n".join(lines[half:] if lane else lines[:half]) + b"\n")
            files.append(target)
        lanes.append(tuple(files))
    together, reads = armor.quantify(tmp_path / "lanes", *lanes)
    _, alone, uncut = airway["SRR1039509"]
    assert reads["fragments"] == uncut["fragments"] == 48_216
    assert [unit["reads"] for unit in reads["units"]] == [24_108, 24_108]
    assert np.abs(together["counts"] - alone["counts"]).sum() < 0.005 * alone["counts"].sum()


def test_a_truncated_file_is_named_and_nothing_is_left(armor, external_data, tmp_path):
    first, second = armor_files(external_data, "SRR1039508")
    cut = tmp_path / "lane_R2.fastq.gz"
    cut.write_bytes(second.read_bytes()[:500_000])
    out, scratch = tmp_path / "results" / "sample", tmp_path / "scratch"
    scratch.mkdir()
    done = subprocess.run(
        [
            *(python(), ROOT / "scripts" / "quantify_sample.py", "--sample", "S1"),
            *("--unit", "L1", first, cut, "--index", armor.index, "--landmarks", armor.landmarks),
            *("--out-dir", out, "--scratch", scratch),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert re.search(
        r"lane_R2\.fastq\.gz: the gzip file is cut short after \d+ reads\. Copy the file again", done.stderr
    )
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [cut]
    assert list(scratch.iterdir()) == []


def test_an_earlier_result_survives_a_damaged_rerun(armor, airway, external_data, tmp_path):
    files = armor_files(external_data, "SRR1039508")
    shutil.copytree(airway["SRR1039508"][0] / "out", tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    cut = tmp_path / "cut.fastq.gz"
    cut.write_bytes(files[0].read_bytes()[:-100])
    again = tmp_path / "again"
    again.mkdir()
    units = [Unit("L1", str(cut), str(files[1]))]
    reference = Quantified(armor.index, armor.landmarks)
    with pytest.raises(InputError, match=r"cut\.fastq\.gz"):
        quantify_sample("sample", units, reference, tmp_path / "out", again, 1, SINGLE_END)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("reads", ["nothing but N", "no records"])
def test_a_sample_without_reads_after_trimming_holds_zeros(armor, tmp_path, paired, reads):
    files = [tmp_path / f"empty_R{mate}.fastq.gz" for mate in (1, 2)]
    for length, file in zip((60, 61), files, strict=True):
        records = b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"N" * length, b"!" * length) for i in range(100))
        file.write_bytes(gzip.compress(records if reads == "nothing but N" else b""))
    genes, facts = armor.quantify(tmp_path / "run", (files[0], files[1] if paired else None))
    assert facts["fragments"] == (100 if reads == "nothing but N" else 0)
    assert facts["fragments_passed"] == facts["fragments_mapped"] == 0
    assert set(genes["gene_id"]) == set(armor.table["gene_id"])
    assert (genes[["counts", "tpm"]] == 0).all(axis=None)
    fastp = json.loads((tmp_path / "run" / "out" / "fastp.json").read_text())
    judged = pd.DataFrame([{"sample_id": "sample", **quality_facts(genes, facts, fastp, {})}])
    verdict = judge_samples(judged, {"genes_detected": {"warn": 12000, "fail": 8000}})
    assert verdict["verdict"].tolist() == ["fail"]
    assert "0 genes detected, below 8,000" in verdict["reasons"].iloc[0]


def test_reads_that_map_nowhere_hold_zeros(armor, tmp_path):
    rng = np.random.default_rng(1)
    bases = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(2000)]
    file = tmp_path / "foreign.fastq"
    file.write_text("".join(f"@r{i}\n{read}\n+\n{'I' * 60}\n" for i, read in enumerate(bases)))
    genes, facts = armor.quantify(tmp_path / "run", (file, None))
    assert facts["fragments_passed"] > 1900
    assert facts["fragments_mapped"] == 0
    assert genes["counts"].sum() == 0
