"""What a run was made from: versions, settings, checksums. Nothing in it names a host, a user or a place."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from anpi import __version__
from anpi.files.checksums import hash_file
from anpi.files.intact import MEND, read_json
from anpi.files.made_from import RECORDS
from anpi.files.sheet import file_of
from anpi.files.shipped import ROOT, SHIPPED, is_shipped
from anpi.problems import InputError, Problem, refuse
from anpi.tables.reading import read_text_rows, read_text_table
from anpi.tables.schema import read_settings
from anpi.tools import ALWAYS, tools_of, version_of
from anpi.trial.manifest import ASKED_FOR, NAMED_IN, OF_RECORDED, SHAPE, Manifest, NamedFile, Record, Recorded, Step
from anpi.trial.results import Made

PACKAGES = (
    "anndata",
    "gseapy",
    "matplotlib",
    "numpy",
    "pandas",
    "pydeseq2",
    "pysam",
    "rocrate",
    "scanpy",
    "scikit-learn",
    "scikit-survival",
    "scipy",
    "snakemake",
    "statsmodels",
)
SHEET_COLUMNS = ("strandedness", "umi", "aligned_to")
OTHER_COPY = "Take the manifest from another copy of the run."
ENVIRONMENTS = ("envs", "requirements.lock")
# Large, or another at each run (MultiQC writes the hour, salmon orders its index anew), or written after the manifest.
LEFT_OUT = re.compile(
    r"(inputs/|reference/(?!genes|transcripts\.tsv|reference\.json)|multiqc/|logs/|benchmarks/|samples/[^/]+/salmon/"
    r"|manifest\.json|ro-crate-metadata\.json|ledger/(?!current|changes)|provenance/|.*\.(bam|bai|cram|crai)$)"
)


def build_manifest(
    settings: Mapping[str, Any],
    inputs: Mapping[str, Path],
    resources: Iterable[Path],
    results: Path,
    samples: Made,
    plan: Path,
    rules: Path,
    steps: Mapping[str, Step],
    deployment: Sequence[str] = (),
) -> Manifest:
    """Describe a run.

    Parameters
    ----------
    settings : mapping
        The config with its defaults.
    inputs : mapping
        Tables, matrix, reference and models of the user by the key of the config that names them; the checksums of
        reads come from the quantify step.
    resources : iterable of Path
        Shipped files and folders that the run reads.
    results : Path
        Folder of the results.
    samples : mapping
        Samples that take part, with the files that the run makes of each, below its folder; what other samples and
        other runs left there is passed over.
    plan, rules : Path
        ``plan.yaml`` and ``endpoints.yaml`` of the run.
    steps : mapping
        By name of the rule: ``makes`` (paths below the results, with wildcards in braces) and all that decides it:
        ``program``, ``code`` (digest of program, modules and shipped files), ``settings``, ``files`` (digests of the
        user's by key of the config). Files that no step makes are passed over, as those of another kind of run.
    deployment : sequence of str
        How programs were provided (``conda``, ``apptainer``); empty for those of the machine.
    """
    files = result_files(results, samples, steps)
    makers = sorted(set(files.values()))
    shown = shown_paths(files_of(inputs).values())
    return {
        "anpi": __version__,
        "commit": commit(),
        "code": code_tree(),
        "settings": placeless(settings),
        "plan": read_settings(plan, "plan"),
        "rules": read_settings(rules, "endpoints"),
        "plan_and_rules": {key: named_digest(path) for key, path in (("plan", plan), ("endpoints", rules))},
        "software": {name: version for name, version in software(settings).items() if name not in NOT_SOFTWARE},
        "deployment": sorted(deployment),
        "environments": checksums([ROOT / name for name in ENVIRONMENTS]),
        "inputs": {name: hash_file(path) for path, name in shown.items()},
        "given_as": {name: shown[path] for name, path in sorted(files_of(inputs).items())},
        "reads": read_checksums(settings, results, samples),
        "declared": declared_of(settings, samples),
        "quantified_with": quantifiers(results, samples),
        "verdicts_by_hand": verdicts_by_hand(settings, results),
        "resources": checksums(resources),
        "steps": {name: {**steps[name], "makes": sorted(steps[name]["makes"])} for name in makers},
        "results": {name: hash_file(results / name) for name in files},
        "made_by": files,
        "records": records_of(results, files, shown),
    }


def records_of(results: Path, files: Iterable[str], shown: Mapping[Path, str]) -> list[Record]:
    """Collect what the programs wrote down (see `anpi.files.made_from`).

    Only of results of this run. Files are named from the folder of the results, the user's as among the inputs; shipped
    ones are left out, the digest of the code covers them.
    """
    listed, names = set(files), {str(path.absolute()): name for path, name in shown.items()}
    top = str(results.absolute())
    kept: list[Record] = []
    for file in sorted((results / RECORDS).rglob("*.json")):
        record: Record = read_json(file)
        made = {name: digest for name, digest in record["made"].items() if name in listed}
        read = {}
        for name, digest in record["read"].items():
            place = os.path.normpath(os.path.join(top, name))
            if not is_shipped(place):
                inside = not name.startswith("..")
                read[name if inside else names.get(place) or placeless(place)] = digest
        if made:
            kept.append({**record, "made": made, "read": read})
    return kept


def named_digest(path: Path) -> NamedFile:
    """Name a file of settings, with its checksum, and say whether it is as anpi ships it."""
    sha256, shipped = hash_file(path), ROOT / "config" / path.name
    return {
        "file": path.name,
        "sha256": sha256,
        "as_shipped": shipped.is_file() and hash_file(shipped) == sha256,
    }


def verdicts_by_hand(settings: Mapping[str, Any], results: Path) -> dict[str, dict[str, str]]:
    """Return the verdicts that a person set, by sample: what the facts said, what is used, and why."""
    path = results / "qc" / "verdicts.tsv"
    if not settings.get("samples") or not path.is_file():
        return {}
    rows = read_text_table(path)
    if "override_reason" not in rows:
        return {}
    columns = {"verdict_before_override": "by_facts", "verdict": "by_hand", "override_reason": "reason"}
    chosen = rows[rows["override_reason"].notna()].set_index("sample_id")[list(columns)]
    return chosen.rename(columns=columns).to_dict("index")


NOT_SOFTWARE = ("anpi", "commit", "code")


def software(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the versions of anpi, its packages and the programs that the config asks for, those that lack as None."""
    itself = {"anpi": __version__, "commit": commit(), "code": code_tree(), "python": platform.python_version()}
    return {**itself, **package_versions(), **tool_versions(tools_of(settings))}


def files_of(inputs: Mapping[str, Path]) -> dict[str, Path]:
    """Put the files of a folder, such as a model's, in the folder's place, and a workbook in that of its sheet."""
    files: dict[str, Path] = {}
    for name, path in inputs.items():
        if path.is_dir():
            below = sorted(file for file in path.rglob("*") if file.is_file())
            files |= {f"{name}/{file.relative_to(path).as_posix()}": file for file in below}
        else:
            files[name] = Path(file_of(path))
    return files


def placeless(value: Any) -> Any:
    """Take the place out of paths: an absolute one keeps its last two parts, and what lies above or is a home goes."""
    if isinstance(value, Mapping):
        return {key: placeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [placeless(item) for item in value]
    if isinstance(value, str) and value.startswith(("/", "..")):
        parts = Path(value).parts
        below = max((place + 1 for place in range(1, len(parts)) if is_home(parts, place)), default=0)
        if Path(value).is_absolute() or below:
            return "…/" + "/".join(parts[max(below, len(parts) - 2) :])
    return value


def shown_paths(paths: Iterable[Path]) -> dict[Path, str]:
    """Name files without their place; of several that would be called alike, the later ones are numbered."""
    taken: Counter[str] = Counter()
    shown = {}
    for path in sorted(set(paths)):
        name = placeless(str(path))
        taken[name] += 1
        shown[path] = name if taken[name] == 1 else f"{name} ({taken[name]})"
    return shown


def is_home(parts: Sequence[str], place: int) -> bool:
    """Return whether a part of a path bears a user's name: it stands in a folder of homes, or is called as ours is."""
    return parts[place - 1].lower() in ("home", "users") or parts[place] == os.path.basename(os.path.expanduser("~"))


def commit() -> str | None:
    """Return the git commit of the installation, with ``+changes`` when files differ from it; None outside git."""
    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != ROOT:
            return None  # the installation lies in a repository of something else
        head = git("rev-parse", "HEAD")
        return f"{head}+changes" if git("status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository: an unpacked release has none
        return None


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout.strip()


@functools.cache
def code_tree() -> str:
    """Digest everything that anpi ships and a result can depend on, in git or not."""
    digest = hashlib.sha256()
    for name, sha256 in checksums([ROOT / name for name in SHIPPED]).items():
        if not name.endswith(".md"):
            digest.update(f"{name}\0{sha256}\n".encode())
    return digest.hexdigest()


def checksums(places: Iterable[Path]) -> dict[str, str]:
    """Checksum shipped files and all files of shipped folders, by their path below the installation.

    What lies elsewhere is the user's own and stands among the inputs.
    """
    return {
        file.relative_to(ROOT).as_posix(): hash_file(file)
        for place in places
        for file in (sorted(place.rglob("*")) if place.is_dir() else [place])
        if file.is_file() and file.is_relative_to(ROOT) and "__pycache__" not in file.parts
    }


def package_versions() -> dict[str, str | None]:
    """Return the versions of the packages; None for one that this environment does not have."""
    versions: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def tool_versions(tools: Iterable[str] = ALWAYS) -> dict[str, str | None]:
    """Return the version of each program; None when it is not here (it may be in an environment of its own)."""
    return {tool: version_of(tool) for tool in tools}


def read_checksums(settings: Mapping[str, Any], results: Path, samples: Made) -> dict[str, list[str]]:
    """Collect the checksums of the reads as the quantify step found them, by sample and unit, and of salmon results."""
    found: dict[str, list[str]] = {}
    for sample, made in samples.items():
        file = results / "samples" / sample / "reads.json"
        if file.name in made and file.is_file():
            units = read_json(file)["units"]
            found |= {f"{sample}/{unit['unit_id']}": unit["sha256"] for unit in units}
    if settings.get("units") and Path(file_of(settings["units"])).is_file():
        for row in read_text_rows(settings["units"]):
            if (quant := row.get("quant")) is not None and row["sample_id"] in samples:
                found[f"{row['sample_id']}/{row['unit_id']}"] = [hash_file(file) for file in quant_files(quant)]
    return dict(sorted(found.items()))


def declared_of(settings: Mapping[str, Any], samples: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return what the sheet of units declares of each sample, in the words of the programs that take it."""
    if not settings.get("units") or not Path(file_of(settings["units"])).is_file():
        return {}
    units: dict[str, list[dict[str, str]]] = {sample: [] for sample in sorted(samples)}
    for row in read_text_rows(settings["units"]):
        words = {name: value for name, value in row.items() if value is not None}
        if (sample := words.get("sample_id")) in units:
            units[sample].append(words)
    declared = {}
    for sample, rows in units.items():
        if not rows:
            continue
        given = {name: [row[name] for row in rows if name in row] for name in SHEET_COLUMNS}
        umi = [f"{row['unit_id']} {row['umi']}" for row in rows if "umi" in row]
        declared[sample] = {
            "strandedness": [*(strand for strand in given["strandedness"] if strand != "auto"), "auto"][:1],
            "aligned-to": [*given["aligned_to"], "genome"][:1],
            "umi": umi,
            "molecules": [""] * bool(umi),
        }
    return declared


def quant_files(place: str) -> list[Path]:
    """List the table that a salmon result of the user consists of."""
    path = Path(place)
    files = [path / "quant.sf", path / "quant.sf.gz"] if path.is_dir() else [path]
    return [file for file in files if file.is_file()][:1]


def quantifiers(results: Path, samples: Made) -> dict[str, list[str]]:
    """Collect the versions of salmon and fastp that the samples' own files name."""
    found: dict[str, set[str]] = {"salmon": set(), "fastp": set()}
    for sample in (name for name, made in samples.items() if "fastp.json" in made):
        folder = results / "samples" / sample
        salmon, fastp = folder / "salmon" / "aux_info" / "meta_info.json", folder / "fastp.json"
        if salmon.is_file():
            found["salmon"].add(str(read_json(salmon).get("salmon_version")))
        if fastp.is_file():
            summary = read_json(fastp).get("summary", {})
            found["fastp"].add(str(summary.get("fastp_version")))
    return {tool: sorted(versions) for tool, versions in found.items() if versions}


def result_files(results: Path, samples: Made, steps: Mapping[str, Step]) -> dict[str, str]:
    """List the files that the steps of this run made, each with its step."""
    tops = {path.split("/")[0] for step_record in steps.values() for path in step_record["makes"]}
    found, makers = {}, Makers(steps)
    for name in files_below(results, tops, samples):
        if LEFT_OUT.match(name) or os.path.basename(name).startswith("."):
            continue
        top, *rest = name.split("/", 2)
        if top == "samples" and rest[-1] not in samples[rest[0]]:
            continue
        if step := makers.of(name):
            found[name] = step
    return found


class Makers:
    """Which step made a file: by the paths, some with wildcards, that each step says it makes."""

    def __init__(self, steps: Mapping[str, Step]):
        self.patterns = [(pattern_of(path), step) for step, record in steps.items() for path in record["makes"]]
        self.of_samples: dict[str, str | None] = {}

    def of(self, name: str) -> str | None:
        """Return the step of a file; of the files of samples, which are alike but for the sample, one is looked up."""
        top, *rest = name.split("/", 2)
        if top != "samples" or len(rest) < 2:
            return self.look_up(name)
        if rest[1] not in self.of_samples:
            self.of_samples[rest[1]] = self.look_up(name)
        return self.of_samples[rest[1]]

    def look_up(self, name: str) -> str | None:
        return next((step for pattern, step in self.patterns if pattern.fullmatch(name)), None)


def files_below(results: Path, tops: Iterable[str], samples: Iterable[str]) -> list[str]:
    """List the files below the folders of the results, by path from there; of the samples those that take part."""
    places = [top for top in tops if top != "samples"] + [f"samples/{sample}" for sample in samples]
    return sorted((name for place in places for name in walk(results, place)), key=lambda name: name.split("/"))


def walk(results: Path, place: str) -> Iterator[str]:
    """Yield the files at a place and below it, by path from the results."""
    if os.path.isfile(results / place):
        yield place
    for folder, _, files in os.walk(results / place):
        below = place + folder.removeprefix(str(results / place)).replace(os.sep, "/")
        yield from (f"{below}/{file}" for file in files if os.path.isfile(os.path.join(folder, file)))


def pattern_of(path: str) -> re.Pattern[str]:
    """Turn a path with wildcards into a pattern; a folder stands for all that is below it."""
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile(r"[^/]+".join(map(re.escape, parts)) + r"(/.+)?")


def read_manifest(path: Path, needed: Sequence[str], mend: str = OTHER_COPY) -> Manifest:
    """Read a manifest that has what is needed of it, each part of the shape that it has in every manifest.

    Raises
    ------
    InputError
        It is none, lacks something, or a part of it is of another kind or names what another part does not have.
    """
    shape = {key: SHAPE[key] for key in (*needed, *ASKED_FOR) if key in SHAPE}
    content = read_parts(path, "manifest", shape, needed, "Name a manifest.json of a run.", mend)
    refuse([Problem(str(path), words, column=key, mend=mend) for key, words in contradictions(content, needed)])
    return cast(Manifest, content)


def read_recorded(path: Path, needed: Sequence[str] = tuple(OF_RECORDED)) -> Recorded:
    """Read which entry of the ledger a run has."""
    what = "record of the ledger's entry"
    return cast(Recorded, read_parts(path, what, OF_RECORDED, needed, "Run the workflow to its end first.", MEND))


def read_parts(
    path: Path, what: str, shape: Mapping[str, Mapping[str, Any]], needed: Sequence[str], absent: str, mend: str
) -> dict[str, Any]:
    """Read JSON whose parts have a shape; ``absent`` says what to do without the file, ``mend`` with a damaged one."""
    import jsonschema

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(Problem(str(path), "file not found", mend=absent)) from None
    except ValueError:
        raise InputError(Problem(str(path), f"not a {what}", mend=mend)) from None
    if not isinstance(content, dict):
        raise InputError(Problem(str(path), f"not a {what}", mend=mend))
    lacking = [key for key in needed if key not in content]
    if lacking:
        raise InputError(Problem(str(path), f"the {what} lacks {', '.join(lacking)}", mend=mend))
    wrong = jsonschema.Draft202012Validator({"properties": shape}).iter_errors(content)
    keys = sorted({str(error.absolute_path[0]) for error in wrong})
    refuse([Problem(str(path), f"not what a {what} holds", column=key, mend=mend) for key in keys])
    return content


def contradictions(content: Mapping[str, Any], needed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Find parts that name what another part does not have, of those that are needed."""
    for one, other in NAMED_IN:
        if {one, other} <= set(needed):
            names = content[one] if one == "results" else content[one].values()
            unknown = sorted(set(names) - set(content[other]))
            if unknown:
                yield one, f"names {unknown[0]}, which {other} lacks"
