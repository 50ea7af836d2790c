"""The service desk: members found, seen and changed on their behalf, each noted in the audit log (C-15, A-25)."""

import re
from datetime import timedelta
from random import Random

import pytest

from audiences.choices import stance_of
from audiences.stance import Source
from audiences.wordings import Offered
from campaigns import agents as accounts
from campaigns.spec.roles import Act, Role, may
from campaigns.spec.words import Choice, Language
from campaigns.store import agents, seals
from campaigns.store.audit import of_member
from campaigns.web.app import application
from campaigns.web.desk.counter import Counter
from campaigns.web.desk.door import AgentDoor
from campaigns.web.desk.routes import tasks
from campaigns.web.site import Site
from tests.village import MEMBERS
from tests.web.agents_in import NAME, at_desk
from tests.web.routes import routes
from tests.web.town import AINO, SHARERS
from tests.web.visits import hidden

PASSWORD = "neljä sanaa on hyvä"
OTHER = MEMBERS[5]


@pytest.fixture
async def desk(town, web):
    return await at_desk(town, web, Role.DESK)


@pytest.fixture
async def officer(town, web):
    return await at_desk(town, web, Role.PRIVACY_OFFICER)


def on(town, member=AINO):
    with town.engine.ledger.read() as connection:
        return stance_of(connection, member).on


# the door


async def test_an_agent_signs_in_by_a_password_and_out(town, web):
    accounts.add(town.engine, NAME, [Role.DESK], PASSWORD)
    answer = await web.post("/desk/session", data={"name": NAME, "password": PASSWORD})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    home = await web.get("/desk?lang=en")
    assert "Find a member" in home.text
    await web.post("/desk/out", data={"proof": hidden(home.text)["proof"][0]})
    assert town.everything()["agent_session"] == []
    assert "Password" in (await web.get("/desk?lang=en")).text


@pytest.mark.parametrize("kind", ["unknown account", "wrong password", "disabled", "barred"])
async def test_every_wrong_sign_in_gets_one_answer(town, web, kind):
    accounts.add(town.engine, NAME, [Role.DESK], PASSWORD)
    name, password = (NAME, "wrong") if kind == "wrong password" else (NAME, PASSWORD)
    if kind == "unknown account":
        name = "nobody"
    elif kind == "disabled":
        accounts.disable(town.engine, NAME)
    elif kind == "barred":
        barred = town.engine.signer.opaque("account", NAME)
        with town.engine.ledger.write() as connection:
            for _ in range(agents.MOST_FAILURES):
                agents.failed(connection, barred, town.hands.at)
    answer = await web.post("/desk/session?lang=en", data={"name": name, "password": password})
    reference = await web.post("/desk/session?lang=en", data={"name": "xyz", "password": "x"})
    assert (answer.status_code, answer.text) == (400, reference.text)
    assert "set-cookie" not in answer.headers


async def test_an_account_is_barred_for_a_quarter_of_an_hour_whoever_tries(town, web):
    accounts.add(town.engine, NAME, [Role.DESK], PASSWORD)
    for _ in range(agents.MOST_FAILURES):
        assert accounts.log_in(town.engine, NAME, "wrong") is None
    assert accounts.log_in(town.engine, NAME, PASSWORD) is None
    town.hands.at += agents.SPAN + timedelta(seconds=1)
    assert accounts.log_in(town.engine, NAME, PASSWORD) is not None


async def test_one_address_tries_thirty_times_and_then_has_to_wait(town, web, monkeypatch):
    monkeypatch.setattr("campaigns.web.desk.entrance.agents.log_in", lambda *_: None)
    answers = [await web.post("/desk/session", data={"name": f"a{each}", "password": "x"}) for each in range(31)]
    assert [answer.status_code for answer in answers] == [400] * 30 + [429]


@pytest.mark.parametrize("password", ["neljä sanaa on hyvä", "vanha ja halpa tiiviste"])
def test_a_password_is_kept_by_argon2_alone_and_at_todays_cost(town, password):
    from argon2 import PasswordHasher

    accounts.add(town.engine, NAME, [Role.DESK], password)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
    with town.engine.ledger.write() as connection:
        agents.rehash(connection, NAME, cheap)
    assert accounts.log_in(town.engine, NAME, password)
    ((_, _, kept, *_),) = town.everything()["agent"]
    assert kept.startswith("$argon2id$")
    assert kept != cheap


