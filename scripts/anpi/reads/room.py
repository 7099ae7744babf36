"""Whether the disk of temporary files has room for reads that are not compressed.

Without gzip between them, fastp and salmon take less time; but a full disk ends every job that writes to it.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import psutil
from isal import igzip

from anpi.reads.fastq import IGZIP_ERROR, is_gzip

# Compressed bytes by which a whole file is judged.
LOOKED_AT = 1 << 20
# Of what was estimated: files are not alike throughout, and others write to the disk as well.
MARGIN = 2
IN_MEMORY = {"tmpfs", "ramfs"}


def has_room(files: Iterable[str], scratch: Path, threads: int) -> bool:
    """Return whether the unpacked reads fit into scratch, for as many such samples at once as this machine can run.

    A scratch folder in memory has none: what is written there counts to the memory of the job.

    Parameters
    ----------
    files : iterable of str
        FASTQ files of one sample.
    scratch : Path
        Folder of temporary files.
    threads : int
        Those of a job.
    """
    if file_system(scratch) in IN_MEMORY:
        return False
    jobs = max((os.cpu_count() or 1) // threads, 1)
    return MARGIN * jobs * sum(map(unpacked_size, files)) < shutil.disk_usage(scratch).free


def unpacked_size(path: str) -> int:
    """Estimate the bytes of a FASTQ file without its compression, by the ratio at its beginning."""
    size = os.path.getsize(path)
    if not is_gzip(path):
        return size
    with open(path, "rb") as file:
        packed = file.read(LOOKED_AT)
    unpacked = 0
    try:
        reader = igzip.IGzipFile(fileobj=io.BytesIO(packed))
        while block := reader.read(LOOKED_AT):
            unpacked += len(block)
    except (EOFError, OSError, IGZIP_ERROR):
        pass  # cut here; or damaged, which the check of all records says
    return round(unpacked * size / len(packed))


def file_system(folder: Path) -> str:
    """Return the kind of the file system that a folder is on; an empty text where it is not known."""
    place = folder.resolve()
    mounts = {mount.mountpoint: mount.fstype for mount in psutil.disk_partitions(all=True)}
    return next((mounts[str(parent)] for parent in (place, *place.parents) if str(parent) in mounts), "")
