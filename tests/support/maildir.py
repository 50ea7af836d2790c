"""Maildir of a workspace with a sent run, and mails that its recipients could write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import RowMapping, Table, select

from campaigns.channels.bounces import verp_address
from tests.support.sent_run import SentRun

_REPORTS: Final = Path(__file__).parents[1] / "channels" / "bounces"


class Maildir:
    """A maildir of a workspace with a sent run."""

    def __init__(self, sent_run: SentRun) -> None:
        self.sent_run, self.workspace = sent_run, sent_run.workspace
        workspace, self.folder, self.number = self.workspace, self.workspace.root / "post", 0
        for part in ("new", "cur", "tmp"):
            (self.folder / part).mkdir(parents=True)
        settings = workspace.root / "config" / "settings.yaml"
        content = settings.read_text("utf-8")
        settings.write_text(content.replace("email: {", "email: {maildir: post, "), encoding="utf-8")
        workspace.reload()

    def deliver(self, raw: bytes) -> Path:
        """Put a mail into `new`."""
        self.number += 1
        file = self.folder / "new" / f"{self.number:06d}.host"
        file.write_bytes(raw)
        return file

    def bounce(self, name: str, member: str, address: str = "") -> bytes:
        """Return a report of the corpus, about a member's delivery."""
        to = verp_address("b@kyla.example.org", self.sent_run.name(member))
        raw = (_REPORTS / f"{name}.eml").read_bytes()
        head = f"Delivered-To: {to}\n".encode()
        return head + raw.replace(b"aino@example.org", (address or f"{member}@example.org").encode())

    def authentication_report(self, member: str) -> bytes:
        """Return a report of failed authentication of a member's message, as its recipient could forge it."""
        address = f"{member}@example.org".encode()
        return self.bounce("not_authenticated", member).replace(b"aino@outlook.example", address)

    def complaint(self, member: str, number: int = 0, name: str = "") -> bytes:
        """Return a complaint about a member's delivery, as its recipient could forge it, or about another `name`."""
        reference, address = name or self.sent_run.name(member), f"{member}@example.org"
        raw = (_REPORTS / "complaint.eml").read_bytes().replace(b"k5k5k5k5k5", reference.encode())
        return raw.replace(b"aino@example.com", address.encode()).replace(b"FW: Hei", b"FW: Hei %d" % number)

    def unsubscription(self, member: str, **headers: str) -> bytes:
        """Return a mail with the token of a member's unsubscribe link in its subject."""
        position = self.workspace.deliveries(self.sent_run.run)[member]["position"]
        token = self.workspace.engine.context.signer.link_token("unsubscribe", self.sent_run.run.number, position)
        head = {"From": "somebody@example.net", "To": "b@kyla.example.org", "Subject": token} | headers
        return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in head.items()).encode() + b"\n"

    def file_counts(self) -> tuple[int, int]:
        """Return the number of mails in `new` and in `cur`."""
        return len(list((self.folder / "new").iterdir())), len(list((self.folder / "cur").iterdir()))

    def rows(self, table: Table) -> Sequence[RowMapping]:
        """Return the rows of a table of the ledger."""
        with self.workspace.engine.context.ledger.read() as connection:
            return connection.execute(select(table)).mappings().all()
