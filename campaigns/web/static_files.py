"""Static files with cache headers: for a year under the address that names their content, else for an hour."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike, stat_result
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.staticfiles import NotModifiedResponse
from starlette.types import Scope

STATIC_PATH: Final = "/static"
STATIC: Final = Path(__file__).with_name("static")
_VERSION: Final = "v"
_FOREVER: Final = "public, max-age=31536000, immutable"
_FOR_AN_HOUR: Final = "public, max-age=3600"  # then asked for again by its ETag


@dataclass(frozen=True, slots=True)
class MadeFile:
    """File that is made and not stored: its name below `/static`, and its content."""

    name: str
    media_type: str
    content: bytes

    @property
    def version(self) -> str:
        """Version in the address, which changes with the content."""
        return content_version(self.content)

    @property
    def url(self) -> str:
        """Address under which browsers keep it for a year."""
        return f"{STATIC_PATH}/{self.name}?{_VERSION}={self.version}"


class CachedFiles(StaticFiles):
    """Files of a folder that browsers and mailbox providers may keep."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file, or that it has not changed, and how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = _cache_control(scope, _version(str(full_path), stat_result.st_mtime_ns))
        return response


class BrandedFiles(CachedFiles):
    """Files of a folder, and files that are made from the brand."""

    def __init__(self, directory: Path, made: Iterable[MadeFile]) -> None:
        super().__init__(directory=directory)
        self._made = {file.name: file for file in made}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a made file, else a stored one."""
        file = self._made.get(path)
        if file is None or scope["method"] not in ("GET", "HEAD"):
            return await super().get_response(path, scope)
        headers = {"Cache-Control": _cache_control(scope, file.version), "ETag": f'"{file.version}"'}
        content = file.content if scope["method"] == "GET" else b""
        response = Response(content, headers=headers, media_type=file.media_type)
        return (
            NotModifiedResponse(response.headers)
            if self.is_not_modified(response.headers, Headers(scope=scope))
            else response
        )


def _cache_control(scope: Scope, version: str) -> str:
    """Return how long an answer may be kept: for a year when the address names this version of the content."""
    versions = parse_qs(scope["query_string"].decode("latin-1")).get(_VERSION)
    return _FOREVER if versions == [version] else _FOR_AN_HOUR


def static_url(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    path = STATIC / name
    return f"{STATIC_PATH}/{name}?{_VERSION}={_version(str(path), path.stat().st_mtime_ns)}"


@lru_cache(maxsize=256)
def _version(path: str, _changed_at: int) -> str:
    return content_version(Path(path).read_bytes())


def content_version(content: bytes) -> str:
    """Return the version of a content, as addresses name it."""
    return hashlib.sha256(content).hexdigest()[:16]
