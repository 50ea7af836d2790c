"""URL of a workspace's ledger: from the environment, else the settings, else a file of the workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from campaigns.core.errors import UserError

URL_VARIABLE: Final = "VIESTI_DATABASE_URL"
_HINT: Final = "write it like postgresql://user@host:5432/database"
_SECRETS: Final = f"give it in {URL_VARIABLE} or PGPASSWORD, or in ~/.pgpass"


def ledger_url(environment: Mapping[str, str], in_settings: str | None, settings: Path, file: Path) -> str:
    """Return the URL of the ledger; `file` by default. Raise UserError for a URL that cannot be used.

    `in_settings` is the URL in the file `settings`. A password is a secret and must not be in that file.
    """
    from_environment = environment.get(URL_VARIABLE)
    if from_environment:
        return check_url(from_environment, URL_VARIABLE)
    if in_settings is None:
        return f"sqlite:///{file}"
    if make_url(check_url(in_settings, str(settings))).password:
        message = "`database_url` holds a password, and secrets come from the environment only"
        raise UserError.about(str(settings), message, "secret_in_file", _SECRETS)
    return in_settings


def check_url(url: str, place: str) -> str:
    """Return the URL of a database that can hold a ledger; raise UserError, naming `place`, for any other."""
    try:
        address: URL | None = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    if address is None or address.get_backend_name() not in {"postgresql", "sqlite"}:
        message = "this is not the address of a database that a ledger can be in"
        raise UserError.about(place, message, "bad_database_url", _HINT)
    return url