async def test_a_session_ends_when_nobody_uses_it_and_after_hours(town, web, desk):
    for _ in range(3):
        town.hands.at += agents.IDLE - timedelta(seconds=1)
        assert (await desk.post("/find", by="number", typed="x", ground="call")).status_code == 200
    town.hands.at += agents.IDLE
    assert (await desk.post("/find", by="number", typed="x", ground="call")).status_code == 403
    assert "Password" in (await web.get("/desk?lang=en")).text


async def test_a_session_is_not_kept_awake_for_ever(town, desk):
    began = town.hands.at
    while town.hands.at < began + agents.LIFE:
        assert (await desk.post("/find", by="number", typed="x", ground="call")).status_code in {200, 429}
        town.hands.at += agents.IDLE / 2
    assert (await desk.post("/find", by="number", typed="x", ground="call")).status_code == 403


async def test_other_roles_or_a_disabled_account_end_the_session(town, desk):
    accounts.give_roles(town.engine, NAME, [Role.ANALYST])
    assert (await desk.post("/find", by="number", typed=AINO, ground="call")).status_code == 403


# roles


def every_task(town):
    site = Site(town.engine)
    return tasks(Counter(site, AgentDoor(site)))


def test_a25_every_form_of_the_desk_demands_an_act(town):
    governed = {task.path for task in every_task(town)}
    posts = {route.path for route in routes(application(town.engine)) if "POST" in route.methods}
    assert {path for path in posts if path.startswith("/desk")} == governed | {"/desk/session", "/desk/out"}


@pytest.mark.parametrize("role", Role)
async def test_a25_a_role_opens_what_it_may_and_nothing_else(town, web, role):
    desk = await at_desk(town, web, role)
    before = town.everything()
    for task in every_task(town):
        answer = await desk.post(task.path.removeprefix("/desk"))
        permitted = may([role], task.act)
        # a permitted form with nothing in it is refused for that: it lacks a ticket, a number, a reason
        if task.path == "/desk/requests":
            assert answer.status_code == (200 if permitted else 403)
        elif "ticket" not in answer.text and permitted and task.act in {Act.LOOK_UP, Act.ANSWER}:
            assert answer.status_code in {400, 403}
        else:
            assert answer.status_code == 403
    after = town.everything()
    assert {name for name in after if after[name] != before[name]} <= {"agent_session"}


@pytest.mark.parametrize("path", ["/find", "/member", "/choices", "/contact", "/mark", "/file", "/merge", "/out"])
@pytest.mark.parametrize("proof", ["", "x", "of another session"])
async def test_a_form_without_the_sessions_own_proof_is_refused(town, desk, path, proof):
    await desk.opens()
    desk.proof = town.engine.signer.opaque("desk form", "another") if proof == "of another session" else proof
    before = town.everything()
    answer = await desk.does(path, by="number", typed=AINO, ground="call", choice="deceased", confirmed="yes")
    assert answer.status_code == 403
    assert town.everything() == before


@pytest.mark.parametrize("path", ["/choices", "/contact", "/mark", "/file", "/merge"])
@pytest.mark.parametrize("ticket", ["", "x", "of another member"])
async def test_nobody_is_changed_or_shown_who_was_not_looked_up(town, desk, path, ticket):
    await desk.opens(OTHER)
    if ticket != "of another member":
        desk.ticket = ticket
    before = town.everything()
    answer = await desk.does(path, member=AINO, choice="address_secret", email="uusi@example.org", kind="erase")
    assert answer.status_code == 403
    assert town.contact(AINO)["email"] not in answer.text
    assert {name for name, rows in town.everything().items() if rows != before[name]} <= {"agent_session"}


# finding and looking


@pytest.mark.parametrize(
    ("by", "typed"),
    [
        ("number", AINO),
        ("name", "Nimi1 Mäki"),
        ("name", "  mÄKI   nimi1 "),
        ("phone", "040 123 0001"),
        ("phone", "+358401230001"),
        ("email", f"{AINO.upper()}@Example.ORG"),
    ],
)
async def test_a_member_is_found_by_number_name_phone_and_email(desk, by, typed):
    page = await desk.post("/find", by=by, typed=typed, ground="visit", case="A-17")
    assert page.status_code == 200
    assert hidden(page.text)["member"] == [AINO]
    assert desk.noted() == [
        (NAME, "find", of_member(desk.town.engine.signer, AINO), {"by": by, "found": 1, "why": "visit", "case": "A-17"})
    ]


