"""Commands `member show` and `member why`: contact, choices, decisions and their explanation."""

import pytest

from tests.support.shell import MONDAYS, Shell

AUDIENCE = "audience: {register: owners}"
RULE = "audience: {all: [{register: owners}, {age: {from: 60}}]}"
SENTENCES = {"fi": "ikä on vähintään 60", "sv": "ålder är minst 60", "en": "age is at least 60"}
DECISIONS = {"fi": "saa version everyone", "sv": "får varianten everyone", "en": "gets the variant everyone"}


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    viesti.write("letter", MONDAYS.replace(AUDIENCE, RULE))
    return viesti


def test_a_member_is_shown_with_their_choices(viesti: Shell) -> None:
    member = viesti("member", "show", "m05", "--json").json
    assert (member["email"], member["language"]) == ("m05@example.org", "en")
    assert "email_own" in viesti("member", "show", "m05").out


def test_an_unknown_member_is_a_user_error(letter: Shell) -> None:
    for arguments in (("show", "m99"), ("why", "m99"), ("why", "m99", "--campaign", "letter")):
        assert "[unknown_member]" in letter("member", *arguments, code=1).err


@pytest.mark.parametrize("language", SENTENCES)
def test_why_explains_in_three_languages(language: str, letter: Shell) -> None:
    explanation = letter("member", "why", "m01", "--campaign", "letter", "--language", language).out.casefold()
    assert SENTENCES[language] in explanation
    assert DECISIONS[language] in explanation


def test_why_names_the_first_blocking_condition(letter: Shell) -> None:
    letter.write("letter", MONDAYS.replace(AUDIENCE, RULE.replace("60", "90")))
    explanation = letter("member", "why", "m01", "--campaign", "letter", "--language", "en").out
    (blocking,) = (line for line in explanation.splitlines() if "first blocking condition" in line)
    assert "age is at least 90" in blocking
    assert "gets nothing: not in the audience" in explanation


def test_why_lists_the_variants_down_to_the_members_own(letter: Shell) -> None:
    variants = "".join(
        f"  - {{name: {name}, when: {{age: {{from: {age}}}}}, email: hello}}\n"
        for name, age in (("eldest", 99), ("older", 60), ("old", 98))
    )
    letter.write("letter", MONDAYS.replace("content: {email: hello}\n", f"variants:\n{variants}"))
    explanation = letter("member", "why", "m01", "--campaign", "letter", "--language", "en").out
    assert "gets the variant older by" in explanation
    assert [line for line in explanation.splitlines() if line.startswith("variant")] == [
        "variant eldest",
        "variant older",
    ]
    assert explanation.count("first blocking condition") == 1


def test_why_shows_past_decisions_and_their_outcome(letter: Shell) -> None:
    assert "none" in letter("member", "why", "m01").out
    letter("run", "letter")
    (decision,) = letter("member", "why", "m01", "--json").json
    assert (decision["kind"], decision["channel"], decision["state"]) == ("send", "email", "accepted")


OFFERS = MONDAYS.replace("content: {email: hello}\n", "offers: {at_most: 2}\ncontent: {email: offers}\n")
NO_REASON = {"fi": "ei ostosten mukaan", "sv": "inte enligt inköpen", "en": "not by purchases"}


@pytest.fixture
def offers(viesti: Shell) -> Shell:
    viesti.write("letter", OFFERS)
    return viesti


def test_why_tells_the_offers_of_a_message_that_is_not_planned_with_their_reasons(offers: Shell) -> None:
    explanation = offers("member", "why", "m01", "--campaign", "letter", "--json").json
    assert len(explanation["offers"]) == 2
    assert all(offer["title"] and offer["reason"] for offer in explanation["offers"])
    assert explanation["offers"][0]["reason"] in offers("member", "why", "m01", "--campaign", "letter").out


def test_why_tells_the_reasons_that_past_decisions_keep_until_purchases_are_forbidden(offers: Shell) -> None:
    offers("run", "letter")
    (decision,) = offers("member", "why", "m01", "--json").json
    assert len(decision["offers"]) == 2
    assert "offer_names" not in decision["evidence"]
    assert decision["offers"][0]["reason"] in offers("member", "why", "m01").out
    offers("member", "choices", "m01", "--set", "no_purchase_detail=on")
    (decision,) = offers("member", "why", "m01", "--json").json
    assert [offer["reason"] for offer in decision["offers"]] == [None, None]
    for language, text in NO_REASON.items():
        assert text in offers("member", "why", "m01", "--language", language).out


def test_a_preview_tells_why_each_offer_was_chosen(offers: Shell) -> None:
    preview = offers("preview", "letter", "--member", "m01", "--json").json
    assert len(preview["offers"]) == 2
    assert all(offer["reason"] for offer in preview["offers"])
    assert preview["offers"][0]["reason"] in offers("preview", "letter", "--member", "m01").out


def test_an_unsupported_language_exits_with_2(letter: Shell) -> None:
    assert "'de' is not one of" in letter("member", "why", "m01", "--language", "de", code=2).err
