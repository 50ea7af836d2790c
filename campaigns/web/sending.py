"""Sends one-time codes, after the page was answered: how long that takes tells nobody whether an address is known."""

import logging
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping, select

from audiences import addresses
from audiences.codes import Aim, Asked, issue, spaced
from audiences.tables import CONTACT
from campaigns.channels.courier import Note
from campaigns.spec.words import Channel, Language
from campaigns.web.site import Site

_LOG: Final = logging.getLogger("viesti.web")
_SHARERS: Final = 6  # codes that go to one address at a time, one for each member who has it


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

    def to_new_address(self, challenge: str, member_id: str, aim: Aim, address: str) -> None:
        """A code to an address that is to become the member's."""
        for contact in self._contacts(CONTACT.c.member_id == member_id):
            channel = Channel.EMAIL if aim is Aim.EMAIL else Channel.SMS
            self._send(contact, Asked(challenge, member_id, aim, address), channel, address)

    def tell_of_change(self, contact: RowMapping, aim: Aim) -> None:
        """A word to the address that was in use until now."""
        language = Language(contact["language"])
        channel, old = (Channel.EMAIL, contact["email"]) if aim is Aim.EMAIL else (Channel.SMS, contact["phone"])
        if old:
            telephone = self.site.engine.library.settings.organisation.telephone
            text = self.site.pages.say("changed_text", language, telephone=telephone)
            self._carry(Note(channel, old, self.site.pages.say("changed_subject", language), text))

    def _to_all(self, challenge: str, who: Any, channel: Channel) -> None:
        for contact in self._contacts(who):
            address = contact["email"] if channel is Channel.EMAIL else contact["phone"]
            if address:
                self._send(contact, Asked(challenge, contact["member_id"]), channel, address)

    def _contacts(self, who: Any) -> list[RowMapping]:
        with self.site.engine.ledger.read() as connection:
            query = select(CONTACT).where(who).order_by(CONTACT.c.member_id).limit(_SHARERS)
            return list(connection.execute(query).mappings())

    def _send(self, contact: RowMapping, asked: Asked, channel: Channel, address: str) -> None:
        with self.site.engine.ledger.write() as connection:
            code = issue(connection, self.site.engine.signer, asked, self.site.now)
        if code is None:
            return
        language, pages = Language(contact["language"]), self.site.pages
        name = f" {contact['first_name']}" if contact["first_name"] else ""
        text = pages.say("code_text", language, name=name, code=spaced(code))
        self._carry(Note(channel, address, pages.say("code_subject", language), text))

    def _carry(self, note: Note) -> None:
        try:
            self.site.engine.courier.carry(note, self.site.now)
        except OSError as error:
            _LOG.error("a note could not be handed over: %s", error.strerror)
