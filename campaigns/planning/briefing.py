"""A brief gathered: the campaign, what its templates name, the offers on sale, and the hash over all of it."""

from datetime import datetime

from campaigns.clock import local_day
from campaigns.planning.brief import Brief
from campaigns.planning.draft import Draft
from campaigns.planning.library import Library
from campaigns.planning.offers import shelves
from campaigns.planning.templates import profile_fields, with_offers


def brief(draft: Draft, as_of: datetime, library: Library, holdout_salt: str, members: tuple[str, ...] = ()) -> Brief:
    """Everything a plan of the draft is made from, at `as_of`; of the listed members only, where some are listed."""
    used = draft.templates()
    campaign = draft.campaign
    day = local_day(as_of, campaign.schedule.zone)
    return Brief(
        campaign=campaign,
        as_of=as_of,
        audiences={name: audience.match for name, audience in draft.audiences.items()},
        catalogue=library.catalogue,
        settings=library.settings,
        definition=draft.definition(),
        fields=profile_fields(used),
        members=members,
        holdout_salt=holdout_salt,
        shelves=shelves(campaign, with_offers(used), library.offers, day),
    )
