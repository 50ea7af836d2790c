"""What tests of delivery share."""

import pytest

from tests.dispatch.wire import Wire, wired


@pytest.fixture
def wire(village):
    return wired(village, Wire())
