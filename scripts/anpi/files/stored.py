"""Where the files of a user lie: on this disk, or as objects of S3."""

from __future__ import annotations

from pathlib import Path

from anpi.problems import InputError, Problem, missing_file


def is_stored(path: str) -> bool:
    """Return whether a path of the user is an object of S3; it is looked for when the run is planned, not here."""
    return path.startswith("s3://")


def is_object(path: str) -> bool:
    """Return whether a path is a whole URL of an object: bucket and key, no folder, no step up or aside."""
    parts = path.removeprefix("s3://").split("/")
    return is_stored(path) and len(parts) > 1 and not {"", ".", ".."} & set(parts)


def quant_file(path: str) -> Path:
    """Return the quant.sf of a salmon folder, or the file itself when the path is one.

    Raises
    ------
    InputError
        Nothing there, or a folder without one.
    """
    folder = Path(path)
    if folder.is_file():
        return folder
    for name in ("quant.sf", "quant.sf.gz"):
        if (folder / name).is_file():
            return folder / name
    if not folder.exists():
        raise InputError(missing_file(path))
    mend = "Give the folder that salmon quant wrote, or its quant.sf."
    raise InputError(Problem(path, "no salmon folder", found="none of quant.sf and quant.sf.gz", mend=mend))
