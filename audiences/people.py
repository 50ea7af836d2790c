"""One member as the ledger knows them: contact, and what the choices fold to."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from audiences.choices import stance_of
from audiences.tables import CONTACT
from campaigns.errors import AuthorError
from campaigns.spec.words import Choice


def contact_of(connection: Connection, member_id: str) -> Mapping[str, Any]:
    """A member's contact; AuthorError when there is no such member."""
    row = connection.execute(select(CONTACT).where(CONTACT.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        raise AuthorError.about(
            member_id,
            "there is no member of this id",
            "unknown_member",
            "check the id; `viesti import members` brings members in",
        )
    return dict(row)


def choices_of(connection: Connection, member_id: str) -> Mapping[str, object]:
    """What a member allows and forbids; a member who has said nothing allows nothing that needs a yes."""
    stance = stance_of(connection, member_id)
    said = {choice.value: choice in stance.on for choice in Choice}
    return {"newsletters": sorted(stance.newsletters), **said}
