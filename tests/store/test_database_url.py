"""Where the ledger is: the environment before the settings before the workspace's own file."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.store.admin.database_url import URL_VARIABLE, ledger_url

SETTINGS, FILE = Path("config/settings.yaml"), Path("data/ledger.sqlite")


@pytest.mark.parametrize(
    ("environment", "in_settings", "expected"),
    [
        ({}, None, "sqlite:///data/ledger.sqlite"),
        ({URL_VARIABLE: ""}, None, "sqlite:///data/ledger.sqlite"),
        ({}, "postgresql://db/viesti", "postgresql://db/viesti"),
        ({URL_VARIABLE: "postgresql://u:p@db/viesti"}, "postgresql://other/viesti", "postgresql://u:p@db/viesti"),
    ],
)
def test_the_first_who_says_where_is_heard(environment, in_settings, expected):
    assert ledger_url(environment, in_settings, SETTINGS, FILE) == expected


@pytest.mark.parametrize(
    ("environment", "in_settings", "code"),
    [
        ({}, "postgresql://u:hunter2@db/viesti", "secret_in_file"),
        ({}, "mysql://db/viesti", "bad_database_url"),
        ({URL_VARIABLE: "viesti"}, None, "bad_database_url"),
        ({URL_VARIABLE: "postgresql://u:hunter2@db:port/viesti"}, None, "bad_database_url"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(environment, in_settings, code):
    with pytest.raises(UserError) as raised:
        ledger_url(environment, in_settings, SETTINGS, FILE)
    (problem,) = raised.value.problems
    assert problem.code == code
    assert "hunter2" not in str(raised.value)
