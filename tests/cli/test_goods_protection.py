"""Sensitive goods are protected in the register's own words, or nothing that uses products goes on (FI-12, FI-21)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.workspace.catalogue_file import load_catalogue
from tests.support.finnish_register import (
    AS_OF,
    COFFEE_BUYERS,
    OFFERS_FOR_OWNERS,
    change_catalogue,
    import_register,
    offer,
    write_offers,
)
from tests.support.shell import MONDAYS, Shell

pytestmark = pytest.mark.long

NONE = "{none: {date: 2018-01-01, name: Maija Meikäläinen}}"

COMMANDS: dict[str, Callable[[Shell], tuple[str, ...]]] = {
    "check everything": lambda _: ("check",),
    "check a rule about purchases": lambda _: ("check", "buyers"),
    "check offers": lambda _: ("check", "offers"),
    "check an audience of buyers": lambda _: ("check", "coffee"),
    "plan a rule about purchases": lambda _: ("plan", "buyers", "--as-of", AS_OF),
    "plan offers": lambda _: ("plan", "offers", "--as-of", AS_OF),
    "run offers": lambda _: ("run", "offers", "--as-of", AS_OF),
    "publish offers": lambda _: ("publish", "offers"),
    "publish a rule about purchases": lambda _: ("publish", "buyers"),
    "preview an offer": lambda _: ("preview", "offers", "--member", "m01", "--as-of", AS_OF),
    "count an audience of buyers": lambda _: ("audience", "count", "coffee", "--as-of", AS_OF),
}


@pytest.mark.hostile
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_fi21_register_in_other_words_than_the_catalogue_is_refused(
    finnish: Shell, command: Callable[[Shell], tuple[str, ...]]
) -> None:
    message = finnish(*command(finnish), code=1).err
    assert "`mild_alcohol` is not protected" in message
    assert "product_category: `BEER`" in message
    assert "`product_category OLUT`" in message
    assert "`medicines` is not protected" in message
    assert "`product_category LÄÄKKEET`" in message
    assert "`viesti catalogue review`" in message
    assert "config/catalogue.yaml:" in message
    assert finnish.delivered_files() == []


@pytest.mark.hostile
def test_fi21_doctor_fails_for_a_register_in_other_words(finnish: Shell) -> None:
    findings = [each for each in finnish("doctor", "--json", code=1).json if each["check"] == "goods"]
    failed = [each["said"] for each in findings if each["level"] == "fail"]
    assert any("`mild_alcohol` is not protected" in said for said in failed)
    assert any("`medicines` is not protected" in said for said in failed)


@pytest.mark.hostile
def test_the_catalogue_of_the_demonstration_protects_nothing_in_another_register(finnish: Shell) -> None:
    """The repository's catalogue, copied over a register that uses none of its words, is refused class by class."""
    repository = Path(__file__).parents[2] / "config" / "catalogue.yaml"
    (finnish.root / "config" / "catalogue.yaml").write_bytes(repository.read_bytes())
    message = finnish("check", "offers", code=1).err
    for goods_class in ("medicines", "health", "sexual_life", "beliefs", "tobacco", "strong_alcohol", "mild_alcohol"):
        assert f"`{goods_class}` is not protected" in message


def test_import_of_products_warns_and_stores_them(viesti: Shell) -> None:
    message = import_register(viesti)
    assert "warning: `mild_alcohol` is not protected" in message
    assert "nobody has looked at 6 categories" in message


def test_catalogue_in_the_words_of_the_register_lets_everything_go_on(protected: Shell) -> None:
    assert "goods" not in protected("check").err
    assert protected("plan", "offers", "--as-of", AS_OF, "--json").json["matched"] == 18
    assert protected("plan", "buyers", "--as-of", AS_OF, "--json").json["matched"] == 13  # beer is counted, not offered
    protected("publish", "offers")
    findings = [each for each in protected("doctor", "--json").json if each["check"] == "goods"]
    assert [each["level"] for each in findings] == ["ok"]


def test_campaign_without_products_goes_on_beside_an_unprotected_register(finnish: Shell) -> None:
    finnish.write("letter", MONDAYS)
    assert "protected" not in finnish("check", "letter").err
    assert finnish("plan", "letter", "--as-of", AS_OF, "--json").json["matched"] == 18


def test_workspace_without_products_goes_on_whatever_the_catalogue_says(viesti: Shell) -> None:
    (viesti.root / "data" / "warehouse" / "manifest.json").unlink()
    change_catalogue(viesti, **dict.fromkeys(("medicines", "tobacco", "mild_alcohol"), ""))
    viesti.write("buyers", COFFEE_BUYERS)
    viesti.write("offers", OFFERS_FOR_OWNERS)
    assert "goods" not in viesti("check").err
    viesti("plan", "offers", "--as-of", AS_OF)
    viesti("plan", "buyers", "--as-of", AS_OF)
    findings = [each for each in viesti("doctor", "--json").json if each["check"] == "goods"]
    assert [each["level"] for each in findings] == ["ok"]