@pytest.mark.parametrize(
    ("by", "typed"),
    [("name", "Nimi1"), ("name", "Mäki"), ("name", "%"), ("number", "m0"), ("phone", "1230001"), ("email", "m01@"),
     ("name", "' OR 1=1 --"), ("number", "' OR ''='"), ("phone", ""), ("email", "%@example.org")],
)  # fmt: skip
async def test_a_part_or_a_pattern_finds_nobody_and_is_noted(desk, by, typed):
    page = await desk.post("/find", by=by, typed=typed, ground="call")
    assert "member" not in hidden(page.text)
    assert desk.noted() == [(NAME, "find", "nobody", {"by": by, "found": 0, "why": "call"})]


async def test_those_who_share_an_address_are_all_shown_and_all_noted(town, desk):
    page = await desk.post("/find", by="email", typed="perhe@example.org", ground="call")
    assert hidden(page.text)["member"] == list(SHARERS)
    assert {row[2] for row in desk.noted()} == {of_member(town.engine.signer, each) for each in SHARERS}


async def test_namesakes_are_told_apart_by_their_postal_code(town, desk):
    town.bring("members", [{"member_id": "m90", "register": "owners", "first_name": "Nimi1", "last_name": "Mäki",
                            "postal_code": "99990"}])  # fmt: skip
    both = await desk.post("/find", by="name", typed="Nimi1 Mäki", ground="call")
    one = await desk.post("/find", by="name", typed="Nimi1 Mäki", postal_code="99990", ground="call")
    assert (hidden(both.text)["member"], hidden(one.text)["member"]) == ([AINO, "m90"], ["m90"])


@pytest.mark.parametrize(
    "fields",
    [{}, {"ground": "curiosity"}, *({"ground": "call", "case": case} for case in ("Aino Mäki", "aino", "a@b1.fi"))],
)
async def test_a24_nobody_looks_without_a_reason_and_a_reason_names_nobody(desk, fields):
    for answer in (
        await desk.post("/find", by="number", typed=AINO, **fields),
        await desk.post("/member", member=AINO, **fields),
    ):
        assert answer.status_code == 400
        assert town_words(desk) not in answer.text
    assert desk.noted() == []


def town_words(desk):
    return desk.town.contact(AINO)["email"]


async def test_a24_a_look_up_is_noted_with_its_reason(town, desk):
    page = await desk.opens(ground="letter", case="B/77")
    assert f"{AINO}@example.org" in page.text
    subject = of_member(town.engine.signer, AINO)
    assert desk.noted() == [(NAME, "look_up", subject, {"why": "letter", "case": "B/77"})]


async def test_a_member_who_is_not_there_is_not(desk):
    answer = await desk.opens("m99")
    assert answer.status_code == 400
    assert "There is no such member" in answer.text


