"""What ends a kind of message ends it for whoever it reached, by the narrowest choice (E-27)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState, is_permission, reduce_entries
from audiences.consent.opt_out import ConsentContext, MessageKind
from audiences.consent.permissions import PERMISSION_TABLE, permission_condition
from campaigns.core.model.enums import Channel, Choice, Purpose, Register

NOW = datetime(2018, 1, 2, tzinfo=UTC)
FREE = {Purpose.MAGAZINE, Purpose.SERVICE, Purpose.RIGHTS}
KINDS = [
    MessageKind(purpose, channel, partner, "food" if purpose is Purpose.NEWSLETTER else None)
    for (purpose, partner), cells in PERMISSION_TABLE.items()
    for channel in cells
]
NAMES = (*(choice.value for choice in Choice), "newsletter:food", "newsletter:pets")
records = st.lists(
    st.builds(
        ConsentEntry,
        st.just("m"),
        st.sampled_from(NAMES),
        st.booleans(),
        st.datetimes(datetime(2017, 1, 1), datetime(2018, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
        st.sampled_from(ConsentSource),
    ),
    max_size=30,
)


def reaches(kind: MessageKind, stance: ConsentState) -> bool:
    needs = permission_condition(kind.purpose, kind.channel, partner=kind.partner, newsletter=kind.newsletter)
    return needs is not None and needs.is_met_by(replace(stance, register=Register.OWNERS))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_everything_but_magazine_service_and_rights_can_be_ended(kind):
    assert (kind.ended_by is None) == (kind.purpose in FREE)


@given(record=records, kind=st.sampled_from([kind for kind in KINDS if kind.opt_out_choice]))
def test_after_its_ending_a_message_reaches_nobody(record, kind):
    assert kind.ended_by is not None
    closing = ConsentContext(NOW, ConsentSource.ONE_CLICK).entry("m", kind.ended_by, not is_permission(kind.ended_by))
    assert not reaches(kind, reduce_entries([*record, closing]))


PAIRS = [
    (ended, other) for ended in KINDS if ended.opt_out_choice for other in KINDS if ended.purpose is not other.purpose
]
SHARED = {
    (Purpose.MARKETING, Purpose.SURVEY),  # a survey by e-mail or SMS needs the consent to our own marketing there
    (Purpose.SURVEY, Purpose.MARKETING),  # "no surveys and telephone marketing" is one choice, and so ends calls
}


@pytest.mark.parametrize(("ended", "other"), PAIRS, ids=str)
def test_an_ending_leaves_the_messages_of_every_other_purpose(ended, other):
    given_up = {Choice.ELECTRONIC_OWNER_POST} if other.channel is Channel.POST else set()
    said = [
        ConsentEntry("m", name, True, NOW, ConsentSource.WEB)
        for name in NAMES
        if is_permission(name) and name not in given_up
    ]
    closing = ConsentContext(NOW.replace(day=3), ConsentSource.ONE_CLICK).entry(
        "m", ended.ended_by, not is_permission(ended.ended_by)
    )
    assert reaches(other, reduce_entries(said))
    assert reaches(other, reduce_entries([*said, closing])) or (ended.purpose, other.purpose) in SHARED
