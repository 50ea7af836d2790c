"""Sample workspace with one planned, unsent message of every kind, and its web pages."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, TypeVar

from sqlmodel import SQLModel, select

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry
from audiences.people import contacts
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.dispatch.run_sender import SendResult
from campaigns.store.people.people_tables import NOTICE
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS, NOW, ManualClock, SampleWorkspace

_T = TypeVar("_T")

_PATIENCE: Final = 120  # seconds
_SCHEDULE: Final = 'schedule: {at: "2018-01-05 10:30"}\n'
_EMAIL: Final = f"{_SCHEDULE}channels: [email]\ncontent: {{email: hello}}\n"
_SMS: Final = f"{_SCHEDULE}channels: [sms]\ncontent: {{sms: hello}}\n"
_ALL: Final = "audience: {register: [owners, customers]}\n"
_COFFEE: Final = "audience: {all: [{bought: {where: {product_category: COFFEE}}}, {region: [Lappi, Uusimaa]}]}\n"
CAMPAIGNS: Final[Mapping[str, str]] = {
    "letters": f"purpose: newsletter\nnewsletter: food\n{_EMAIL}",
    "offers": f"purpose: marketing\n{_ALL}{_EMAIL}",
    "coffee": f"purpose: marketing\n{_COFFEE}{_EMAIL}",
    "hotel": f"purpose: marketing\nsender: {{partner: Hotel Aurora}}\n{_ALL}{_EMAIL}",
    "owners": f"purpose: owner_post\naudience: {{register: owners}}\n{_EMAIL}",
    "asking": f"purpose: survey\n{_ALL}{_EMAIL}",
    "service": f"purpose: service\n{_ALL}{_EMAIL}",
    "texts": f"purpose: marketing\n{_ALL}{_SMS}",
    "hotel_texts": f"purpose: marketing\nsender: {{partner: Hotel Aurora}}\n{_ALL}{_SMS}",
}
SAMPLE_CHOICES: Final = ("newsletter:food", "email_partner", "sms_partner", "electronic_owner_post")
AINO: Final = MEMBERS[0]  # an owner who speaks Swedish, reached in every way
NAME_OF_AINO: Final = "Nimi1 Mäki"
MAIL: Final = f"{AINO}@example.org"
PHONE: Final = "+358401230001"
SHARERS: Final = (MEMBERS[8], MEMBERS[9])  # two owners with one mailbox and one telephone, written differently


def build_web_workspace(root: Path) -> None:
    """Plan the messages in the sample workspace at `root`."""
    workspace = SampleWorkspace(root)
    for member in MEMBERS:
        workspace.record_choices(member, *SAMPLE_CHOICES)
    shared_contacts = [
        {"member_id": member, "email": email, "phone": "+358409999999"}
        for member, email in zip(SHARERS, ("perhe@example.org", "Perhe@example.org"), strict=True)
    ]
    with workspace.engine.context.ledger.write() as connection:
        contacts.upsert_contacts(connection, shared_contacts, "fi")
    for name, text in CAMPAIGNS.items():
        workspace.start(name, text)
    workspace.close()


@dataclass
class WebWorkspace(SampleWorkspace):
    """Sample workspace with the links of its messages and the data that page tests read."""

    def run(self, campaign: str) -> Run:
        """Return the planned run of a campaign."""
        return next(run for run in self.engine.queries.recent_runs() if run.campaign == campaign)

    def link(self, campaign: str, member: str = AINO, scope: str = "unsubscribe") -> str:
        """Return the path of a link in a member's message."""
        run = self.run(campaign)
        position = self.decisions(run)[member]["position"]
        return f"/{LINK_PATHS[scope]}/{self.engine.context.signer.link_token(scope, run.number or 0, position)}"

    def send(self, run: Run, on_progress: Callable[[int], None] = lambda _: None) -> SendResult:
        """Send in another thread: page tests run inside an event loop."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(super().send, run, on_progress).result()

    def record(self, member: str = AINO) -> list[ConsentEntry]:
        """Return the choice entries of a member since the workspace was built."""
        with self.engine.context.ledger.read() as connection:
            entries = choices.entries_of(connection, [member])[member]
        return [entry for entry in entries if entry.at > NOW]

    def ledger_dump(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables, for comparing ledgers."""
        with self.engine.context.ledger.read() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table))]
                for table in SQLModel.metadata.sorted_tables
            }

    def notices(self) -> list[tuple[str, str]]:
        """Send waiting notices; return recipient and text of all notices, oldest first."""
        with ThreadPoolExecutor(1) as pool:  # page tests run inside an event loop
            pool.submit(self.engine.notice_sender.send_waiting).result()
        folder = self.root / "outbox" / "notes"
        messages = {file.name.split("-")[1]: _email(file) for file in (folder / "email").glob("*.eml")}
        texts = folder / "sms.jsonl"
        lines = texts.read_text("utf-8").splitlines() if texts.exists() else []
        messages |= {line["id"]: (line["to"], line["text"]) for line in map(json.loads, lines)}
        with self.engine.context.ledger.read() as connection:
            numbers = connection.execute(select(NOTICE.c.number).order_by(NOTICE.c.number)).scalars().all()
        names = [self.engine.context.signer.keyed_hash("note", number) for number in numbers]
        return [messages[name] for name in names if name in messages]

    def codes(self) -> list[str]:
        """Return the one-time codes sent so far, oldest first."""
        return [messages[0] for _, text in self.notices() if (messages := re.search(r"\d{4} \d{4}", text))]

    def wait_for_codes(self, number: int) -> list[str]:
        """Return the codes once they are as many as `number`: a server in a thread sends them after its page."""
        return _wait_for(self.codes, number)

    def wait_for_notices(self, number: int) -> list[tuple[str, str]]:
        """Return the notices once they are as many as `number`: see `wait_for_codes`."""
        return _wait_for(self.notices, number)


def _wait_for(read: Callable[[], list[_T]], number: int) -> list[_T]:
    deadline = monotonic() + _PATIENCE
    while len(found := read()) < number:
        assert monotonic() < deadline, f"{len(found)} of {number} after {_PATIENCE} seconds"
        sleep(0.05)
    return found


def add_newsletter(web_workspace: SampleWorkspace) -> None:
    """Add a second newsletter, `pets`, to the settings."""
    path = web_workspace.root / "config" / "settings.yaml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("newsletters:\n", "newsletters:\n  pets: {fi: Lemmikit, sv: Husdjur, en: Pets}\n"), "utf-8"
    )
    web_workspace.reload()


def copy_web_workspace(base_web_workspace: Path, root: Path) -> WebWorkspace:
    """Copy the web workspace for one test, an hour after it was built."""
    shutil.copytree(base_web_workspace, root)
    return WebWorkspace(root, ManualClock(NOW + timedelta(hours=1)))


@cache
def _email(file: Path) -> tuple[str, str]:
    message = message_from_bytes(file.read_bytes(), policy=default)
    return message["To"], message.get_body().get_content()
