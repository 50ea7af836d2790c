"""Location of the ledger: the environment, then the settings, then the workspace's own file."""

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
def test_environment_overrides_settings_and_settings_override_the_file(environment, in_settings, expected):
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
def test_invalid_url_is_refused_without_quoting_it(environment, in_settings, code):
    with pytest.raises(UserError) as raised:
        ledger_url(environment, in_settings, SETTINGS, FILE)
    (problem,) = raised.value.problems
    assert problem.code == code
    assert "hunter2" not in str(raised.value)
