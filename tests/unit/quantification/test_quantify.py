"""The quantify step around its tools: what they may do wrong, and what is told of it. The tools here are stand-ins;
real ones run in tests/workflow/test_real_reads.py."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from warm import python

from anpi import tools as running
from anpi.problems import InputError, Problem
from anpi.quantification.landmarks import list_landmarks, write_landmarks
from anpi.quantification.quantify import Reference, by_name, quantify_sample, record_failure
from anpi.quantification.salmon import FragmentLength
from anpi.reads import sample_reads
from anpi.reads.fastq import FaultyReads
from anpi.reads.sample_reads import Unit, open_reads
from anpi.reads.trimming import merge_reports
from anpi.tools import run_tool

ROOT = Path(__file__).resolve().parents[3]

# Passes every read on; FASTP_SEES and FASTP_PASSES say otherwise in its report.
FASTP = """\
import gzip, json, os, sys
words = sys.argv[1:]
options = {word: words[place + 1] for place, word in enumerate(words[:-1]) if word.startswith("--")}
reads = 0
for mate in "12":
    if f"--in{mate}" in options:
        source = options[f"--in{mate}"]
        data = (gzip.open if source.endswith("gz") else open)(source, "rb").read()
        target = options[f"--out{mate}"]
        (gzip.open if target.endswith("gz") else open)(target, "wb").write(data)
        reads += data.count(b"\\n") // 4
seen = int(os.environ.get("FASTP_SEES", reads)), int(os.environ.get("FASTP_PASSES", reads))
bases = {"total_bases": 10 * reads, "q20_bases": 9 * reads, "q30_bases": 8 * reads}
before, after = ({"total_reads": n, **bases} for n in seen)
report = {"summary": {"before_filtering": before, "after_filtering": after}, "filtering_result": {"too_short": 1}}
report["content_curves"] = [0] * 200
report["command"] = " ".join(["fastp", *words])
json.dump(report, open(options["--json"], "w"))
"""
# Gives every fragment to one transcript; SALMON_SEES says how many it claims to have processed.
SALMON = """\
import gzip, json, os, sys
words = sys.argv[1:]
out = words[words.index("--output") + 1]
reads = 0
for word in words[words.index("-1" if "-1" in words else "-r") + 1 :]:
    if word.startswith("-"):
        break
    reads += (gzip.open if word.endswith("gz") else open)(word, "rb").read().count(b"\\n") // 4
os.makedirs(out + "/aux_info")
open(out + "/command.txt", "w").write(" ".join(words))
with open(out + "/quant.sf", "w") as quant:
    quant.write("Name\\tLength\\tEffectiveLength\\tTPM\\tNumReads\\n")
    quant.write(f"T\\t1000\\t900\\t1000000\\t{reads}\\n")
