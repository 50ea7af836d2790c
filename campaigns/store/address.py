"""Where a workspace's ledger is: what the environment says, else the settings, else a file of the workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from campaigns.errors import AuthorError

VARIABLE: Final = "VIESTI_DATABASE_URL"
_HINT: Final = "write it like postgresql://user@host:5432/database"
_SECRETS: Final = f"give it in {VARIABLE} or PGPASSWORD, or in ~/.pgpass"


def ledger_address(environment: Mapping[str, str], in_settings: str | None, settings: Path, file: Path) -> str:
    """The URL of the ledger: `file` where nothing else is asked for. AuthorError for one that cannot be used.

    `in_settings` is what the file `settings` asks for; a password is a secret, and not for that file.
    """
    asked = environment.get(VARIABLE)
    if asked:
        return checked(asked, VARIABLE)
    if in_settings is None:
        return f"sqlite:///{file}"
    if make_url(checked(in_settings, str(settings))).password:
        message = "`database_url` holds a password, and secrets come from the environment only"
        raise AuthorError.about(str(settings), message, "secret_in_file", _SECRETS)
    return in_settings


def checked(url: str, place: str) -> str:
    """A URL of a database that a ledger can be in; AuthorError, saying `place`, for anything else."""
    try:
        address: URL | None = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    if address is None or address.get_backend_name() not in {"postgresql", "sqlite"}:
        message = "this is not the address of a database that a ledger can be in"
        raise AuthorError.about(place, message, "bad_database_url", _HINT)
    return url
