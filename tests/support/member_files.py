"""A member whose values stand nowhere else, and files of every kind that hold them."""

import json
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from campaigns.core.model.privacy_rights import RequestKind
from campaigns.operations import ledger_admin
from campaigns.people.privacy import erasure
from campaigns.people.privacy.written_files import register_file
from campaigns.runs.notices import enqueue
from campaigns.runs.proofs.send_proof import ProofRequest, send_proof
from campaigns.store.people.kept_files import KeptFileKind
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import SampleWorkspace, ignore_progress

AINO, OTHER = "m-98765401", "m01"
CONTACT: Final = {
    "member_id": AINO,
    "register": "owners",
    "first_name": "Aliisa",
    "last_name": "Tunnistettava",
    "language": "fi",
    "birth_date": "1950-01-01",
    "email": "aliisa.tunnistettava@example.org",
    "phone": "+358409876543",
    "street": "Poistokuja 17",
    "postal_code": "00100",
    "city": "Kylä",
    "bonus_last_month": "1.50",
}
SECRETS: Final = ("Aliisa", "Tunnistettava", CONTACT["email"], CONTACT["phone"], "040 9876543", "Poistokuja", AINO)
SERVICE: Final = "purpose: service\nschedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers]}\n"
CONTENT: Final = {"email": "hello", "sms": "hello", "post": "survey", "phone": "survey_script"}
CHANNELS: Final = tuple(CONTENT)


def send(workspace: SampleWorkspace, channel: str) -> Run:
    """Send a service message to everybody by a channel; its content is the same for all purposes."""
    purpose = "survey" if channel in {"post", "phone"} else "service"
    text = SERVICE.replace("service", purpose) + f"channels: [{channel}]\ncontent: {{{channel}: {CONTENT[channel]}}}\n"
    run = workspace.start(f"by_{channel}", text)
    workspace.send(run)
    return run


def night(workspace: SampleWorkspace, days: int) -> None:
    """Let days pass, and run the nightly jobs."""
    workspace.clock.advance(days=days)
    erasure.apply_retention(workspace.engine.context)


def write_messages(workspace: SampleWorkspace) -> None:
    """Send a message by every channel, a notice and a proof, and write a preview."""
    context = workspace.engine.context
    for channel in CHANNELS:
        send(workspace, channel)
    draft, _ = context.repository.campaign_definition("by_email")
    workspace.engine.queries.preview(draft, AINO, workspace.clock.time)
    send_proof(workspace.engine.queries, draft, ProofRequest("proofs@kyla.example.org", AINO))
    with context.ledger.write() as connection:
        enqueue.request_received(connection, AINO, RequestKind.ACCESS, date(2018, 2, 1), workspace.clock.time)
    workspace.engine.notice_sender.send_waiting()


def write_everything(workspace: SampleWorkspace) -> dict[str, Path]:
    """Write an export and a backup, whose places the ledger stores; return the files about the member by kind."""
    context, outbox = workspace.engine.context, workspace.root / "outbox"
    export, backup = workspace.root / "export.json", workspace.root / "backups" / "ledger.sqlite"
    export.write_text(json.dumps(CONTACT), "utf-8")
    register_file(context, KeptFileKind.EXPORT, export, AINO)
    ledger_admin.backup_to(context, backup, ignore_progress)
    return {
        "e-mail": member_mail(outbox / "by_email-20180101T0800Z"),
        "notice": member_mail(outbox / "notes"),
        "text message": outbox / "by_sms-20180101T0800Z" / "sms.jsonl",
        "letters": outbox / "by_post-20180101T0800Z" / "post-1",
        "call list": outbox / "by_phone-20180101T0800Z" / "phone-1",
        "proof": next(outbox.glob("proof-*-*/email/*.eml")),
        "preview": next((workspace.root / "data" / "previews").glob("*/*/message.html")),
        "export": export,
        "backup": backup,
    }


def member_mail(folder: Path) -> Path:
    """Return the e-mail to the member in an outbox folder."""
    mails = {to(file): file for file in (folder / "email").glob("*.eml")}
    return mails[CONTACT["email"]]


def to(mail: Path) -> str:
    """Return the recipient of an e-mail."""
    return parseaddr(message_from_bytes(mail.read_bytes(), policy=default)["To"])[1]


def places_of(root: Path, secret: str) -> list[str]:
    """Return the files below a folder that hold a text, in their names or their decoded contents."""
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if secret in path.name or (path.is_file() and any(secret in text for text in texts_of(path)))
    )


def texts_of(path: Path) -> Iterator[str]:
    """Yield the decoded contents of a file."""
    content = path.read_bytes()
    yield content.decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pydict())
    if path.suffix == ".eml":
        message = message_from_bytes(content, policy=default)
        yield str(dict(message.items()))
        yield from (part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
