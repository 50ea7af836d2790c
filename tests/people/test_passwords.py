"""Passwords of staff: those that a stranger guesses are refused, with the reason and the next step."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import sleep

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.roles import Role
from campaigns.people.accounts import local_login, passwords, staff_accounts
from tests.support.cheap_passwords import SHIPPED
from tests.support.sample_workspace import SampleWorkspace

GUESSABLE = {
    "one character": "aaaaaaaaaaaa",
    "digits in order": "123456789012",
    "letters in order": "abcdefghijklmnop",
    "letters backwards": "ponmlkjihgfedcba",
    "keys in a row": "qwertyuiopas",
    "one word twice": "passwordpassword",
    "a word with digits": "salasana12345",
    "a Finnish word and a year": "Kesäkuu2026!",
    "a Swedish word and a year": "Lösenord2026",
    "a season twice": "talvitalvi2026",
    "letters replaced": "p4ssw0rd1234",
    "a date": "01.01.2026 01.01.2026"[:12],
    "a name that fills": "jessica123456",
    "the product's name": "viestiviesti1234",
    "the organisation's name": "osuuskauppakylä",
    "the organisation's name and a year": "Osuuskauppa2026",
    "spaces alone": "            ",
}
STRONG = ("neljä sanaa on hyvä", "correct horse battery staple", "kahvikuppi ja 3 korvapuustia", "vT9#kkQ2.mmZ8x")


@pytest.mark.hostile
@pytest.mark.parametrize("kind", GUESSABLE)
def test_a_password_that_is_guessed_first_is_refused(workspace: SampleWorkspace, kind: str) -> None:
    with pytest.raises(UserError) as refusal:
        staff_accounts.add(workspace.engine.context, "aino", [Role.DESK], GUESSABLE[kind])
    (problem,) = refusal.value.problems
    assert problem.code == "weak_password"
    assert problem.message.startswith("this password is easy to guess: ")
    assert "several words" in str(problem.hint)
    assert GUESSABLE[kind] not in problem.message
    assert staff_accounts.list_accounts(workspace.engine.context) == []


@pytest.mark.hostile
def test_a_new_password_is_held_to_the_same(workspace: SampleWorkspace) -> None:
    staff_accounts.add(workspace.engine.context, "aino", [Role.DESK], STRONG[0])
    with pytest.raises(UserError, match="easy to guess"):
        staff_accounts.set_password(workspace.engine.context, "aino", "aaaaaaaaaaaa")
    assert local_login.log_in(workspace.engine.context, "aino", STRONG[0])


@pytest.mark.parametrize("password", STRONG)
def test_several_words_are_accepted_without_rules_of_composition(workspace: SampleWorkspace, password: str) -> None:
    staff_accounts.add(workspace.engine.context, "aino", [Role.DESK], password)
    assert local_login.log_in(workspace.engine.context, "aino", password)


def test_a_hash_costs_what_rfc_9106_recommends() -> None:
    assert (SHIPPED.type.name, SHIPPED.time_cost, SHIPPED.memory_cost) == ("ID", 3, 65536)


def test_a_password_of_the_largest_length_is_judged_quickly() -> None:
    assert passwords.find_weakness("a" * 200, []) is not None
    assert passwords.find_weakness("neljä sanaa on hyvä, ja " * 8, []) is None


def test_the_words_of_the_account_count_as_guesses() -> None:
    assert passwords.find_weakness("tuulenpesä2026", []) is None
    assert passwords.find_weakness("tuulenpesä2026", ["Tuulenpesä Oy"]) is not None


@pytest.mark.hostile
def test_a_flood_of_passwords_takes_the_memory_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hash takes 64 MiB."""
    at_once: list[int] = []
    running, lock = 0, Lock()

    class Hasher:
        def verify(self, _hash: str, _password: str) -> None:
            nonlocal running
            with lock:
                running += 1
                at_once.append(running)
            sleep(0.02)
            with lock:
                running -= 1

    monkeypatch.setattr(passwords, "_HASHER", Hasher())
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: passwords.verify("a hash", "a password"), range(40)))
    assert max(at_once) == passwords.MAX_HASHED_AT_ONCE == 4
