"""Signing keys of the workspace: from the environment, else from a key file that only its owner can read."""

import os
import secrets
from binascii import Error, unhexlify
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.private_files import FILE_MODE, make_private_folder, tighten, write_new
from campaigns.core.tokens import Signer

KEYS_VARIABLE: Final = "VIESTI_SIGNING_KEYS"
_BYTES: Final = 32


def load_signer(environment: Mapping[str, str], key_file: Path) -> Signer:
    """Return the signer of a workspace.

    `VIESTI_SIGNING_KEYS` holds keys of 64 hexadecimal digits, oldest first, separated by commas; the last one signs.
    Without it a key is created once and stored in `key_file`: enough for one machine.
    """
    keys = environment.get(KEYS_VARIABLE)
    if keys is None:
        return Signer({1: _read_or_create(key_file)})
    return Signer({number: _parse_key(text) for number, text in enumerate(keys.split(","), start=1)})


def _read_or_create(key_file: Path) -> bytes:
    tighten(key_file, FILE_MODE)
    try:
        return _parse_key(key_file.read_text("ascii"))
    except FileNotFoundError:
        _create(key_file)
        return _parse_key(key_file.read_text("ascii"))


def _create(key_file: Path) -> None:
    """Write a new key whole or not at all; a key that another process wrote first wins."""
    make_private_folder(key_file.parent)
    draft = key_file.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    write_new(draft, secrets.token_hex(_BYTES).encode())
    with suppress(FileExistsError):
        os.link(draft, key_file)
    draft.unlink()


def _parse_key(text: str) -> bytes:
    try:
        key = unhexlify(text.strip())
    except (Error, ValueError):
        key = b""
    if len(key) < _BYTES:
        raise UserError.about(
            KEYS_VARIABLE, "a signing key is 64 hexadecimal digits", "bad_key", "`openssl rand -hex 32`"
        )
    return key
