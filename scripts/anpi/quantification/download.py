"""Download of reference files: whole, of the stated checksum, from where the user said and not without end."""

from __future__ import annotations

import http.client
import ipaddress
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from anpi.files.checksums import hash_file
from anpi.files.writing import whole_file
from anpi.problems import InputError, Problem
from anpi.words.urls import public_url, url_fault

LARGEST_DOWNLOAD = 30_000_000_000  # bytes; no reference is larger, and a disk shall not be filled
SILENCE = 60  # seconds without a byte
OPENING = 120  # seconds until a server, and those that it leads to, have answered
LEAST_RATE = 1_000  # bytes per second, over each period
PERIOD = 30  # seconds
LONGEST_DOWNLOAD = 12 * 3600  # seconds, all attempts together
WEB_PORTS = {None, 80, 443}


def fetch_file(url: str, sha256: str, target: Path, attempts: int = 4, say: Callable[[str], None] = print) -> None:
    """Download a file; it appears at ``target`` only when whole and of the stated checksum.

    A download that breaks off goes on where it stopped when the server allows it, else begins anew. Messages hold the
    URL without its query, in which a presigned one has its signature.

    Raises
    ------
    InputError
        A URL that is malformed or of another kind than http, https or ftp, also by redirection; a redirection to a host
        of a private network; a server that fails repeatedly or sends too slowly; a file above `LARGEST_DOWNLOAD`; a
        checksum that differs.
    """
    shown = public_url(url)
    fault = url_fault(url)
    if fault:
        raise InputError(Problem("reference", found=shown, expected=fault, mend="Check the URL."))
    end = time.monotonic() + LONGEST_DOWNLOAD
    with whole_file(target) as part:
        part.unlink(missing_ok=True)
        for attempt in range(1, attempts + 1):
            try:
                append_download(url, part, end)
                break
            except ValueError:  # of the address in a redirection
                raise InputError(Problem(shown, "the server leads to a URL that cannot be read")) from None
            except (http.client.HTTPException, OSError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    refuse_answer(shown, error)
                say(f"{shown}: {error}; attempt {attempt} of {attempts}")
                if attempt == attempts:
                    raise InputError(Problem(shown, f"the download failed {attempts} times ({error})")) from None
                pause(2**attempt / 4)
        found = hash_file(part)
        if found != sha256:
            mend = "The file at the URL is another one than the config means: compare both with the publisher's list."
            raise InputError(Problem(shown, "checksum differs", found=found, expected=sha256, mend=mend))


def pause(seconds: float) -> None:
    """Wait before another attempt."""
    time.sleep(seconds)


def refuse_answer(shown: str, error: urllib.error.HTTPError) -> None:
    """Refuse an answer that another attempt would not change."""
    if "is not allowed" in str(error.reason):
        raise InputError(Problem(shown, "the server leads to a URL of another kind than http or ftp")) from None
    if error.code in (401, 403, 404, 410):
        raise InputError(Problem(shown, f"the server answers {error.code}", mend="Check the URL.")) from None


class Guarded(urllib.request.HTTPRedirectHandler):
    """Follow redirections to public hosts, and to the stated host itself."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """Return the request of a redirection; see `urllib.request.HTTPRedirectHandler`."""
        stated = public_url(req.get_full_url())
        if url_fault(newurl) and "://" in newurl:
            raise InputError(Problem(stated, "the server leads to a URL of another kind than http or ftp"))
        if not same_host(stated, newurl) and is_private(urlsplit(newurl).hostname or ""):
            mend = "Download the file yourself and give its path."
            raise InputError(Problem(stated, "the server leads to a host of a private network", mend=mend))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def same_host(one: str, other: str) -> bool:
    """Return whether two URLs are of one host and port, or of its ports of the web."""
    parts, others = urlsplit(one), urlsplit(other)
    ports = {parts.port, others.port}
    return parts.hostname == others.hostname and (len(ports) == 1 or ports <= WEB_PORTS)


def is_private(host: str) -> bool:
    """Return whether any address of a host is not one of the public Internet; of none that is known, no."""
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # a name without address: the connection fails, and says so
        return False
    return not all(ipaddress.ip_address(address.split("%")[0]).is_global for address in addresses)


def append_download(url: str, part: Path, end: float) -> None:
    """Fetch what ``part`` lacks yet, until ``end`` of the clock at most.

    Raises
    ------
    OSError
        The connection ends before the stated length.
    """
    shown = public_url(url)
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with at_most(OPENING):
        opened = urllib.request.build_opener(Guarded).open(request, timeout=SILENCE)
    with opened as answer:
        resumed = getattr(answer, "status", 200) == 206
        stated = stated_length(answer.headers.get("Content-Length"))
        refuse_larger(shown, have if resumed else 0, stated or 0)
        with open(part, "ab" if resumed else "wb") as handle:
            before = handle.tell()
            for chunk in chunks(answer, shown, end):
                refuse_larger(shown, handle.tell(), len(chunk))
                handle.write(chunk)
            received = handle.tell() - before
    if stated is not None and received != stated:
        raise OSError(f"the connection ended after {received} of {stated} bytes")


def stated_length(text: str | None) -> int | None:
    """Return the length that a server states; None where it states none, or no number."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else None


def chunks(answer: Any, shown: str, end: float) -> Iterator[bytes]:
    """Read what a server sends, as it comes; one that drips is refused."""
    began, received = time.monotonic(), 0
    while chunk := answer.read1(1 << 20):
        yield chunk
        received += len(chunk)
        now = time.monotonic()
        if now > end:
            raise InputError(Problem(shown, f"the download takes longer than {LONGEST_DOWNLOAD / 3600:g} hours"))
        if now - began > PERIOD:
            if received < LEAST_RATE * (now - began):
                found = f"{received / (now - began):.0f} bytes per second"
                expected = f"at least {LEAST_RATE}"
                raise InputError(Problem(shown, "the server sends too slowly", found=found, expected=expected))
            began, received = now, 0


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what takes longer with a TimeoutError; threads other than the main one have no such clock."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError(f"no answer within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refuse_larger(shown: str, have: int, more: int) -> None:
    """Refuse a file that is larger than any reference."""
    if have + more > LARGEST_DOWNLOAD:
        expected = f"at most {LARGEST_DOWNLOAD / 1e9:g} GB"
        raise InputError(Problem(shown, "the file is too large", expected=expected, mend="Check the URL."))
