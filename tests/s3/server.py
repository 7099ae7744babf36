"""A loopback S3 server (moto), in a Python environment of its own, with a bucket to fill and to read back."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
# Beside the packages of anpi, not among them: moto brings some sixty of its own.
ENVIRONMENT = ROOT / ".venv" / "s3-server"
BUCKET = "trial"


class Server:
    """A running server; any keys are taken, so those of the workflow can be planted ones."""

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"
        keys = {"aws_access_key_id": "filler", "aws_secret_access_key": "filler"}
        # Else boto3 adds trailing checksums, which the server stores as content.
        config = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        self.client = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", config=config, **keys)

    def upload(self, folder: Path, prefix: str) -> None:
        """Copy the files of a folder into the bucket."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.client.upload_file(str(file), BUCKET, f"{prefix}/{file.relative_to(folder).as_posix()}")

    def keys(self, prefix: str = "") -> list[str]:
        """List the objects of the bucket."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def content(self, key: str) -> bytes:
        """Return the content of an object."""
        return bytes(self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def download(self, prefix: str, folder: Path) -> None:
        """Copy the objects below a prefix into a folder."""
        for key in self.keys(f"{prefix}/"):
            file = folder / key.removeprefix(f"{prefix}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            self.client.download_file(BUCKET, key, str(file))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_environment() -> None:
    """Install the server once; a change of its requirements installs it anew."""
    wanted = (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8")
    stamp = ENVIRONMENT / "installed"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
    pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", Path(__file__).parent / "requirements.txt"], check=True)
    stamp.write_text(wanted, encoding="utf-8")


@contextmanager
def running_server(log: Path) -> Iterator[Server]:
    """Start the server on a free port, make the bucket, and stop the server by its process at the end."""
    make_environment()
    port = free_port()
    with open(log, "wb") as out:
        words = [ENVIRONMENT / "bin" / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT)
    try:
        server = Server(port)
        wait_for(server.url, process)
        server.client.create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the S3 server does not answer at {url}")
