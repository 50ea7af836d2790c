"""Copies of an erased member's data that cannot be removed at once, each with the day on which it is deleted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from campaigns.core.clock import local_day
from campaigns.people.privacy.outbox_erasure import last_bundle_end
from campaigns.store.people import kept_files
from campaigns.store.people.kept_files import KeptFileKind
from campaigns.workspace.context import Context


@dataclass(frozen=True, slots=True)
class RemainingCopies:
    """Last days of copies; None where there is none.

    `letters` are letters and call lists with many members, `message` is the last notice to the member in the outbox,
    `backups` are copies of the ledger, `exports` files that another machine or another place holds, and files of
    coupons for the tills.
    """

    letters: date | None = None
    message: date | None = None
    backups: date | None = None
    exports: date | None = None

    def days(self) -> Mapping[str, str]:
        """Return the last days that there are, as ISO dates, by kind."""
        return {kind: day.isoformat() for kind, day in asdict(self).items() if day is not None}


def find_remaining_copies(
    context: Context, connection: Connection, member_id: str, *, last_notice: bool
) -> RemainingCopies:
    """Return the copies that an erasure of the member leaves; `last_notice`: one e-mail more goes to them."""
    settings, now = context.repository.settings, context.clock.now()
    in_outbox = last_notice and str(settings.channels.email.provider) == "folder"

    def last_day(since: datetime | None, period: timedelta) -> date | None:
        return None if since is None else local_day(since + period, settings.zone) + timedelta(days=1)

    return RemainingCopies(
        letters=last_day(last_bundle_end(connection, member_id, now), settings.retention.outbox),
        message=last_day(now if in_outbox else None, settings.retention.outbox),
        backups=last_day(kept_files.newest(connection, KeptFileKind.BACKUP), settings.retention.backups),
        exports=last_day(_newest_export(connection, member_id), settings.retention.exports),
    )


def _newest_export(connection: Connection, member_id: str) -> datetime | None:
    """Return when the newest file was written that may name the member and is not deleted with them."""
    own = kept_files.newest(connection, KeptFileKind.EXPORT, member_id)
    of_many = kept_files.newest(connection, KeptFileKind.COUPONS)
    return max((moment for moment in (own, of_many) if moment is not None), default=None)
