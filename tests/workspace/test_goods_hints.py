"""Hints at classes of goods: words in three languages, for every class, and few false ones."""

import pytest

from campaigns.core.model.goods_classes import RestrictedClass, SpecialClass
from campaigns.workspace.goods_hints import resembling_values, suggested_classes

WORDS = {
    SpecialClass.MEDICINES: ("LÄÄKKEET", "Itsehoitolääkkeet", "APOTEKSVAROR", "PHARMACY", "LÄHIAPTEEKKI"),
    SpecialClass.HEALTH: ("VITAMIINIT", "Kosttillskott", "FIRST AID PRODUCTS"),
    SpecialClass.SEXUAL_LIFE: ("KONDOMIT", "Graviditetstester", "FAMILY PLANNING"),
    SpecialClass.BELIEFS: ("KOSHER FOODS", "Uskonnolliset kirjat", "Insamling"),
    RestrictedClass.TOBACCO: ("SAVUKKEET", "TUPAKKA", "Snus", "CIGARETTES", "Nikotiinipussit"),
    RestrictedClass.STRONG_ALCOHOL: ("VÄKEVÄT", "Starksprit", "LIQUOR", "GIN", "Viskit"),
    RestrictedClass.MILD_ALCOHOL: ("OLUT", "Oluet", "SIIDERI", "Öl", "VIN", "BEERS/ALES", "IMPORTED WINE"),
    RestrictedClass.GAMBLING: ("RAAPUTUSARVAT", "Lotteri", "LOTTO"),
    RestrictedClass.INFANT_FORMULA: ("ÄIDINMAIDONKORVIKE", "Modersmjölksersättning", "INFANT FORMULA"),
    RestrictedClass.AGE_LIMITED: ("ILOTULITTEET", "Fyrverkerier", "AGE RESTRICTED DVDS"),
}


@pytest.mark.parametrize("goods_class", [*SpecialClass, *RestrictedClass])
def test_every_class_is_recognised_in_three_languages(goods_class: SpecialClass | RestrictedClass) -> None:
    words = WORDS[goods_class]
    assert resembling_values(goods_class, words) == list(words)


@pytest.mark.parametrize(
    "value", ["KAHVI", "ORIGINAL", "JUUSTO", "MJÖLK", "SALE", "GINGER", "VINEGAR", "LEIPÄ", "SOAP"]
)
def test_ordinary_goods_resemble_no_class(value: str) -> None:
    assert suggested_classes(value) == ()
