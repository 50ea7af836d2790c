"""Second step of the desk's sign-in: a page that asks for the app's code, and says the same to every wrong one."""

from datetime import timedelta

import httpx
import pyotp
import pytest

from campaigns.core.model.roles import Role
from campaigns.people.accounts import second_factor, staff_accounts
from campaigns.people.accounts.local_login import SECOND_STEP_LIFETIME
from tests.support.desk_session import NAME
from tests.support.page_walk import hidden_fields
from tests.support.staff_settings import set_staff
from tests.support.web_client import WebWorkspace

PASSWORD = "neljä sanaa on hyvä"


@pytest.fixture
def recovery_codes(web_workspace: WebWorkspace) -> list[str]:
    """Recovery codes of an account with an app."""
    context = web_workspace.engine.context
    staff_accounts.add(context, NAME, [Role.DESK], PASSWORD)
    enrolment = second_factor.begin(context, NAME)
    second_factor.confirm(context, enrolment, pyotp.TOTP(enrolment.key).now())
    return list(enrolment.recovery_codes)


async def first_step(web: httpx.AsyncClient) -> dict[str, str]:
    """Type the password; return the fields of the second step."""
    page = await web.post("/desk/session?lang=en", data={"name": NAME, "password": PASSWORD})
    assert (page.status_code, "One more step" in page.text) == (200, True)
    assert "viesti-desk" not in web.cookies
    return {name: values[0] for name, values in hidden_fields(page.text).items()}


async def test_the_second_step_opens_a_session(web_workspace, web, recovery_codes):
    form = await first_step(web)
    answer = await web.post("/desk/second-step?lang=en", data=form | {"code": recovery_codes[0]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk?lang=en")
    assert "Find a member" in (await web.get("/desk?lang=en")).text


@pytest.mark.hostile
@pytest.mark.parametrize(
    "kind", ["a wrong code", "a used code", "no ticket", "an invented ticket", "another name", "an old page", "a lock"]
)
async def test_every_failed_second_step_reads_the_same(web_workspace, web, recovery_codes, kind):
    form = await first_step(web) | {"code": recovery_codes[0]}
    if kind == "a used code":
        await web.post("/desk/second-step", data=form)
        web.cookies.delete("viesti-desk")
        form = await first_step(web) | {"code": recovery_codes[0]}
    elif kind == "an old page":
        web_workspace.clock.time += SECOND_STEP_LIFETIME + timedelta(seconds=1)
    elif kind == "a lock":
        for _ in range(10):
            await web.post("/desk/second-step", data=form | {"code": "000000"})
    changes = {
        "a wrong code": {"code": "000000"},
        "no ticket": {"ticket": ""},
        "an invented ticket": {"ticket": "a" * 26},
        "another name": {"name": "oiva"},
    }
    answer = await web.post("/desk/second-step?lang=en", data=form | changes.get(kind, {}))
    assert answer.status_code == 400
    assert "The code is wrong, used or too old, or there were too many tries." in answer.text
    assert "viesti-desk" not in web.cookies
    assert web_workspace.ledger_dump()["agent_session"] == [] or kind == "a used code"


@pytest.mark.hostile
async def test_a_second_step_of_another_browser_is_refused(web_workspace, web, recovery_codes):
    form = await first_step(web)
    web.cookies.clear()
    web.cookies.set("viesti-form", "another browser", domain="localhost.local")
    answer = await web.post("/desk/second-step", data={**form, "code": recovery_codes[0]})
    assert answer.status_code == 403
    del form["form_token"]  # the token of its own, and the ticket of the other
    answer = await web.post("/desk/second-step", data={**form, "code": recovery_codes[0]})
    assert answer.status_code == 400


@pytest.mark.hostile
async def test_where_an_app_is_required_an_account_without_one_reads_what_to_do(web_workspace, web):
    staff_accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    set_staff(web_workspace, "{totp: required}")
    answer = await web.post("/desk/session?lang=en", data={"name": NAME, "password": PASSWORD})
    assert (answer.status_code, "viesti agent totp helmi" in answer.text) == (403, True)
    assert "viesti-desk" not in web.cookies
    wrong = await web.post("/desk/session?lang=en", data={"name": NAME, "password": "wrong"})
    assert "viesti agent totp" not in wrong.text