facts = {"num_processed": int(os.environ.get("SALMON_SEES", reads)), "num_mapped": reads}
facts |= {"library_types": ["ISR"], "start_time": "Mon", "end_time": "Tue"}
json.dump({"index": words}, open(out + "/cmd_info.json", "w"))
json.dump(facts, open(out + "/aux_info/meta_info.json", "w"))
"""


# A tool that is asked for its version says none, and does nothing else.
SAYS_NO_VERSION = {
    "/bin/sh": '[ "$1" = --version ] && exit 0',
    f"{sys.executable} -S": 'import sys\nif sys.argv[1:] == ["--version"]: sys.exit()',
}
# A second and a half of work.
WORK = "import os, time\nwhile time.process_time() < 1.5: pass"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Return a function that puts a program of some name on the path, before all others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name: str, text: str, interpreter: str = f"{sys.executable} -S") -> None:
        (folder / name).write_text(f"#!{interpreter}\n{SAYS_NO_VERSION[interpreter]}\n{text}")
        (folder / name).chmod(0o755)

    return put


@pytest.fixture
def scratch(tmp_path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def fastq(path: Path, reads: int) -> str:
    bases = f"{zlib.crc32(path.name.encode()):010}".translate(str.maketrans("0123456789", "ACGTACGTAC")).encode()
    path.write_bytes(b"".join(b"@r%d\n%b\n+\nIIIIIIIIII\n" % (i, bases) for i in range(reads)))
    return str(path)


def run(tmp_path: Path, scratch: Path, units: list, threads: int = 1) -> dict:
    length = FragmentLength(321, 45, "config")
    listed = [Unit(*unit) for unit in units]
    landmarks = tmp_path / "landmarks.npy"
    if not landmarks.exists():
        write_landmarks(landmarks, list_landmarks([]))
    reference = Reference(tmp_path / "index", landmarks)
    quantify_sample("S1", listed, reference, tmp_path / "out", scratch, threads, length, "reverse")
    return json.loads((tmp_path / "out" / "reads.json").read_text())


def test_a_tool_that_is_not_installed_is_named_with_the_way_to_get_it(scratch, monkeypatch):
    monkeypatch.setenv("PATH", str(scratch))
    with pytest.raises(InputError, match=r"fastp: the program is not installed.*apt-get install fastp.*envs/\w+\.yaml"):
        run_tool(["fastp", "--version"], scratch, "fastp")


def test_the_environment_that_is_named_for_conda_exists_and_holds_both_tools():
    text = (ROOT / "envs" / "quantify.yaml").read_text()
    assert "fastp" in text
    assert "salmon" in text


def test_a_tool_that_does_nothing_is_stopped(scratch, tools, monkeypatch):
    tools("salmon", '[ "$1" = --version ] && exit\necho reading the index\necho $$ > pid\nexec sleep 600', "/bin/sh")
    monkeypatch.setattr(running, "STALL_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(
        InputError, match=r"salmon, sample S1: did nothing for 0\.5 s and was stopped.*reading the index"
    ):
        run_tool(["salmon"], scratch, "salmon, sample S1")
    assert time.monotonic() - began < 10
    assert gone(int((scratch / "pid").read_text()))


def test_a_tool_that_works_long_is_let_work(scratch, tools, monkeypatch):
    tools("salmon", f"{WORK}\nopen('done', 'w').close()")
    monkeypatch.setattr(running, "STALL_SECONDS", 0.5)
    run_tool(["salmon"], scratch, "salmon")
    assert (scratch / "done").exists()


def test_what_a_wrapper_script_started_counts_as_its_work_and_ends_with_it(scratch, tools, monkeypatch):
    tools("hisat2-align", f"{WORK}\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)")
    tools("hisat2", "hisat2-align &\nwait", "/bin/sh")
    monkeypatch.setattr(running, "STALL_SECONDS", 0.5)
    with pytest.raises(InputError, match=r"hisat2: did nothing for 0\.5 s and was stopped"):
        run_tool(["hisat2"], scratch, "hisat2")
    assert gone(int((scratch / "pid").read_text()))


def test_a_tool_that_fails_ends_with_its_last_words(scratch, tools):
    tools("fastp", "echo 'ERROR: out of luck' >&2; exit 3", "/bin/sh")
    with pytest.raises(InputError, match=r"fastp, unit L1: ended with code 3; its last words: ERROR: out of luck"):
        run_tool(["fastp"], scratch, "fastp, unit L1")


def test_units_are_quantified_together(tmp_path, scratch, tools):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    units = [(f"L{n}", *(fastq(tmp_path / f"{n}_{mate}.fastq", 600 * n) for mate in (1, 2))) for n in (1, 2)]
    reads = run(tmp_path, scratch, units)
    assert (reads["fragments"], reads["fragments_passed"], reads["layout"]) == (1800, 1800, "paired")
    assert [unit["reads"] for unit in reads["units"]] == [600, 1200]
    command = (scratch / "salmon" / "command.txt").read_text()
    assert "-1 trimmed0_1.fastq trimmed1_1.fastq -2 trimmed0_2.fastq trimmed1_2.fastq" in command
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["fastp.json", "reads.json", "salmon"]


@pytest.mark.parametrize(("pairs", "length"), [(2000, (110, 10)), (600, (321, 45))])
def test_fragment_length_is_measured_on_enough_pairs(tmp_path, scratch, tools, pairs, length):
    """Half of 100 and half of 120 bases: mean 110, standard deviation 10; of 600 pairs fewer than 500 tell one."""
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    rng = random.Random(1)
    transcript = "".join(rng.choices("ACGT", k=2000))
    write_landmarks(tmp_path / "landmarks.npy", list_landmarks([transcript.encode()]))
    turn = str.maketrans("ACGT", "TGCA")
    records: tuple[list[str], list[str]] = ([], [])
    for number in range(pairs):
        size, begin = 100 + 20 * (number % 2), rng.randrange(1880)
        fragment = transcript[begin : begin + size]
        for mate, bases in zip(records, (fragment[::-1].translate(turn), fragment), strict=True):
            mate.append(f"@r{number}\n{bases[:75]}\n+\n{'I' * 75}\n")
    for mate, lines in enumerate(records, start=1):
        (tmp_path / f"{mate}.fastq").write_text("".join(lines))
    reads = run(tmp_path, scratch, [("L1", str(tmp_path / "1.fastq"), str(tmp_path / "2.fastq"))])
    found = reads["fragment_length"]
    assert (found["mean"], found["sd"]) == pytest.approx(length, abs=1)
    assert found["source"] == ("measured" if found["pairs"] >= 500 else "config, too few concordant pairs")
    assert reads["orientation"]["forward"] == 0
    assert found["pairs"] > 0.4 * pairs
    if found["pairs"] >= 500:
        assert reads["orientation"]["reverse"] == found["pairs"]
    else:  # the first mates alone tell it: 45 words of 31, each a landmark by 1 in 32
        assert reads["orientation"]["reverse"] == pytest.approx(pairs * (1 - (31 / 32) ** 45), rel=0.2)
    assert f"--fldMean {found['mean']} --fldSD {found['sd']}" in (scratch / "salmon" / "command.txt").read_text()


def pairs_of_fifty_transcripts(folder: Path) -> Callable[[str], tuple[str, str]]:
    """Return a function that writes 600 pairs, named by numbers, under a name."""
    rng = random.Random(2)
    transcripts = ["".join(rng.choices("ACGT", k=1000)) for _ in range(50)]
    write_landmarks(folder / "landmarks.npy", list_landmarks([bases.encode() for bases in transcripts]))
    turn = str.maketrans("ACGT", "TGCA")

    def pairs(unit: str) -> tuple[str, str]:
        records: tuple[list[str], list[str]] = ([], [])
        for number in range(600):
            begin = rng.randrange(800)
            fragment = rng.choice(transcripts)[begin : begin + 200]
            for mate, bases in zip(records, (fragment, fragment[::-1].translate(turn)), strict=True):
                mate.append(f"@{number}\n{bases[:75]}\n+\n{'I' * 75}\n")
        for mate, lines in enumerate(records, start=1):
            (folder / f"{unit}_{mate}.fastq").write_text("".join(lines))
        return str(folder / f"{unit}_1.fastq"), str(folder / f"{unit}_2.fastq")

    return pairs


def test_second_mates_of_another_sample_fail_the_sample_though_names_are_alike(tmp_path, scratch, tools):
    """Names that count, as of the SRA, are alike in all samples; salmon would count each mate by itself."""
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    pairs = pairs_of_fifty_transcripts(tmp_path)
    ours, others, empty = pairs("ours"), pairs("others"), (fastq(tmp_path / f"none_{m}.fastq", 0) for m in (1, 2))
    assert run(tmp_path, scratch, [("L1", *ours), ("L2", *others)])["fragments"] == 1200
    with pytest.raises(FaultyReads, match=r"S1: the mates of unit L2, found .* on one transcript"):
        run(tmp_path, scratch, [("L0", *empty), ("L1", *pairs("more")), ("L2", ours[0], others[1])])


def test_both_mates_as_two_lanes_of_single_reads_fail_the_sample_though_no_name_has_a_number(tmp_path, scratch, tools):
    """Half of the pairs are turned round, so that neither lane has a strand; lanes that count from 1 are taken."""
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    pairs = pairs_of_fifty_transcripts(tmp_path)
    first, second = (Path(file).read_text().splitlines(keepends=True) for file in pairs("lane"))
    for place in range(0, len(first), 8):
        first[place : place + 4], second[place : place + 4] = second[place : place + 4], first[place : place + 4]
    for name, lines in (("a", first), ("b", second)):
        (tmp_path / f"{name}.fastq").write_text("".join(lines))
    lanes = [("L1", str(tmp_path / "a.fastq"), None), ("L2", str(tmp_path / "b.fastq"), None)]
    with pytest.raises(
        FaultyReads, match=r"b\.fastq: single reads, found '\d+ of \d+ drawn names in a\.fastq too, on the"
    ):
        run(tmp_path, scratch, lanes)
    other = ("L2", pairs("other")[0], None)
    assert run(tmp_path, scratch, [("L1", pairs("one")[0], None), other])["fragments"] == 1200


def test_drawn_reads_that_fastp_left_unfinished_are_told(tmp_path, scratch, tools):
    tools("fastp", FASTP + "open(options['--out2'], 'w')\n")
    tools("salmon", SALMON)
    with pytest.raises(InputError, match="fastp, drawn sample: what it wrote is cut short or damaged"):
        run(tmp_path, scratch, [("L1", *(fastq(tmp_path / f"{mate}.fastq", 600) for mate in (1, 2)))])


def test_reads_that_lie_nowhere_take_the_length_of_the_config(tmp_path, scratch, tools):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    reads = run(tmp_path, scratch, [("L1", *(fastq(tmp_path / f"{mate}.fastq", 600) for mate in (1, 2)))])
    assert reads["fragment_length"]["mean"] == 321
    assert reads["orientation"] == {"forward": 0, "reverse": 0}


def test_a_report_of_fastp_that_is_cut_short_is_told(tmp_path, scratch, tools):
    """As a disk leaves it that was full for a moment."""
    tools("fastp", FASTP + "open(options['--json'], 'r+').truncate(40)\n")
    tools("salmon", SALMON)
    with pytest.raises(InputError, match="fastp, unit L1: what it wrote is cut short or damaged"):
        run(tmp_path, scratch, [("L1", fastq(tmp_path / "1.fastq", 600), None)])


def test_a_tool_that_had_no_space_and_ended_well_is_not_believed(scratch, tools):
    tools("salmon", "echo 'write: No space left on device' >&2", "/bin/sh")
    with pytest.raises(InputError, match="no space left on the disk of temporary files"):
        run_tool(["salmon"], scratch, "salmon")


def test_single_reads_take_the_length_of_the_config(tmp_path, scratch, tools):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    reads = run(tmp_path, scratch, [("L1", fastq(tmp_path / "1.fastq", 600), None)])
    assert (reads["layout"], reads["fragment_length"]["mean"]) == ("single", 321)
    command = (scratch / "salmon" / "command.txt").read_text()
    assert "-r trimmed0_1.fastq" in command
    assert "--fldMean 321 --fldSD 45" in command


def test_an_adapter_is_found_however_single_reads_are_cut_into_lanes(tmp_path, scratch, tools):
    """fastp looks for an adapter in 10,000 reads or more, which no lane holds here by itself."""
    found = '"AGATCGGAAGAGC" if reads >= 10_000 else "unspecified"'
    told = f'report["adapter_cutting"] = {{"read1_adapter_sequence": {found}}}\n'
    tools("fastp", FASTP.replace("json.dump(", told + "json.dump("))
    lanes = [Unit(f"L{n}", str(fastq(tmp_path / f"{n}.fastq", 6000))) for n in range(3)]
    with open_reads("S1", lanes, scratch, threads=1) as reads:
        assert [lane.adapter for lane in reads.lanes] == ["AGATCGGAAGAGC"] * 3
        assert len(reads.drawn) == 3


def test_reads_that_salmon_did_not_see_fail_the_sample(tmp_path, scratch, tools, monkeypatch):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    monkeypatch.setenv("SALMON_SEES", "599")
    units = [("L1", *(fastq(tmp_path / f"{mate}.fastq", 600) for mate in (1, 2)))]
    with pytest.raises(InputError, match="S1: fragments lost, found '599 fragments processed by salmon', expected 600"):
        run(tmp_path, scratch, units)
    assert not (tmp_path / "out").exists()


def test_reads_that_fastp_did_not_see_fail_the_sample(tmp_path, scratch, tools, monkeypatch):
    tools("fastp", FASTP)
    monkeypatch.setenv("FASTP_SEES", "1198")
    units = [("L1", *(fastq(tmp_path / f"{mate}.fastq", 600) for mate in (1, 2)))]
    with pytest.raises(InputError, match="S1: fragments lost before trimming, found '599 seen by fastp', expected 600"):
        run(tmp_path, scratch, units)


def test_what_is_kept_tells_neither_the_hour_nor_the_place(tmp_path, scratch, tools):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    run(tmp_path, scratch, [("L1", fastq(tmp_path / "1.fastq", 600), None)])
    for file in (tmp_path / "out").rglob("*"):
        if file.is_file():
            text = file.read_text()
            assert "_time" not in text
            assert str(tmp_path) not in text


def test_multiqc_can_tell_the_report_of_fastp(tmp_path, scratch, tools):
    """MultiQC 1.35 looks for these words in the first 50 lines."""
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    run(tmp_path, scratch, [(f"L{n}", fastq(tmp_path / f"{n}.fastq", 600), None) for n in (1, 2)])
    start = (tmp_path / "out" / "fastp.json").read_text().splitlines()[:50]
    assert any('"before_filtering": {' in line for line in start)


def test_the_names_of_files_reach_no_command_line(tmp_path, scratch, tools):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    odd = fastq(tmp_path / "-o $(touch x); a b'.fastq", 600)
    assert run(tmp_path, scratch, [("L1", odd, None)])["fragments"] == 600
    assert "touch" not in (scratch / "salmon" / "command.txt").read_text()


@pytest.mark.parametrize("paired", [True, False])
def test_the_form_of_trimmed_reads_changes_no_result(paired, tmp_path, scratch, tools, monkeypatch):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    unit = ("L1", fastq(tmp_path / "1.fastq", 600), fastq(tmp_path / "2.fastq", 600) if paired else None)
    kept = []
    for free, form in ((10**9, ".fastq"), (10_000, ".fastq.gz")):
        monkeypatch.setattr(sample_reads, "has_room", lambda files, folder, threads, free=free: free > 10**6)
        place = scratch / form[1:]
        place.mkdir()
        run(tmp_path, place, [unit])
        assert {f"trimmed0_{mate}{form}" for mate in (1, 2)[: 1 + paired]} <= {file.name for file in place.iterdir()}
        out = tmp_path / "out"
        kept.append({file.relative_to(out): file.read_bytes() for file in out.rglob("*") if file.is_file()})
    assert kept[0] == kept[1]


def test_gzip_is_told_by_content_and_not_by_name(tmp_path, scratch, tools):
    tools("fastp", FASTP)
    tools("salmon", SALMON)
    plain = Path(fastq(tmp_path / "plain.fastq.gz", 600))
    packed = tmp_path / "packed.fastq"
    packed.write_bytes(gzip.compress(Path(fastq(tmp_path / "other.fastq", 600)).read_bytes()))
    reads = run(tmp_path, scratch, [("L1", str(plain), None), ("L2", str(packed), None)])
    assert reads["fragments_passed"] == 1200


def test_reports_of_units_are_summed():
    def report(reads: int) -> dict:
        stage = {"total_reads": reads, "total_bases": 10 * reads, "q20_bases": 9 * reads, "q30_bases": 8 * reads}
        summary = {"before_filtering": stage, "after_filtering": {**stage, "total_reads": reads - 20}}
        return {"summary": summary, "filtering_result": {"low_quality_reads": 20}}

    merged = merge_reports({"L1": report(100), "L2": report(300)}, paired=True)
    assert merged["summary"]["before_filtering"]["q30_bases"] == 3200
    assert merged["filtering_result"]["low_quality_reads"] == 40
    assert (merged["total_fragments"], merged["passed_fragments"]) == (200, 180)
    assert set(merged["units"]) == {"L1", "L2"}
    assert merge_reports({"L1": report(100)}, paired=False)["total_fragments"] == 100


def program(tmp_path: Path, scratch: Path, *files: str) -> list[str]:
    return [
        *(python(), str(ROOT / "scripts" / "quantify_sample.py"), "--sample", "S1", "--unit", "L1", *files),
        *("--index", "index", "--landmarks", "landmarks.npy"),
        *("--out-dir", str(tmp_path / "out"), "--scratch", str(scratch)),
    ]


def test_a_cut_file_ends_the_program_with_2_names_it_and_leaves_nothing(tmp_path, scratch, tools):
    """fastp hangs on such files and is stopped; salmon would read on, and is not even started."""
    tools("fastp", "exec sleep 600", "/bin/sh")
    tools("salmon", f"touch {tmp_path}/started", "/bin/sh")
    whole = fastq(tmp_path / "R1.fastq", 5000)
    cut = tmp_path / "R2.fastq.gz"
    cut.write_bytes(gzip.compress(Path(whole).read_bytes())[:-200])
    done = subprocess.run(program(tmp_path, scratch, whole, str(cut)), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{cut}: the gzip file is cut short after" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "started").exists()
    assert list(scratch.iterdir()) == []
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def gone(process: int) -> bool:
    """Return whether a process has ended, or ends now: a killed one is there until it is waited for."""
    deadline = time.monotonic() + 10
    while psutil.pid_exists(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not psutil.pid_exists(process)


def test_a_tool_that_nothing_waits_for_yet_is_stopped_as_well(tmp_path):
    """As when the run is cancelled between the start of a tool and the wait for its end."""
    text = """\
