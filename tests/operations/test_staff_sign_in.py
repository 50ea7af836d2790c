"""Doctor checks of the staff's sign-in, with providers that are not there, and settings that are refused."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.roles import Role
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.operations.doctor.staff_sign_in import check_staff_sign_in
from campaigns.people.accounts import second_factor, staff_accounts
from tests.support.sample_workspace import SampleWorkspace
from tests.support.staff_settings import oidc, set_staff

pytestmark = pytest.mark.loopback
PASSWORD = "neljä sanaa on hyvä"


def findings(workspace: SampleWorkspace) -> list[tuple[FindingLevel, str]]:
    checks = check_staff_sign_in(workspace.engine.context, {})
    return [(finding.level, f"{finding.said}; {finding.step}") for finding in checks]


def test_doctor_fails_where_the_provider_or_its_secret_is_missing(workspace: SampleWorkspace) -> None:
    set_staff(workspace, f"{{{oidc('http://127.0.0.1:1')}}}")
    levels = [level for level, _ in findings(workspace)]
    assert levels == [FindingLevel.OK, FindingLevel.FAIL, FindingLevel.OK, FindingLevel.FAIL]


def test_doctor_fails_where_people_would_come_back_without_tls(workspace: SampleWorkspace) -> None:
    path: Path = workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("http://localhost:8000", "http://kyla.example.org"), "utf-8")
    set_staff(workspace, f"{{{oidc('http://127.0.0.1:1')}}}")
    assert any("without TLS" in text for level, text in findings(workspace) if level is FindingLevel.FAIL)


def test_doctor_names_the_accounts_without_a_second_factor(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = workspace.engine.context
    staff_accounts.add(context, "helmi", [Role.DESK], PASSWORD)
    assert findings(workspace) == [
        (
            FindingLevel.WARN,
            "a password alone signs in: helmi; `viesti agent totp NAME`, then `staff: {totp: required}`",
        )
    ]
    monkeypatch.setattr("campaigns.people.accounts.totp.matching_step", lambda *_: 1)
    second_factor.confirm(context, second_factor.begin(context, "helmi"), "123456")
    assert findings(workspace)[0][0] is FindingLevel.OK


def test_doctor_wants_a_local_account_for_the_day_when_the_provider_is_down(workspace: SampleWorkspace) -> None:
    set_staff(workspace, f"{{passwords: off, {oidc('http://127.0.0.1:1')}}}")
    assert "agent emergency" in findings(workspace)[0][1]


REFUSED = {
    "http elsewhere": oidc("http://id.example.org"),
    "a host that begins like this machine": oidc("http://127.0.0.1.evil.example"),
    "a user in the issuer": oidc("https://id.example.org@evil.example"),
    "a query in the issuer": oidc("https://id.example.org/?x=1"),
    "a fragment in the issuer": oidc("https://id.example.org/#x"),
    "no scheme": oidc("id.example.org"),
    "a script": oidc("javascript:alert(1)"),
    "a role that does not exist": oidc("https://id.example.org", roles="x: [root]"),
    "no role at all": oidc("https://id.example.org", roles=""),
    "passwords off without a provider": "passwords: off",
    "an unknown key": "totp: optional, secret: x",
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", REFUSED)
def test_settings_are_refused_with(workspace: SampleWorkspace, kind: str) -> None:
    set_staff(workspace, f"{{{REFUSED[kind]}}}")
    with pytest.raises(UserError):
        _ = workspace.engine.context.settings
