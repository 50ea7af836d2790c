"""The promises of plan, claim and hand-over, made elsewhere over SQLite, over PostgreSQL."""

from tests.runs.dispatch.test_bundle_sender import *  # noqa: F403
from tests.runs.dispatch.test_claim import *  # noqa: F403
from tests.runs.planning.test_frequency_caps import *  # noqa: F403

DATABASES = ("postgresql",)
