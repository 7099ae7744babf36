"""URLs as they may be shown and as they may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

SCHEMES = ("https://", "http://", "ftp://")


def public_url(url: str) -> str:
    """Return a URL without user name, password, query and fragment, which may hold what opens a door.

    What is no URL of the web stays as it is; one that cannot be parsed is cut before its query.
    """
    if not url.lower().startswith(SCHEMES):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.split("?")[0].split("#")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def url_fault(url: str) -> str | None:
    """Return what a URL should be when nothing can be asked for by it; None when it is well formed."""
    if not url.startswith(SCHEMES):
        return "a URL that begins with https://, http:// or ftp://"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "a URL of ASCII letters, all others written as %XX"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "a URL with a host and, where needed, a port from 1 to 65535"
    return None if parts.hostname and port != 0 else "a URL with a host"


def public_urls(settings: Any) -> Any:
    """Return settings with every URL in them as `public_url` shows it."""
    if isinstance(settings, Mapping):
        return {key: public_urls(value) for key, value in settings.items()}
    if isinstance(settings, list):
        return [public_urls(value) for value in settings]
    return public_url(settings) if isinstance(settings, str) else settings
