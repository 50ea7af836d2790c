"""The promises of plan, claim and hand-over, made elsewhere over SQLite, over PostgreSQL."""

from tests.dispatch.test_bundles import *  # noqa: F403
from tests.dispatch.test_claim import *  # noqa: F403
from tests.planning.test_caps import *  # noqa: F403

DATABASES = ("postgresql",)
