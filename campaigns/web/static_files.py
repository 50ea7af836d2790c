"""Static files with cache headers: for a year under the address that names their content, else for an hour."""

import hashlib
from functools import lru_cache
from os import PathLike, stat_result
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

STATIC: Final = Path(__file__).with_name("static")
_VERSION: Final = "v"
_FOREVER: Final = "public, max-age=31536000, immutable"
_FOR_AN_HOUR: Final = "public, max-age=3600"  # then asked for again by its ETag


class CachedFiles(StaticFiles):
    """Files of a folder that browsers and mailbox providers may keep."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file, or that it has not changed, and how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        versions = parse_qs(scope["query_string"].decode("latin-1")).get(_VERSION)
        is_current = versions is not None and versions == [_version(str(full_path), stat_result.st_mtime_ns)]
        response.headers["Cache-Control"] = _FOREVER if is_current else _FOR_AN_HOUR
        return response


def static_url(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    path = STATIC / name
    return f"/static/{name}?{_VERSION}={_version(str(path), path.stat().st_mtime_ns)}"


@lru_cache(maxsize=256)
def _version(path: str, _changed_at: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]
