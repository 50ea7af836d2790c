"""What a member's page in the terminal says: contact, choices, decisions, and why."""

import pytest

from tests.support.shell import MONDAYS, Shell

AUDIENCE = "audience: {register: owners}"
RULE = "audience: {all: [{register: owners}, {age: {from: 60}}]}"
SENTENCES = {"fi": "ikä on vähintään 60", "sv": "ålder är minst 60", "en": "age is at least 60"}


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    viesti.write("letter", MONDAYS.replace(AUDIENCE, RULE))
    return viesti


def test_a_member_is_shown_with_what_they_chose(viesti: Shell) -> None:
    facts = viesti("member", "show", "m05", "--json").json
    assert (facts["email"], facts["language"]) == ("m05@example.org", "en")
    assert "email_own" in viesti("member", "show", "m05").out


def test_an_unknown_member_is_an_author_error(letter: Shell) -> None:
    for words in (("show", "m99"), ("why", "m99"), ("why", "m99", "--campaign", "letter")):
        assert "[unknown_member]" in letter("member", *words, code=1).err


@pytest.mark.parametrize("language", SENTENCES)
def test_why_is_said_in_three_languages(language: str, letter: Shell) -> None:
    explained = letter("member", "why", "m01", "--campaign", "letter", "--language", language).out.casefold()
    assert SENTENCES[language] in explained
    assert "gets the variant" in explained


def test_why_names_the_first_condition_that_blocks(letter: Shell) -> None:
    letter.write("letter", MONDAYS.replace(AUDIENCE, RULE.replace("60", "90")))
    explained = letter("member", "why", "m01", "--campaign", "letter", "--language", "en").out
    (blocking,) = (line for line in explained.splitlines() if "first blocking condition" in line)
    assert "age is at least 90" in blocking
    assert "gets nothing: not in the audience" in explained


def test_why_asks_the_variants_down_to_the_one_that_the_member_gets(letter: Shell) -> None:
    variants = "".join(
        f"  - {{name: {name}, when: {{age: {{from: {age}}}}}, email: hello}}\n"
        for name, age in (("eldest", 99), ("older", 60), ("old", 98))
    )
    letter.write("letter", MONDAYS.replace("content: {email: hello}\n", f"variants:\n{variants}"))
    explained = letter("member", "why", "m01", "--campaign", "letter", "--language", "en").out
    assert "gets the variant older by" in explained
    assert [line for line in explained.splitlines() if line.startswith("variant")] == [
        "variant eldest",
        "variant older",
    ]
    assert explained.count("first blocking condition") == 1


def test_why_tells_what_was_decided_and_what_became_of_it(letter: Shell) -> None:
    assert "none" in letter("member", "why", "m01").out
    letter("run", "letter")
    (decided,) = letter("member", "why", "m01", "--json").json
    assert (decided["kind"], decided["channel"], decided["state"]) == ("send", "email", "accepted")


def test_a_language_that_nobody_speaks_here_is_usage(letter: Shell) -> None:
    assert "'de' is not one of" in letter("member", "why", "m01", "--language", "de", code=2).err
