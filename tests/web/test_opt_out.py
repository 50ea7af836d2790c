"""Opt-out of one kind of message, by the narrowest choice (E-27)."""

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


def reaches(kind: MessageKind, state: ConsentState) -> bool:
    condition = permission_condition(kind.purpose, kind.channel, partner=kind.partner, newsletter=kind.newsletter)
    return condition is not None and condition.is_met_by(replace(state, register=Register.OWNERS))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_message_kind_except_magazine_service_and_rights_has_an_opt_out(kind):
    assert (kind.opt_out_choice is None) == (kind.purpose in FREE)


@given(record=records, kind=st.sampled_from([kind for kind in KINDS if kind.opt_out_choice]))
def test_a_message_kind_reaches_nobody_after_its_opt_out(record, kind):
    assert kind.opt_out_choice is not None
    opt_out = ConsentContext(NOW, ConsentSource.ONE_CLICK).entry(
        "m", kind.opt_out_choice, not is_permission(kind.opt_out_choice)
    )
    assert not reaches(kind, reduce_entries([*record, opt_out]))


PAIRS = [
    (ended, other) for ended in KINDS if ended.opt_out_choice for other in KINDS if ended.purpose is not other.purpose
]
SHARED = {
    (Purpose.MARKETING, Purpose.SURVEY),  # a survey by e-mail or SMS needs the consent to our own marketing there
    (Purpose.SURVEY, Purpose.MARKETING),  # "no surveys and telephone marketing" is one choice, and so ends calls
}


@pytest.mark.parametrize(("ended", "other"), PAIRS, ids=str)
def test_an_opt_out_leaves_the_messages_of_every_other_purpose(ended, other):
    withdrawn = {Choice.ELECTRONIC_OWNER_POST} if other.channel is Channel.POST else set()
    entries = [
        ConsentEntry("m", name, True, NOW, ConsentSource.WEB)
        for name in NAMES
        if is_permission(name) and name not in withdrawn
    ]
    opt_out = ConsentContext(NOW.replace(day=3), ConsentSource.ONE_CLICK).entry(
        "m", ended.opt_out_choice, not is_permission(ended.opt_out_choice)
    )
    assert reaches(other, reduce_entries(entries))
    assert reaches(other, reduce_entries([*entries, opt_out])) or (ended.purpose, other.purpose) in SHARED