import subprocess, time
from anpi.program import run_program

def main():
    tool = subprocess.Popen(["sleep", "600"])
    print(tool.pid, flush=True)
    time.sleep(600)

run_program(main)
"""
    (tmp_path / "program.py").write_text(text)
    path = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    running = subprocess.Popen([sys.executable, tmp_path / "program.py"], stdout=subprocess.PIPE, text=True, env=path)
    assert running.stdout is not None
    tool = int(running.stdout.readline())
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 143
    assert gone(tool)


def test_a_cancelled_run_stops_its_tools_and_clears_its_scratch(tmp_path, scratch, tools):
    tools("fastp", f"echo $$ > {tmp_path}/pid.part; mv {tmp_path}/pid.part {tmp_path}/pid; exec sleep 600", "/bin/sh")
    reads = fastq(tmp_path / "R1.fastq", 50)
    running = subprocess.Popen(program(tmp_path, scratch, reads), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    tool = int((tmp_path / "pid").read_text())
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 143
    assert gone(tool)
    assert list(scratch.iterdir()) == []


def test_rows_of_salmon_stand_in_one_order_whatever_the_order_of_its_index():
    header, rows = "Name\tLength\n", [f"T{number}\t{number}\n" for number in (10, 2, 1)]
    one, other = (by_name(header + "".join(order)) for order in (rows, rows[::-1]))
    assert one == other
    assert sorted(one.splitlines()) == sorted((header + "".join(rows)).splitlines())
    assert one.startswith(header)


def test_a_sample_that_fails_tells_no_folder_of_its_reads(tmp_path: Path):
    error = FaultyReads(Problem(str(tmp_path / "R1.fastq.gz"), "the gzip file is cut short after 3 reads"))
    (tmp_path / "out").mkdir()
    record_failure("P1-B", error, tmp_path / "out", tmp_path, "auto")
    reads = json.loads((tmp_path / "out" / "reads.json").read_text())
    assert reads["failure"] == "R1.fastq.gz: the gzip file is cut short after 3 reads"
