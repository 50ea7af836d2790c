"""Requests for one-time codes, handled after the response: its timing does not reveal whether an address is known.

`runs.notices.notice_sender` sends the codes.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from audiences import addresses
from audiences.access.one_time_codes import CodeAim, CodeRequest, issue_code
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


@dataclass(frozen=True)
class OneTimeCodes:
    """Sender of one-time codes. Each code names its member, for members who share an address."""

    page_context: PageContext

    def send_to_address(self, challenge: str, text: str) -> None:
        """Send a code to every member with this address or number, if any."""
        email, phone = addresses.normalise_email(text), addresses.normalise_phone(text)
        if email is not None:
            self._to_all(challenge, CONTACT.c.mailbox == email.lower(), Channel.EMAIL)
        elif phone is not None:
            self._to_all(challenge, CONTACT.c.phone == phone, Channel.SMS)

    def send_to_member(self, challenge: str, member_id: str, channel: Channel) -> None:
        """Send a code to a member's known address, if there is one."""
        self._to_all(challenge, CONTACT.c.member_id == member_id, channel)

    def send_to_new_address(self, code_request: CodeRequest) -> None:
        """Send a code to an address that is to become the member's."""
        self.send_to_requester(code_request, Channel.EMAIL if code_request.aim is CodeAim.EMAIL else Channel.SMS)

    def send_to_requester(self, code_request: CodeRequest, channel: Channel) -> None:
        """Send a code for the request of a member in a session."""
        with self.page_context.context.ledger.write() as connection:
            self._send(connection, code_request, channel)

    def _to_all(self, challenge: str, condition: Any, channel: Channel) -> None:
        address = CONTACT.c.email if channel is Channel.EMAIL else CONTACT.c.phone
        query = select(CONTACT.c.member_id).where(condition, address.is_not(None)).order_by(CONTACT.c.member_id)
        with self.page_context.context.ledger.write() as connection:
            for member_id in connection.execute(query.limit(_MAX_SHARERS)).scalars().all():
                self._send(connection, CodeRequest(challenge, member_id), channel)

    def _send(self, connection: Connection, code_request: CodeRequest, channel: Channel) -> None:
        if code_request.address is None and not is_proven(connection, code_request.member_id, _FIELDS[channel]):
            return
        if issue_code(connection, self.page_context.context.signer, code_request, self.page_context.now):
            enqueue.code_requested(connection, code_request, channel, self.page_context.now)