@pytest.mark.hostile
@pytest.mark.parametrize(
    "goods_class",
    [
        *("medicines", "health", "sexual_life", "beliefs"),
        *("tobacco", "strong_alcohol", "mild_alcohol", "gambling", "infant_formula", "age_limited"),
    ],
)
def test_fi22_class_that_the_catalogue_does_not_mention_is_refused(protected: Shell, goods_class: str) -> None:
    change_catalogue(protected, **{goods_class: ""})
    message = protected("plan", "offers", "--as-of", AS_OF, code=1).err
    assert f"the catalogue names no goods of the class `{goods_class}`" in message
    assert "none: {date:" in message


def test_gallery_without_protection_shows_samples_alone_and_says_why(protected: Shell) -> None:
    protected("plan", "offers", "--as-of", AS_OF)
    assert len(protected("preview", "offers", "--json").json["members"]) == 3
    change_catalogue(protected, gambling="")
    result = protected("preview", "offers")
    assert (
        ": 3 of samples; nothing was sent\nsamples only: the members of offers-20180101T0800Z cannot be planned"
        in result.out
    )
    assert "`gambling`" in result.err


@pytest.mark.hostile
def test_none_dated_in_the_future_is_refused(protected: Shell) -> None:
    change_catalogue(protected, gambling="{none: {date: 2999-01-01, name: Maija Meikäläinen}}")
    assert "`none` is dated 2999-01-01" in protected("plan", "offers", "--as-of", AS_OF, code=1).err


@pytest.mark.hostile
@pytest.mark.parametrize(
    "goods",
    [
        "none",
        "{none: yes}",
        "{none: {date: 2018-01-01}}",
        "{none: {name: Maija}}",
        "{none: {date: today, name: x}}",
        "{}",
    ],
)
def test_none_without_a_date_and_a_name_is_refused(protected: Shell, goods: str) -> None:
    change_catalogue(protected, gambling=goods)
    with pytest.raises(UserError, match=r"config/catalogue\.yaml:"):
        load_catalogue(protected.root / "config" / "catalogue.yaml")


@pytest.mark.hostile
def test_none_for_goods_that_the_register_seems_to_have_warns(protected: Shell) -> None:
    change_catalogue(protected, tobacco=NONE)
    message = protected("check", "offers").err
    assert (
        "`tobacco`: `none` since 2018-01-01 (Maija Meikäläinen), but the register has `product_category SAVUKKEET`"
        in message
    )


@pytest.mark.hostile
def test_value_that_leaves_the_register_is_said_loudly(protected: Shell) -> None:
    change_catalogue(protected, mild_alcohol="{product_category: [OLUT, SIIDERI]}")
    for arguments in (("check", "offers"), ("plan", "offers", "--as-of", AS_OF), ("publish", "offers")):
        assert "`mild_alcohol` is protected in part" in protected(*arguments).err
    findings = [each for each in protected("doctor", "--json").json if each["check"] == "goods"]
    assert "product_category: `SIIDERI`" in findings[0]["said"]


@pytest.mark.hostile
def test_class_whose_last_value_leaves_the_register_is_refused(protected: Shell) -> None:
    import_register(protected, BEER="MALLASJUOMAT")
    message = protected("plan", "offers", "--as-of", AS_OF, code=1).err
    assert "`mild_alcohol` is not protected" in message


SPELLINGS = {
    "small letters": ("lääkkeet", "LÄÄKKEET"),
    "capitals against small letters": ("LÄÄKKEET", "Lääkkeet"),
    "decomposed letters in the register": ("LÄÄKKEET", "LA\u0308A\u0308KKEET"),
    "decomposed letters in the catalogue": ("LA\u0308A\u0308KKEET", "LÄÄKKEET"),
    "spaces around it": ("'  LÄÄKKEET '", "LÄÄKKEET"),
    "no-break space": ("LÄÄKE TUOTTEET", "LÄÄKE\u00a0TUOTTEET"),
    "two spaces": ("LÄÄKE TUOTTEET", "LÄÄKE  TUOTTEET"),
    "invisible letter": ("LÄÄKKEET", "LÄÄ\u200bKKEET"),
    "soft hyphen": ("LÄÄKKEET", "LÄÄK\u00adKEET"),
    "full-width letters": ("RX", "\uff32\uff38"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("named", "stored"), SPELLINGS.values(), ids=SPELLINGS)
def test_fi12_spelling_does_not_uncover_medicines(protected: Shell, named: str, stored: str) -> None:
    """Whatever the spelling, nobody's second product is medicine, and the offer of it is refused."""
    change_catalogue(protected, medicines=f"{{product_category: [{named}]}}")
    protected.audience("several", "{bought: {within: 90 days, products: {at_least: 2}}}")
    import_register(protected, PHARMACY=stored)
    counts = protected("audience", "count", "several", "--as-of", AS_OF, "--json").json
    assert counts["matched"] == 6  # coffee and cheese; a seventh bought beer and medicine
    write_offers(protected, offer("pills", product_category=f'"{stored}"'))
    assert "is special in the catalogue and is never offered" in protected("check", "offers", code=1).err


@pytest.mark.hostile
def test_fi12_rule_that_names_medicines_in_another_spelling_does_not_compile(protected: Shell) -> None:
    protected.audience("ill", "{bought: {where: {product_category: lääkkeet}}}")
    assert "reveals data of a special category" in protected("check", "ill", code=1).err
