"""A bucket in memory that answers as S3 does, for the requests that `anpi.files.bucket` makes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError


class StandIn:
    """Answers of a client of boto3; ``before`` is called before each request, to let others come first or to fail.

    As on a server that encrypts with keys of its own, tags need not be the MD5 (``plain_tags=False``).
    """

    def __init__(self, plain_tags: bool = True, page: int = 2):
        self.held: dict[str, bytes] = {}
        self.plain_tags, self.page = plain_tags, page
        self.requests: list[str] = []
        self.before: Callable[[str], None] | None = None

    def asked(self, name: str) -> None:
        self.requests.append(name)
        if self.before is not None:
            self.before(name)

    def tag(self, key: str) -> str:
        salt = b"" if self.plain_tags else key.encode()
        return f'"{hashlib.md5(salt + self.held[key]).hexdigest()}"'

    def list_objects_v2(self, **words: Any) -> dict[str, Any]:
        self.asked("list")
        start = int(words.get("ContinuationToken", 0))
        keys = sorted(key for key in self.held if key.startswith(words["Prefix"]))
        shown = keys[start : start + self.page]
        contents = [{"Key": key, "Size": len(self.held[key]), "ETag": self.tag(key)} for key in shown]
        more = len(keys) > start + self.page
        return {"Contents": contents, "IsTruncated": more, "NextContinuationToken": str(start + self.page)}

    def get_object(self, **words: Any) -> dict[str, Any]:
        self.asked("get")
        if words["Key"] not in self.held:
            raise refused("NoSuchKey")
        return {"Body": io.BytesIO(self.held[words["Key"]]), "ETag": self.tag(words["Key"])}

    def put_object(self, **words: Any) -> None:
        self.asked("put")
        key = words["Key"]
        if words.get("IfNoneMatch") == "*" and key in self.held:
            raise refused("PreconditionFailed")
        if "IfMatch" in words and (key not in self.held or self.tag(key) != words["IfMatch"]):
            raise refused("PreconditionFailed")
        self.held[key] = words["Body"]

    def delete_object(self, **words: Any) -> None:
        self.asked("delete")
        self.held.pop(words["Key"], None)

    def fail_at(self, request: str, error: Exception) -> None:
        """Let each request of this name fail."""

        def before(name: str) -> None:
            if name == request:
                raise error

        self.before = before

    def once_before(self, request: str, other: Callable[[], Any]) -> None:
        """Let something else happen before the next request of this name."""

        def before(name: str) -> None:
            if name == request:
                self.before = None
                other()

        self.before = before


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, "request")


def unreachable() -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url="http://127.0.0.1:9/")
