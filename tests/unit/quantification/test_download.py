"""Downloads: whole or not at all, from where the user said, with no secret in a message and not without end."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import subprocess
import threading
import time
from pathlib import Path

import pytest
from warm import python

from anpi.problems import InputError
from anpi.quantification import download
from anpi.quantification.download import fetch_file, is_private, same_host
from anpi.words.urls import public_url, public_urls

ROOT = Path(__file__).resolve().parents[3]


class Server(http.server.ThreadingHTTPServer):
    """Serves ``content``, cut after the given numbers of bytes, then whole; notes the ranges asked for."""

    def __init__(self, content: bytes, cuts: tuple[int, ...] = (), resumes: bool = True, status: int = 200):
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.cuts, self.resumes, self.status = content, list(cuts), resumes, status
        self.ranges: list[str | None] = []
        self.location, self.length, self.drips = "", "", False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/transcripts.fa.gz"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.server.location:
            self.send_response(302)
            self.send_header("Location", self.server.location)
            self.end_headers()
            return
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.resumes else 0
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", self.server.length or str(len(body)))
        self.end_headers()
        if self.server.drips:
            with contextlib.suppress(OSError):  # whoever asked has left
                for _ in range(200):
                    self.wfile.write(b"x")
                    time.sleep(0.01)
            return
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, *words: object) -> None:
        pass


@contextlib.contextmanager
def serve(*arguments, **options):
    with Server(*arguments, **options) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def served(**behaviour):
    with serve(CONTENT) as server:
        vars(server).update(behaviour)
        yield server


CONTENT = bytes(range(256)) * 2000
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(download, "pause", lambda seconds: None)


def quiet(text: str) -> None:
    pass


def test_a_download_is_whole_and_of_the_stated_checksum(tmp_path):
    with serve(CONTENT) as server:
        fetch_file(server.url, CHECKSUM, tmp_path / "deep" / "out.gz", say=quiet)
    assert (tmp_path / "deep" / "out.gz").read_bytes() == CONTENT
    assert len(list((tmp_path / "deep").iterdir())) == 1


def test_another_checksum_leaves_nothing_behind(tmp_path):
    with serve(CONTENT[:-1]) as server, pytest.raises(InputError, match=f"checksum differs.*expected {CHECKSUM}"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_download_survives_a_failed_one(tmp_path):
    (tmp_path / "out.gz").write_text("before")
    with serve(b"another file") as server, pytest.raises(InputError, match="checksum differs"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert (tmp_path / "out.gz").read_text() == "before"


def test_a_cut_download_goes_on_where_it_stopped(tmp_path):
    with serve(CONTENT, cuts=(100_000, 50_000)) as server:
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert (tmp_path / "out.gz").read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_all_again(tmp_path):
    with serve(CONTENT, cuts=(100_000,), resumes=False) as server:
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert len(server.ranges) == 2
    assert (tmp_path / "out.gz").read_bytes() == CONTENT


def test_a_download_that_is_always_cut_is_given_up(tmp_path):
    said: list[str] = []
    with serve(CONTENT, cuts=(10,) * 9) as server, pytest.raises(InputError, match="the download failed 4 times"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=said.append)
    assert len(server.ranges) == len(said) == 4
    assert "the connection ended after 10 of" in said[0]
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_not_there_is_asked_for_once(tmp_path):
    with serve(b"", status=404) as server, pytest.raises(InputError, match="the server answers 404"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert len(server.ranges) == 1


def test_a_server_in_trouble_is_asked_again(tmp_path):
    with serve(b"", status=503) as server, pytest.raises(InputError, match="failed 4 times"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert len(server.ranges) == 4


def test_other_schemes_are_refused(tmp_path):
    (tmp_path / "local").write_bytes(CONTENT)
    with pytest.raises(InputError, match="http://"):
        fetch_file(f"file://{tmp_path}/local", CHECKSUM, tmp_path / "out.gz")


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "https://example.org/\u00e4.fa.gz",
        "http://",
        "http://host:99999/x",
        "http://host:x/y",
        "https://a b/c",
    ],
)
def test_a_url_that_cannot_be_asked_for_is_told(tmp_path, url):
    with pytest.raises(InputError, match="expected a URL"):
        fetch_file(url, CHECKSUM, tmp_path / "out.gz", say=quiet)


@pytest.mark.parametrize("length", ["abc", "-5", "9" * 40, "1e3"])
def test_a_stated_length_that_is_none_leaves_the_checksum_to_decide(tmp_path, length):
    with serve(CONTENT) as server:
        server.length = length
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert (tmp_path / "out.gz").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "location",
    ["http://10.0.0.1/x", "http://169.254.169.254/latest/meta-data", "http://localhost:1/x", "http://[::1]:1/x"]
    + [
        "http://127.0.0.1:1/x",
        "http://[::ffff:10.0.0.1]/x",
        "ftp://192.168.1.1/x",
        "//10.1.2.3/x",
        "http://2130706433/x",
    ],
)
def test_a_redirection_into_a_private_network_is_refused(tmp_path, location):
    with served(location=location) as server, pytest.raises(InputError, match="leads to a host of a private network"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)


@pytest.mark.parametrize("location", ["http://[::1", "http://host:x/y"])
def test_a_redirection_that_cannot_be_read_is_told(tmp_path, location):
    with served(location=location) as server, pytest.raises(InputError, match="the server leads to a URL"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)


def test_a_host_may_lead_to_itself_and_to_public_ones():
    assert same_host("http://mirror.example/x", "https://mirror.example/y")
    assert not same_host("http://10.0.0.1/x", "http://10.0.0.1:8080/x")
    assert not is_private("8.8.8.8")
    assert is_private("192.168.0.7")
    assert is_private("::1")


def test_a_server_that_drips_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PERIOD", 0.1)
    with served(drips=True) as server, pytest.raises(InputError, match="the server sends too slowly"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)
    assert list(tmp_path.iterdir()) == []


def test_a_download_ends_at_some_time(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LONGEST_DOWNLOAD", -1)
    with serve(CONTENT) as server, pytest.raises(InputError, match="the download takes longer than"):
        fetch_file(server.url, CHECKSUM, tmp_path / "out.gz", say=quiet)


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "OPENING", 0.05)
    with contextlib.closing(download.socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(InputError, match=r"failed 4 times .no answer within 0[.]05 seconds"):
            fetch_file(f"http://127.0.0.1:{port}/x", CHECKSUM, tmp_path / "out.gz", say=quiet)


@pytest.mark.parametrize("status", [200, 404, 503])
def test_no_message_holds_the_key_of_a_presigned_url(tmp_path, status):
    with serve(CONTENT, status=status) as server:
        said = subprocess.run(
            [python(), ROOT / "scripts" / "fetch_reference.py", "--url-variable", "ANPI_URL_GTF"]
            + ["--sha256", "0" * 64, "--out", tmp_path / "x"],
            env={"ANPI_URL_GTF": f"{server.url}?X-Amz-Signature=s3cr3t#fragm3nt", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )
    assert said.returncode == 2
    assert server.url in said.stderr
    assert "s3cr3t" not in said.stderr + said.stdout
    assert "fragm3nt" not in said.stderr


def test_urls_are_recorded_without_what_opens_a_door():
    assert public_url("https://u:p@host:8/a.gz?sig=1#x") == "https://host:8/a.gz"
    assert public_url("http://[::1?sig=1") == "http://[::1"
    assert public_url("a title: is http://x?y=1 so?") == "a title: is http://x?y=1 so?"
    settings = {"reference": {"gtf": "https://h/a?k=1", "genome": None}, "gmt": ["ftp://h/b?k"], "seed": 1}
    assert public_urls(settings) == {
        "reference": {"gtf": "https://h/a", "genome": None},
        "gmt": ["ftp://h/b"],
        "seed": 1,
    }
