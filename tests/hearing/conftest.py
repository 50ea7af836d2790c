"""A village on either ledger, and a run of it that providers can tell about."""

import pytest

from tests.hearing.sending import Sending, sent
from tests.ledger.conftest import address, bare, ledger, pytest_generate_tests, village

__all__ = ["address", "bare", "ledger", "pytest_generate_tests", "sending", "village"]


@pytest.fixture
def sending(village) -> Sending:
    """Offers by e-mail that a provider took."""
    return sent(village)
