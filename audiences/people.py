"""One member as the ledger knows them: contact, and what the choices fold to."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from audiences.tables import CHOICES, CONTACT
from campaigns.errors import AuthorError
from campaigns.spec.words import Choice


def contact_of(connection: Connection, member_id: str) -> Mapping[str, Any]:
    """A member's contact; AuthorError when there is no such member."""
    row = connection.execute(select(CONTACT).where(CONTACT.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        raise AuthorError.about(
            member_id, "there is no member of this id", "unknown_member", "see `viesti import members`"
        )
    return dict(row)


def choices_of(connection: Connection, member_id: str) -> Mapping[str, object]:
    """What a member allows and forbids; a member who has said nothing allows nothing that needs a yes."""
    row = connection.execute(select(CHOICES).where(CHOICES.c.member_id == member_id)).mappings().one_or_none()
    said = {choice.value: bool(row[choice.value]) if row else False for choice in Choice}
    newsletters = [name for name in (row["newsletters"] if row else "").split("|") if name]
    return {"newsletters": newsletters, **said}