async def test_an_agent_looks_at_sixty_people_in_a_quarter_of_an_hour(town, desk):
    answers = [(await desk.post("/member", member=AINO, ground="call")).status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    town.hands.go(minutes=15)
    assert (await desk.post("/member", member=AINO, ground="call")).status_code == 200


async def test_the_desk_sees_nothing_of_what_anybody_bought(town, desk):
    page = (await desk.opens()).text
    for word in ("COFFEE", "CHEESE", "FOOD", "5.00", "2017-12-10", "Lines of purchases"):
        assert word not in page


async def test_gd23_a_secret_address_is_masked_for_agents_and_not_for_the_officer(town, web, desk):
    town.say(AINO, "address_secret")
    street, phone = town.contact(AINO)["street"], town.contact(AINO)["phone"]
    for page in (await desk.post("/find", by="number", typed=AINO, ground="call"), await desk.opens()):
        assert "Secret" in page.text
        assert street not in page.text
        assert phone not in page.text
        assert town.contact(AINO)["postal_code"] not in page.text
    accounts.give_roles(town.engine, NAME, [Role.PRIVACY_OFFICER])
    with town.engine.ledger.write() as connection:
        web.cookies.set("viesti-desk", agents.begin(connection, NAME, town.hands.at))
    desk.proof = hidden((await web.get("/desk")).text)["proof"][0]
    assert street in (await desk.opens()).text
    assert desk.noted()[-1][3] == {"why": "call", "unmasked": True}


# changing


def choosing(page, *, tick=(), untick=()):
    fields = hidden(page.text)
    ticked = [*(set(fields.get("on", [])) - set(untick)), *tick]
    return {"shown": fields["shown"], "on": ticked}


@pytest.mark.parametrize("source", ["desk", "phone"])
async def test_c15_choices_are_changed_with_agent_source_and_wording_and_confirmed(town, desk, source):
    page = await desk.opens()
    answer = await desk.does("/choices", source=source, **choosing(page, tick=["tracking"], untick=["sms_own"]))
    assert answer.status_code == 200
    assert "the member gets a confirmation" in answer.text
    said = {entry.choice: entry for entry in town.record()}
    assert set(said) == {"tracking", "sms_own"}
    for entry in said.values():
        assert (entry.agent, entry.source, entry.language) == (NAME, Source(source), Language.EN)
    granted = said["tracking"]
    (shown,) = [row for row in town.everything()["wording"] if row[0] == granted.wording]
    assert Offered("tracking", Language.EN, shown[3]).version == granted.wording
    (told,) = [text for to, text in town.notes() if to == f"{AINO}@example.org"]
    assert "Uppföljning" in told or "sms" in told.lower()  # in the member's language, not the agent's
    assert desk.noted()[-1][1:] == (
        "change_choices",
        of_member(town.engine.signer, AINO),
        {"choices": ["sms_own", "tracking"], "source": source},
    )


async def test_c02_what_the_desk_takes_away_is_withdrawn_at_the_claim(town, desk):
    page = await desk.opens()
    await desk.does("/choices", **choosing(page, untick=["newsletter:food"]))
    run = town.run("letters")
    town.send(run)
    assert town.ends(run)[AINO] == ("withdrawn", "consent_withdrawn")


async def test_a_page_that_nobody_touched_changes_nothing_and_tells_nobody(town, desk):
    page = await desk.opens()
    answer = await desk.does("/choices", **choosing(page))
    assert "Nothing has changed" in answer.text
    assert town.record() == []
    assert town.notes() == []


@pytest.mark.parametrize("shown", ["email_own|maybe|x", "deceased|off|x", "tracking|off|forged", "|", ""])
async def test_c13_what_was_not_offered_in_these_words_is_refused(town, desk, shown):
    await desk.opens()
    answer = await desk.does("/choices", shown=shown, on=shown.split("|")[0])
    assert answer.status_code == 400
    assert town.record() == []


@pytest.mark.parametrize("source", ["", "web", "import"])
async def test_the_desk_speaks_for_the_desk_alone(town, desk, source):
    page = await desk.opens()
    answer = await desk.does("/choices", source=source, **choosing(page, tick=["tracking"]))
    assert answer.status_code == 400
    assert town.record() == []


async def test_gd11_a_move_and_a_language_are_recorded_and_the_former_address_is_told(town, desk):
    await desk.opens()
    answer = await desk.does(
        "/contact", email="Uusi@Example.org", street="Uusikatu 5", postal_code="00999", city="Uusi", language="fi"
    )
    assert "The details are changed" in answer.text
    contact = town.contact(AINO)
    assert [contact[name] for name in ("email", "street", "postal_code", "city", "language")] == [
        "Uusi@example.org", "Uusikatu 5", "00999", "Uusi", "fi"
    ]  # fmt: skip
    assert contact["address_key"] == "uusikatu 5|00999"
    assert [to for to, _ in town.notes()] == [f"{AINO}@example.org"]
    assert desk.noted()[-1][3] == {"fields": ["city", "email", "language", "postal_code", "street"]}


async def test_gd11_a_letter_that_waits_goes_to_the_new_address(town, desk):
    run = town.run("offers")
    await desk.opens()
    await desk.does("/contact", email="uusi@example.org")
    town.send(run)
    sent = [file for file in (town.root / "outbox").rglob("*.eml") if b"uusi@example.org" in file.read_bytes()]
    assert len(sent) == 1


async def test_an_address_or_number_is_removed(town, desk):
    await desk.opens()
    await desk.does("/contact", remove=["email", "phone", "first_name"])
    contact = town.contact(AINO)
    assert (contact["email"], contact["mailbox"], contact["phone"]) == (None, None, None)
    assert contact["first_name"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nobody"), ("phone", "12"), ("postal_code", "1"), ("street", "Katu 1"), ("language", "de"),
     ("email", "a@b.fi\r\nBcc: c@d.fi"), ("last_name", "Mäki\x00")],
)  # fmt: skip
async def test_what_is_no_address_changes_nothing(town, desk, field, value):
    await desk.opens()
    before = town.contact(AINO)
    assert (await desk.does("/contact", **{field: value})).status_code == 400
    assert town.contact(AINO) == before


async def test_a_death_is_recorded_when_it_is_said_twice_and_ends_everything(town, desk, web):
    await desk.opens()
    asked = await desk.does("/mark", choice="deceased")
    assert "Record a death?" in asked.text
    assert Choice.DECEASED not in on(town)
    await desk.does("/mark", choice="deceased", confirmed="yes")
    assert Choice.DECEASED in on(town)
    run = town.run("service")
    town.send(run)
    assert town.ends(run)[AINO][0] == "withdrawn"
    assert town.notes() == []  # nobody writes to the dead
    assert (await desk.does("/unmark", choice="deceased")).status_code == 403


