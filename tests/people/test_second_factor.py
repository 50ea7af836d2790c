"""Second factor of local accounts: codes work once, recovery codes too, and the ledger alone opens neither."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Role
from campaigns.core.tokens import Signer
from campaigns.people.accounts import local_login, second_factor, secret_encryption, staff_accounts, totp
from campaigns.people.accounts.local_login import NextStep, SecondStep
from campaigns.people.accounts.second_factor import Enrolment
from campaigns.people.accounts.secret_encryption import UnreadableSecretError
from campaigns.store.people import accounts
from campaigns.store.people.people_tables import AUDIT, STAFF_ACCOUNT
from tests.support.sample_workspace import SampleWorkspace

NAME, PASSWORD, VISITOR = "helmi", "neljä sanaa on hyvä", "this browser"


@pytest.fixture
def enrolment(workspace: SampleWorkspace) -> Enrolment:
    """An account whose app was set five minutes ago."""
    context = workspace.engine.context
    staff_accounts.add(context, NAME, [Role.DESK], PASSWORD)
    enrolment = second_factor.begin(context, NAME)
    second_factor.confirm(context, enrolment, pyotp.TOTP(enrolment.key).now())
    earlier = int((Clock().now() - timedelta(minutes=5)).timestamp()) // totp.PERIOD
    with context.ledger.write() as connection:
        connection.execute(update(STAFF_ACCOUNT).values(totp_step=earlier))
    return enrolment


def app_code(enrolment: Enrolment, steps: int = 0) -> str:
    """Return the code that the app shows so many time steps from now."""
    return pyotp.TOTP(enrolment.key).at(Clock().now() + timedelta(seconds=steps * totp.PERIOD))


def second_step(workspace: SampleWorkspace, visitor: str = VISITOR) -> SecondStep:
    assert local_login.log_in(workspace.engine.context, NAME, PASSWORD) is NextStep.CODE
    return local_login.begin_second_step(workspace.engine.context, NAME, visitor)


def test_an_account_with_an_app_signs_in_in_two_steps(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    step = second_step(workspace)
    assert sessions(workspace) == 0
    assert local_login.log_in_with_code(workspace.engine.context, step, app_code(enrolment))
    assert sessions(workspace) == 1
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(AUDIT.c.detail).where(AUDIT.c.action == "log_in")).scalars().all()
    assert rows == [{"second_factor": "app"}]


def sessions(workspace: SampleWorkspace) -> int:
    from campaigns.store.people.people_tables import STAFF_SESSION

    with workspace.engine.context.ledger.read() as connection:
        return len(connection.execute(select(STAFF_SESSION)).all())


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_telephone_may_be_half_a_minute_off(workspace: SampleWorkspace, enrolment: Enrolment, steps: int) -> None:
    code = app_code(enrolment, steps)
    assert local_login.log_in_with_code(workspace.engine.context, second_step(workspace), code)


@pytest.mark.hostile
@pytest.mark.parametrize(
    "kind",
    [
        "of two minutes ago",
        "of two minutes ahead",
        "of another account's app",
        "empty",
        "five digits",
        "seven digits",
        "letters",
        "full-width digits",
        "Arabic digits",
        "a statement",
        "the key itself",
        "an invented recovery code",
        "NUL",
    ],
)
def test_a_wrong_code_opens_nothing(workspace: SampleWorkspace, enrolment: Enrolment, kind: str) -> None:
    code = app_code(enrolment)
    typed = {
        "of two minutes ago": app_code(enrolment, -4),
        "of two minutes ahead": app_code(enrolment, 4),
        "of another account's app": pyotp.TOTP(pyotp.random_base32()).now(),
        "empty": "",
        "five digits": code[:5],
        "seven digits": f"{code}0",
        "letters": "abcdef",
        "full-width digits": "".join(chr(ord(digit) + 0xFEE0) for digit in code),
        "Arabic digits": "".join(chr(ord(digit) - ord("0") + 0x660) for digit in code),
        "a statement": "' OR 1=1 --",
        "the key itself": enrolment.key,
        "an invented recovery code": "abcde-fghjk-mnpqr",
        "NUL": "\0",
    }[kind]
    assert local_login.log_in_with_code(workspace.engine.context, second_step(workspace), typed) is None
    assert sessions(workspace) == 0


@pytest.mark.hostile
def test_a_code_works_once(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    code, context = app_code(enrolment), workspace.engine.context
    assert local_login.log_in_with_code(context, second_step(workspace), code)
    assert local_login.log_in_with_code(context, second_step(workspace), code) is None


@pytest.mark.hostile
def test_an_earlier_code_is_refused_after_a_later_one(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    earlier, later, context = app_code(enrolment, -1), app_code(enrolment), workspace.engine.context
    assert local_login.log_in_with_code(context, second_step(workspace), later)
    assert local_login.log_in_with_code(context, second_step(workspace), earlier) is None


@pytest.mark.hostile
def test_the_code_that_confirmed_the_app_signs_nobody_in(workspace: SampleWorkspace) -> None:
    context = workspace.engine.context
    staff_accounts.add(context, NAME, [Role.DESK], PASSWORD)
    enrolment = second_factor.begin(context, NAME)
    code = pyotp.TOTP(enrolment.key).now()
    second_factor.confirm(context, enrolment, code)
    assert local_login.log_in_with_code(context, second_step(workspace), code) is None


@pytest.mark.hostile
def test_a_recovery_code_works_once_however_it_is_typed(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    first, second, context = *enrolment.recovery_codes[:2], workspace.engine.context
    assert local_login.log_in_with_code(context, second_step(workspace), first)
    assert local_login.log_in_with_code(context, second_step(workspace), first) is None
    assert local_login.log_in_with_code(context, second_step(workspace), f" {second.upper().replace('-', ' ')} ")


@pytest.mark.hostile
def test_a_recovery_code_of_another_account_opens_nothing(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    context = workspace.engine.context
    staff_accounts.add(context, "oiva", [Role.DESK], PASSWORD)
    theirs = second_factor.begin(context, "oiva")
    second_factor.confirm(context, theirs, pyotp.TOTP(theirs.key).now())
    step = second_step(workspace)
    assert local_login.log_in_with_code(context, step, theirs.recovery_codes[0]) is None


@pytest.mark.hostile
@pytest.mark.parametrize(
    "kind", ["of another browser", "of another account", "without a ticket", "later by more than five minutes",
             "of a former password", "with a later beginning", "with no time", "of a disabled account"]
)  # fmt: skip
def test_a_second_step_is_bound_to_its_first(workspace: SampleWorkspace, enrolment: Enrolment, kind: str) -> None:
    context, step = workspace.engine.context, second_step(workspace)
    if kind == "of another browser":
        step = SecondStep(step.name, step.begun_at, "another browser", step.ticket)
    elif kind == "of another account":
        staff_accounts.add(context, "oiva", [Role.DESK], PASSWORD)
        step = SecondStep("oiva", step.begun_at, VISITOR, step.ticket)
    elif kind == "without a ticket":
        step = SecondStep(step.name, step.begun_at, VISITOR)
    elif kind == "later by more than five minutes":
        workspace.clock.time += local_login.SECOND_STEP_LIFETIME + timedelta(seconds=1)
    elif kind == "of a former password":
        staff_accounts.set_password(context, NAME, "viisi sanaa on parempi")
    elif kind == "with a later beginning":
        later = (workspace.clock.time + timedelta(hours=1)).isoformat()
        step = SecondStep(step.name, later, VISITOR, step.ticket)
    elif kind == "with no time":
        step = SecondStep(step.name, "x", VISITOR, step.ticket)
    else:
        staff_accounts.disable(context, NAME)
    assert local_login.log_in_with_code(context, step, app_code(enrolment)) is None
    assert sessions(workspace) == 0


@pytest.mark.hostile
def test_wrong_codes_lock_the_account_as_wrong_passwords_do(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    context, step = workspace.engine.context, second_step(workspace)
    for _ in range(accounts.MAX_LOGIN_FAILURES):
        assert local_login.log_in_with_code(context, step, "000000" if app_code(enrolment) != "000000" else "1") is None
    assert local_login.log_in_with_code(context, step, app_code(enrolment)) is None
    assert local_login.log_in(context, NAME, PASSWORD) is None
    workspace.clock.time += accounts.LOGIN_FAILURE_WINDOW + timedelta(seconds=1)
    assert local_login.log_in_with_code(context, second_step(workspace), app_code(enrolment))


@pytest.mark.hostile
def test_the_ledger_alone_shows_neither_key_nor_recovery_codes(
    workspace: SampleWorkspace, enrolment: Enrolment
) -> None:
    with workspace.engine.context.ledger.read() as connection:
        stored = str(connection.execute(select(STAFF_ACCOUNT)).all())
    assert enrolment.key not in stored
    for code in enrolment.recovery_codes:
        assert code not in stored
        assert code.replace("-", "") not in stored


@pytest.mark.hostile
@pytest.mark.parametrize("change", ["another owner", "another key", "a changed bit", "no number", "cut", "empty"])
def test_a_sealed_key_opens_for_its_account_and_key_alone(change: str) -> None:
    signer = Signer({1: b"a" * 32})
    sealed = secret_encryption.encrypt(signer, NAME, "KEY")
    assert secret_encryption.decrypt(signer, NAME, sealed) == "KEY"
    owner = "oiva" if change == "another owner" else NAME
    reader = Signer({1: b"b" * 32}) if change == "another key" else signer
    flipped = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    text = {"a changed bit": flipped, "no number": sealed[2:], "cut": sealed[:8], "empty": ""}.get(change, sealed)
    with pytest.raises(UnreadableSecretError):
        secret_encryption.decrypt(reader, owner, text)


def test_a_key_opens_after_the_signing_keys_rotated() -> None:
    sealed = secret_encryption.encrypt(Signer({1: b"a" * 32}), NAME, "KEY")
    assert secret_encryption.decrypt(Signer({1: b"a" * 32, 2: b"b" * 32}), NAME, sealed) == "KEY"


@pytest.mark.hostile
def test_a_copied_key_of_another_account_is_unreadable(workspace: SampleWorkspace, enrolment: Enrolment) -> None:
    context = workspace.engine.context
    staff_accounts.add(context, "oiva", [Role.DESK], PASSWORD)
    with context.ledger.write() as connection:
        key = connection.execute(select(STAFF_ACCOUNT.c.totp_key).where(STAFF_ACCOUNT.c.name == NAME)).scalar_one()
        connection.execute(update(STAFF_ACCOUNT).where(STAFF_ACCOUNT.c.name == "oiva").values(totp_key=key))
    step = local_login.begin_second_step(context, "oiva", VISITOR)
    assert local_login.log_in_with_code(context, step, app_code(enrolment)) is None


def test_a_wrong_first_code_stores_nothing(workspace: SampleWorkspace) -> None:
    context = workspace.engine.context
    staff_accounts.add(context, NAME, [Role.DESK], PASSWORD)
    with pytest.raises(UserError, match="not the code"):
        second_factor.confirm(context, second_factor.begin(context, NAME), "000000")
    assert isinstance(local_login.log_in(context, NAME, PASSWORD), str)


def require_totp(workspace: SampleWorkspace) -> None:
    path = workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8") + "staff: {totp: required}\n", "utf-8")
    workspace.engine.context.reload_files()


@pytest.mark.hostile
def test_where_an_app_is_required_a_password_alone_opens_nothing(workspace: SampleWorkspace) -> None:
    staff_accounts.add(workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    require_totp(workspace)
    assert local_login.log_in(workspace.engine.context, NAME, PASSWORD) is NextStep.ENROLMENT
    assert local_login.log_in(workspace.engine.context, NAME, "wrong") is None
    assert sessions(workspace) == 0
