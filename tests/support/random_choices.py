"""Hypothesis strategies for entries of the choice record."""

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from audiences.consent.consent_state import ConsentEntry, ConsentSource
from campaigns.core.model.enums import Choice

START: Final = datetime(2017, 1, 1, tzinfo=UTC)
CHOICES: Final = (
    Choice.EMAIL_OWN.value,
    Choice.NO_DIRECT_MAIL.value,
    Choice.NO_MARKETING.value,
    "newsletter:beauty",
    "newsletter:food",
)

# Few times and few choices, so that entries coincide and contradict each other.
ENTRIES: Final = st.builds(
    ConsentEntry,
    member_id=st.just("m"),
    choice=st.sampled_from(CHOICES),
    on=st.booleans(),
    at=st.integers(0, 4).map(lambda days: START + timedelta(days=days)),
    source=st.sampled_from(ConsentSource),
)
RECORDS: Final = st.lists(ENTRIES, max_size=12)
