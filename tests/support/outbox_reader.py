"""Contents of an outbox: file hashes, and messages by recipient."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path


def fingerprints(outbox: Path) -> dict[Path, str]:
    """Return the hash of every delivered file."""
    return {path: sha256(path.read_bytes()).hexdigest() for path in sorted(outbox.rglob("*")) if path.is_file()}


def messages_by_member(run: Path) -> Counter[tuple[str, ...]]:
    """Return the number of messages of one run by address."""
    return Counter([*_mails(run), *_texts(run), *_letters(run)])


def _mails(run: Path) -> Iterator[tuple[str, ...]]:
    for path in run.glob("email/*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        yield "email", str(message["To"])


def _texts(run: Path) -> Iterator[tuple[str, ...]]:
    for path in run.glob("sms*.jsonl"):
        yield from (("sms", json.loads(line)["to"]) for line in path.read_text("utf-8").splitlines())


def _letters(run: Path) -> Iterator[tuple[str, ...]]:
    for path in run.glob("post-*/addresses.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from (("post", row["reference"]) for row in csv.DictReader(file, delimiter=";"))
