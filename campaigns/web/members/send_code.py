"""Asks for one-time codes, after the page was answered: how long that takes tells nobody whether an address is known.

The courier carries them (`dispatch.courier`).
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from audiences import addresses
from audiences.access.one_time_codes import Aim, Asked, issue
from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel
from campaigns.runs.notices import enqueue
from campaigns.web.forms import Posted
from campaigns.web.page_context import Site

_SHARERS: Final = 6  # codes that go to one address at a time, one for each member who has it


def asked_channel(form: Posted) -> Channel:
    """The channel that a form asks for a code by."""
    return Channel.SMS if form.one("by") == "sms" else Channel.EMAIL


@dataclass(frozen=True)
class Codes:
    """Codes on their way. Every one names its member, so that those who share an address know theirs."""

    site: Site

    def to_address(self, challenge: str, written: str) -> None:
        """A code for every member who has this address or number; for none when nobody has."""
        email, phone = addresses.email(written), addresses.phone(written)
        if email is not None:
            self._to_all(challenge, CONTACT.c.mailbox == email.lower(), Channel.EMAIL)
        elif phone is not None:
            self._to_all(challenge, CONTACT.c.phone == phone, Channel.SMS)

    def to_member(self, challenge: str, member_id: str, channel: Channel) -> None:
        """A code to the address of a member that we know, if we know one."""
        self._to_all(challenge, CONTACT.c.member_id == member_id, channel)

    def to_new_address(self, asked: Asked) -> None:
        """A code to an address that is to become the member's."""
        self.to_whom_asked(asked, Channel.EMAIL if asked.aim is Aim.EMAIL else Channel.SMS)

    def to_whom_asked(self, asked: Asked, channel: Channel) -> None:
        """A code for what a member in a session asked for."""
        with self.site.engine.ledger.write() as connection:
            self._send(connection, asked, channel)

    def _to_all(self, challenge: str, who: Any, channel: Channel) -> None:
        known = CONTACT.c.email if channel is Channel.EMAIL else CONTACT.c.phone
        query = select(CONTACT.c.member_id).where(who, known.is_not(None)).order_by(CONTACT.c.member_id)
        with self.site.engine.ledger.write() as connection:
            for member_id in connection.execute(query.limit(_SHARERS)).scalars().all():
                self._send(connection, Asked(challenge, member_id), channel)

    def _send(self, connection: Connection, asked: Asked, channel: Channel) -> None:
        if issue(connection, self.site.engine.signer, asked, self.site.now):
            enqueue.code_asked(connection, asked, channel, self.site.now)
