"""Each vendor is imported by the modules named here and by no other."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
VENDORS: Final = {
    "adbc_driver_postgresql": {"campaigns/store/ledger/postgresql.py"},
    "adbc_driver_sqlite": {"campaigns/store/ledger/sqlite.py"},
    "aiohttp": {"campaigns/demo/rehearsal/doubles/"},
    "aiosmtplib": {"campaigns/channels/smtp.py"},
    "alembic": {"campaigns/store/"},
    "apscheduler": {"campaigns/runs/dispatch/periodic_jobs.py"},
    "argon2": {"campaigns/people/accounts/passwords.py"},
    "authlib": {
        "campaigns/people/accounts/id_token.py",
        "campaigns/people/accounts/identity_provider.py",
        "campaigns/people/accounts/provider_client.py",
    },
    "babel": {"campaigns/rendering/templates/filters.py"},
    "barcode": {"campaigns/rendering/symbols/coupon_symbol.py"},
    "cronsim": {"campaigns/core/model/schedule.py"},
    "cryptography": {
        "campaigns/people/accounts/secret_encryption.py",
        "campaigns/channels/dkim.py",
        "campaigns/channels/sendgrid_events.py",
        "campaigns/demo/rehearsal/doubles/sendgrid.py",
        "campaigns/store/people/desk_tickets.py",
    },
    "cssselect2": {"campaigns/rendering/checks/computed_styles.py"},
    "dns": {"campaigns/operations/doctor/dns.py"},
    "duckdb": {"audiences/imports/staging.py", "audiences/warehouse/warehouse.py", "campaigns/demo/data/"},
    "email_validator": {"audiences/addresses.py"},
    "faker": {"campaigns/demo/data/names.py"},
    "fastapi": {"campaigns/web/"},
    "imagesize": {"campaigns/core/pictures.py"},
    "jinja2": {"campaigns/rendering/"},
    "joserfc": {"campaigns/people/accounts/id_token.py", "campaigns/people/accounts/identity_provider.py"},
    "mjml": {"campaigns/rendering/email/mjml.py"},
    "phonenumbers": {"audiences/addresses.py", "campaigns/core/model/phone_countries.py"},
    "procrastinate": {"campaigns/runs/dispatch/procrastinate_dispatcher.py"},
    "prometheus_client": {"campaigns/core/metrics.py"},
    "psycopg": {"campaigns/store/ledger/postgresql.py"},
    "pyotp": {"campaigns/people/accounts/totp.py"},
    "pyreqwest": {"campaigns/channels/http_pool.py"},
    "python_calamine": {"audiences/imports/workbook_reader.py"},
    "pyspark": {"audiences/warehouse/spark.py"},
    "rich": {"campaigns/cli/output.py"},
    "ruamel": {"campaigns/core/yaml/source.py"},
    "segno": {"campaigns/people/accounts/totp.py", "campaigns/rendering/symbols/qr_code.py"},
    "sendgrid": {"campaigns/channels/sendgrid.py"},
    "sqlglot": {"campaigns/rules/transpile.py"},
    "tinycss2": {"campaigns/rendering/checks/computed_styles.py", "campaigns/rendering/checks/css_values.py"},
    "twilio": {"campaigns/channels/twilio.py", "campaigns/channels/twilio_events.py"},
    "typer": {"campaigns/cli/"},
    "typst": {"campaigns/rendering/letters/typst.py"},
    "uvicorn": {"campaigns/web/server.py"},
    "uvloop": {"campaigns/core/event_loop.py"},
    "zxcvbn": {"campaigns/people/accounts/passwords.py"},
}
"""Vendor package → files, or folders with a slash at the end, that may import it."""


@pytest.fixture(scope="module")
def importers() -> dict[str, set[str]]:
    """The files that import a package, by the package's first name."""
    files = defaultdict(set)
    for path in [*(ROOT / "campaigns").rglob("*.py"), *(ROOT / "audiences").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                files[name.split(".")[0]].add(path.relative_to(ROOT).as_posix())
    return files


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_vendor_is_imported_in_its_own_place_only(importers, vendor):
    assert importers[vendor], "nothing imports it: strike it from the table"
    places = tuple(VENDORS[vendor])
    assert [file for file in sorted(importers[vendor]) if not file.startswith(places)] == []