async def test_the_officer_takes_a_mark_back(town, officer):
    town.say(AINO, "deceased", "restricted")
    town.hands.go(minutes=1)
    await officer.opens()
    for choice in ("deceased", "restricted"):
        assert (await officer.does("/unmark", choice=choice)).status_code == 200
    assert not {Choice.DECEASED, Choice.RESTRICTED} & on(town)


@pytest.mark.parametrize("choice", ["", "email_own", "no_marketing", "x"])
async def test_only_marks_are_marked(town, desk, choice):
    await desk.opens()
    assert (await desk.does("/mark", choice=choice)).status_code == 400
    assert town.record() == []


# merging


async def test_c12_a_duplicate_is_merged_after_both_were_looked_at(town, desk):
    town.say(OTHER, "no_marketing")
    await desk.opens()
    both = await desk.does("/merge", other=OTHER)
    assert f"{OTHER}@example.org" in both.text
    assert town.contact(OTHER)
    fields = hidden(both.text)
    answer = await desk.does("/merge", other=OTHER, other_ticket=fields["other_ticket"][0], confirmed="yes")
    assert "The numbers are one now" in answer.text
    assert Choice.NO_MARKETING in on(town)
    assert [row[1] for row in desk.noted()] == ["look_up", "look_up", "merge"]


@pytest.mark.parametrize("ticket", ["", "x"])
async def test_nobody_is_merged_unseen(town, desk, ticket):
    await desk.opens()
    answer = await desk.does("/merge", other=OTHER, other_ticket=ticket, confirmed="yes")
    assert answer.status_code == 403
    assert town.contact(OTHER)


@pytest.mark.parametrize("other", [AINO, "m99", ""])
async def test_nobody_is_merged_with_nobody(town, desk, other):
    await desk.opens()
    first = await desk.does("/merge", other=other)
    if other == AINO:
        ticket = hidden(first.text)["other_ticket"][0]
        first = await desk.does("/merge", other=other, other_ticket=ticket, confirmed="yes")
    assert first.status_code == 400
    assert town.contact(AINO)


# hostile members


async def test_what_members_are_called_is_text(town, desk):
    town.move(AINO, first_name="<script>alert(1)</script>", city='"><img src=x onerror=y>', last_name="{{ 7*7 }}")
    for page in (await desk.post("/find", by="number", typed=AINO, ground="call"), await desk.opens()):
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "{{ 7*7 }}" in page.text
    filed = await desk.does("/file", kind="correct", words="<b>x</b>")
    assert "<b>" not in filed.text


async def test_no_page_of_the_desk_has_a_number_in_its_address(desk):
    page = await desk.opens()
    for line in page.text.split('"'):
        assert not (line.startswith("/desk") and AINO in line)


async def test_a24_the_whole_day_is_sealed_and_fits(town, desk):
    await desk.opens()
    await desk.does("/file", kind="restrict")
    seals.seal_all(town.engine.ledger, town.engine.signer, town.hands.at)
    with town.engine.ledger.read() as connection:
        assert seals.verify(connection, town.engine.signer).fault is None
    assert AINO not in str(town.everything()["audit"])


NASTY = (
    "", "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "' OR 1=1 --", "{{ 7*7 }}", "../../etc",
    "=1+1", "9" * 300, "-1", "9999-12-31", "0001-01-01", "2017-12-10", "\u202e", "%", "\r\nSet-Cookie: x=y", "yes",
    AINO, "desk", "number", "call", "deceased", "erase", "done", "x" * 5000, "A-1",
)  # fmt: skip
NAMES = (
    "by", "typed", "postal_code", "ground", "case", "other", "other_ticket", "confirmed", "source", "shown",
    "on", "remove", "email", "phone", "street", "city", "language", "choice", "kind", "words", "first", "last", "store",
    "department", "purpose", "number", "because", "ending",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_an_agent_sends_is_a_fault_of_ours(town, web, seed):
    chance = Random(seed)  # noqa: S311 - a die, no secret
    desk = await at_desk(town, web, *Role)
    for task in every_task(town):
        for _ in range(5):
            fields = {name: chance.choice(NASTY) for name in chance.sample(NAMES, 22)}
            answer = await desk.does(task.path.removeprefix("/desk"), **fields)
            assert answer.status_code in {200, 400, 403, 413, 429}, (task.path, fields)
            assert "49" not in re.findall(r"<dd>(.*?)</dd>", answer.text)
        await desk.opens()
