"""One letter a household: addressed to one member, with only that member's data (C-16).

Two households of the sample workspace: in the first a customer buys coffee and an owner nothing; in the second one
owner buys coffee and cheese, the other coffee only.
"""

from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.support.sample_workspace import SampleWorkspace

pytestmark = pytest.mark.long

BUYER, OWNER = "m12", "m13"
BOTH, COFFEE = "m06", "m07"
LETTER = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [post]
one_per: household
offers: {department: [FOOD], at_most: 1}
variants:
  - {name: cheese, when: {bought: {where: {product_category: CHEESE}}}, post: joint}
  - {name: coffee, when: {bought: {where: {product_category: COFFEE}}}, post: joint}
  - {name: others, post: joint}
"""
TEXTS = """\
kind: {fi: Etuja, sv: Förmåner, en: Offers}
title: &name {fi: "{{ member.first_name }}", sv: "{{ member.first_name }}", en: "{{ member.first_name }}"}
lead: &lead
  fi: "{% for offer in offers %}{{ offer.title }} {% endfor %}{{ member.bonus_last_month | money }}"
  sv: "{% for offer in offers %}{{ offer.title }} {% endfor %}{{ member.bonus_last_month | money }}"
  en: "{% for offer in offers %}{{ offer.title }} {% endfor %}{{ member.bonus_last_month | money }}"
"""
SHEET = """\
#import "../_shared/layout.typ": *
#let letter(house, page) = letter-sheet(house, page, { title(page.text.title); prose(page.text.lead) })
"""


@pytest.fixture
def home(workspace: SampleWorkspace) -> SampleWorkspace:
    folder = workspace.root / "templates" / "post" / "joint"
    folder.mkdir()
    (folder / "letter.typ").write_text(SHEET)
    (folder / "texts.yaml").write_text(TEXTS.replace("&name ", "").replace("&lead", ""))
    (folder / "sample.yaml").write_text("offers: []\n")
    return workspace


def letters_by_member(workspace: SampleWorkspace) -> dict[str, tuple[str, str, str]]:
    """Return the variant, all words and the offers of each letter, by member."""
    run = workspace.start("joint", LETTER)
    workspace.send(run)
    sends = {member: row for member, row in workspace.decisions(run).items() if row["kind"] == "send"}
    pages = [page.extract_text() for file in pdfs(workspace.root) for page in PdfReader(file).pages]
    return {
        member: (
            row["variant"],
            next(page for page in pages if f"Nimi{int(member[1:])} " in page.replace("\n", " ")),
            row["offers"],
        )
        for member, row in sends.items()
    }


def pdfs(root: Path) -> list[Path]:
    return sorted((root / "outbox").rglob("*.pdf"))


def test_c16_letter_shows_nothing_of_another_members_purchases(home: SampleWorkspace) -> None:
    letters = letters_by_member(home)
    assert BUYER not in letters
    variant, words, offers = letters[OWNER]
    assert variant == "others"
    assert offers.endswith("p")  # what is popular, not what the buyer buys
    assert "Nimi12" not in words
    assert "12,50" not in words.replace("12.50", "12,50")


@pytest.mark.parametrize("forbids", ["no_direct_mail", "no_marketing", "restricted", "address_secret", "deceased"])
def test_c16_refusal_sends_the_letter_to_the_other_member_without_the_refusers_data(
    home: SampleWorkspace, forbids: str
) -> None:
    home.record_choices(BOTH, forbids)
    letters = letters_by_member(home)
    assert BOTH not in letters
    variant, words, _ = letters[COFFEE]
    assert variant == "coffee"
    assert "coffee" in words
    assert "cheese" not in words
    assert "Nimi6 " not in words


def test_c16_member_who_forbids_purchase_use_gets_a_letter_without_it(home: SampleWorkspace) -> None:
    home.record_choices(OWNER, "no_direct_mail")
    home.record_choices(BUYER, "no_purchase_detail")
    variant, words, _ = letters_by_member(home)[BUYER]
    assert variant == "others"
    assert "coffee" not in words


def test_c16_refusal_by_one_member_removes_nothing_from_the_others_letter(home: SampleWorkspace) -> None:
    home.record_choices(OWNER, "no_purchase_detail", "no_direct_mail")
    variant, words, _ = letters_by_member(home)[BUYER]
    assert variant == "coffee"
    assert "coffee" in words
    assert "Nimi13" not in words


def test_c16_a_household_has_one_letter_or_none(home: SampleWorkspace) -> None:
    letters = letters_by_member(home)
    homes = [home.contact(member)["household_id"] or member for member in letters]
    assert len(homes) == len(set(homes))
    for member in (BUYER, OWNER):
        home.record_choices(member, "no_direct_mail")
    run, _ = home.plan("second", LETTER)
    assert not {BUYER, OWNER} & set(home.channels(run))


def test_c16_withdrawal_at_the_claim_promotes_no_member(home: SampleWorkspace) -> None:
    run = home.start("joint", LETTER)
    home.record_choices(OWNER, "no_direct_mail")
    home.send(run)
    assert home.end_states(run)[OWNER][0] == "withdrawn"
    assert BUYER not in home.end_states(run)
