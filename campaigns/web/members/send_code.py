"""Requests for one-time codes; those of strangers are handled after the response.

`runs.notices.notice_sender` sends the codes.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select

from audiences import addresses
from audiences.access.code_allowances import Requester, member_key, take
from audiences.access.one_time_codes import CodeAim, CodeRequest, IssuedCode, issue_code
from audiences.people.contact_changes import is_proven
from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel
from campaigns.runs.notices import enqueue
from campaigns.web.forms import FormFields
from campaigns.web.page_context import PageContext

_FIELDS: Final = {Channel.EMAIL: "email", Channel.SMS: "phone"}
_MAX_SHARERS: Final = 6  # codes sent to one address at a time, one per member who has it


def requested_channel(form: FormFields) -> Channel:
    """Return the channel that a form requests a code by."""
    return Channel.SMS if form.value("by") == "sms" else Channel.EMAIL


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """E-mail address or number in normal form, as typed by somebody who asks for a code."""

    channel: Channel
    value: str = field(repr=False)

    @property
    def condition(self) -> ColumnElement[bool]:
        """Return the condition of the members who have it."""
        return (CONTACT.c.mailbox if self.channel is Channel.EMAIL else CONTACT.c.phone) == self.value


def typed_address(text: str, country: str) -> TypedAddress | None:
    """Return the address that a text is; None when it is none. A number without a country code is one of `country`."""
    email = addresses.normalise_email(text)
    if email is not None:
        return TypedAddress(Channel.EMAIL, email.lower())
    phone = addresses.normalise_phone(text, country)
    return None if phone is None else TypedAddress(Channel.SMS, phone)


@dataclass(frozen=True)
class OneTimeCodes:
    """Sender of one-time codes. Each code names its member, for members who share an address."""

    page_context: PageContext

    def send_to_address(self, challenge: str, address: TypedAddress, requester: Requester) -> None:
        """Send a code to every member with this address or number, if any."""
        self._to_all(challenge, address.condition, address.channel, requester)

    def send_to_member(self, challenge: str, member_id: str, channel: Channel, requester: Requester) -> None:
        """Send a code to a member's known address, if there is one."""
        self._to_all(challenge, CONTACT.c.member_id == member_id, channel, requester)

    def send_to_new_address(self, code_request: CodeRequest, requester: Requester) -> IssuedCode:
        """Send a code to an address that is to become the member's."""
        channel = Channel.EMAIL if code_request.aim is CodeAim.EMAIL else Channel.SMS
        return self.send_to_requester(code_request, channel, requester)

    def send_to_requester(self, code_request: CodeRequest, channel: Channel, requester: Requester) -> IssuedCode:
        """Send a code for the request of a member in a session."""
        with self.page_context.context.ledger.write() as connection:
            return self._send(connection, code_request, channel, requester.keys)

    def _to_all(self, challenge: str, condition: Any, channel: Channel, requester: Requester) -> None:
        address = CONTACT.c.email if channel is Channel.EMAIL else CONTACT.c.phone
        query = select(CONTACT.c.member_id).where(condition, address.is_not(None)).order_by(CONTACT.c.member_id)
        signer, now = self.page_context.context.signer, self.page_context.now
        with self.page_context.context.ledger.write() as connection:
            for member_id in connection.execute(query.limit(_MAX_SHARERS)).scalars().all():
                keys = (member_key(signer, member_id),) if requester.is_stranger else ()
                if take(connection, keys, now) is None:
                    request = CodeRequest(challenge, member_id)
                    self._send(connection, request, channel, (*requester.keys, *keys))

    def _send(
        self, connection: Connection, code_request: CodeRequest, channel: Channel, allowances: tuple[str, ...]
    ) -> IssuedCode:
        if code_request.address is None and not is_proven(connection, code_request.member_id, _FIELDS[channel]):
            return IssuedCode.UNPROVEN
        signer, now = self.page_context.context.signer, self.page_context.now
        issued, numbered = issue_code(connection, signer, code_request, now, allowances)
        enqueue.code_requested(connection, numbered, channel, now)
        return issued
