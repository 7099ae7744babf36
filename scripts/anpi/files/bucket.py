"""Folders of an S3 bucket: what must outlive a run and is no result of one state is kept there by the programs.

Results themselves are fetched and stored by Snakemake. Keys come from where its storage plugin takes them
(``SNAKEMAKE_STORAGE_S3_ACCESS_KEY`` and so on), else from where AWS's own library finds them; no message names one.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anpi.files.stored import is_object
from anpi.problems import InputError, Problem

KEPT_IN = "ANPI_KEPT_IN"  # where the run's results are stored, as JSON
SETTINGS = ("endpoint_url", "region", "signature_version", "retries")
SECRETS = ("access_key", "secret_key", "token")
VARIABLE = "SNAKEMAKE_STORAGE_S3_"
MD5 = re.compile(r"[0-9a-f]{32}")
ABSENT = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
CHANGED = {"412", "409", "PreconditionFailed", "ConditionalRequestConflict"}
ONE_AT_A_TIME = "Let one run at a time write there, and run again."
MEND = "Check bucket, keys and --storage-s3-endpoint-url, then run again."


@dataclass(frozen=True)
class Stored:
    """An object as the bucket lists it."""

    size: int
    tag: str  # of its content: its MD5, unless the bucket encrypts or it came in parts


@dataclass(frozen=True)
class Bucket:
    """A folder of a bucket; names of objects are relative to it."""

    url: str
    client: Any

    def below(self, folder: str) -> Bucket:
        return Bucket(f"{self.url}/{folder}", self.client)

    def objects(self) -> dict[str, Stored]:
        """Return the objects below this folder by their names; a bucket that is not there has none."""
        bucket, prefix = place(self.url)
        found: dict[str, Stored] = {}
        more: dict[str, str] = {}
        with in_words(self.url):
            while True:
                try:
                    page = self.client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/", **more)
                except Exception as error:
                    if code_of(error) in ABSENT:
                        return {}
                    raise
                for item in page.get("Contents", []):
                    name = item["Key"].removeprefix(f"{prefix}/")
                    found[name] = Stored(int(item["Size"]), item["ETag"].strip('"'))
                if not page.get("IsTruncated"):
                    return found
                more = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, name: str) -> tuple[bytes | None, str | None]:
        """Return an object's content and tag, or None twice when it is not there."""
        bucket, key = place(f"{self.url}/{name}")
        with in_words(f"{self.url}/{name}"):
            try:
                answer = self.client.get_object(Bucket=bucket, Key=key)
            except Exception as error:
                if code_of(error) in ABSENT:
                    return None, None
                raise
            return answer["Body"].read(), answer["ETag"]

    def write(self, name: str, content: bytes) -> None:
        """Store an object, whole or not at all."""
        bucket, key = place(f"{self.url}/{name}")
        with in_words(f"{self.url}/{name}"):
            self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def replace(self, name: str, content: bytes, tag: str | None) -> bool:
        """Store an object in the place of what `read` returned with this tag; False when it is another by now."""
        bucket, key = place(f"{self.url}/{name}")
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        with in_words(f"{self.url}/{name}"):
            try:
                self.client.put_object(Bucket=bucket, Key=key, Body=content, **condition)
            except Exception as error:
                if code_of(error) in CHANGED | (ABSENT if tag else set()):
                    return False
                raise
        return True

    def remove(self, name: str) -> None:
        bucket, key = place(f"{self.url}/{name}")
        with in_words(f"{self.url}/{name}"):
            self.client.delete_object(Bucket=bucket, Key=key)

    def remove_all(self, place: str) -> bool:
        """Remove an object, or all below a folder; return whether there was one."""
        names = [name for name in self.objects() if name == place or name.startswith(f"{place}/")]
        for name in names:
            self.remove(name)
        return bool(names)

    def holds(self, name: str, stored: Stored, content: bytes) -> bool:
        """Return whether an object has this content; it is fetched when its tag does not tell."""
        if stored.size != len(content):
            return False
        same = hashlib.md5(content, usedforsecurity=False).hexdigest() == stored.tag
        return same or self.read(name)[0] == content


def place(url: str) -> tuple[str, str]:
    """Split a URL into bucket and key, as Snakemake's plugin does."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, posixpath.normpath(key)


def kept_in(prefix: str, settings: Any) -> dict[str, str]:
    """Write where a run's results are stored as variables of its jobs' environment.

    Parameters
    ----------
    prefix : str
        ``--default-storage-prefix``.
    settings : object
        Settings of Snakemake's S3 plugin. Keys that came by the command line get the variables that the plugin reads.
    """
    said = {name: getattr(settings, name, None) for name in SETTINGS}
    variables = {KEPT_IN: json.dumps({"url": prefix.rstrip("/"), **said})}
    secrets = {VARIABLE + name.upper(): getattr(settings, name, None) for name in SECRETS}
    return variables | {name: value for name, value in secrets.items() if value}


def kept_copy(folder: Path | str) -> Bucket | None:
    """Return where the bucket of the present run keeps what this folder holds; None when results are on this disk."""
    told = os.environ.get(KEPT_IN)
    if not told:
        return None
    settings = json.loads(told)
    url = settings.pop("url")
    return Bucket(f"{url}/{Path(folder).as_posix()}", connect(**settings))


def open_bucket(url: str, endpoint_url: str | None) -> Bucket:
    """Return the folder of a bucket that a user names.

    Raises
    ------
    InputError
        The URL names no folder of a bucket.
    """
    url = url.rstrip("/")
    if not is_object(url):
        raise InputError(Problem("--stored", found=url, expected="s3://bucket/folder of the results"))
    region = os.environ.get(f"{VARIABLE}REGION", "us-east-1")
    return Bucket(url, connect(endpoint_url or os.environ.get(f"{VARIABLE}ENDPOINT_URL"), region))


def connect(
    endpoint_url: str | None, region: str | None, signature_version: str | None = None, retries: int | None = None
) -> Any:
    """Return a client of S3 with the settings of Snakemake's plugin."""
    import boto3  # half a second, for runs with a bucket alone
    from botocore.config import Config

    key, secret, token = (os.environ.get(VARIABLE + name.upper()) or None for name in SECRETS)
    # Servers other than AWS's keep trailing checksums as content.
    plain = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    attempts = {"max_attempts": 5 if retries is None else retries, "mode": "standard"}
    config = Config(signature_version=signature_version, retries=attempts, **plain)
    keys = {"aws_access_key_id": key, "aws_secret_access_key": secret, "aws_session_token": token}
    try:
        return boto3.client("s3", endpoint_url=endpoint_url, region_name=region, config=config, **keys)
    except ValueError:
        expected = "a URL such as https://s3.example.org"
        raise InputError(Problem("endpoint of the bucket", found=str(endpoint_url), expected=expected)) from None


def code_of(error: Exception) -> str | None:
    """Return the code by which S3 names a fault; None for any other."""
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code")) if isinstance(answer, dict) else None


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Tell what the server, or the way to it, refuses."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise InputError(Problem(url, str(error).rstrip("."), mend=MEND)) from None
