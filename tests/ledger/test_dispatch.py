"""The promises of plan, claim and outcome, made elsewhere over SQLite, over PostgreSQL."""

import pytest

from tests.dispatch.test_bundles import *  # noqa: F403
from tests.dispatch.test_claim import *  # noqa: F403
from tests.planning.test_caps import *  # noqa: F403

pytestmark = [
    pytest.mark.parametrize("address", ["postgresql"], indirect=True),
    pytest.mark.xdist_group("postgresql"),
]
