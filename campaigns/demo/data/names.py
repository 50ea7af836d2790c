"""Names of invented people: Finnish and English ones by Faker, Finland-Swedish ones from the lists here."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from faker import Faker

from campaigns.demo.data.seeded_random import happens, hash_seed, pick

_LOCALES: Final = {"fi": "fi_FI", "en": "en_GB"}

# Faker's sv_SE has the names of Sweden; the Swedish-speaking coast of Finland has other names.
_WOMEN: Final = (
    "Annika", "Barbro", "Benita", "Britt-Marie", "Camilla", "Carina", "Cecilia", "Ebba", "Elin", "Emma", "Eva",
    "Frida", "Gunilla", "Gun-Britt", "Hedvig", "Heidi", "Ida", "Ingrid", "Jeanette", "Johanna", "Josefin", "Karin",
    "Linda", "Linnea", "Maria", "Marianne", "Mikaela", "Monica", "Nina", "Pia", "Sandra", "Sofia", "Solveig", "Susanne",
    "Wilma", "Åsa",
)  # fmt: skip
_MEN: Final = (
    "Albin", "Alexander", "Anders", "Axel", "Bengt", "Björn", "Bo", "Christer", "Daniel", "Emil", "Erik", "Fredrik",
    "Glenn", "Göran", "Henrik", "Håkan", "Jan-Erik", "Jens", "Joakim", "Johan", "Kaj", "Karl-Gustav", "Kenneth",
    "Kristoffer", "Leif", "Magnus", "Mats", "Mikael", "Niklas", "Ole", "Patrik", "Peter", "Ralf", "Rasmus", "Rolf",
    "Stefan", "Tom", "Torsten", "Viktor", "Åke",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Ahlbäck", "Backman", "Berglund", "Björklund", "Blomqvist", "Bäckström", "Dahlström", "Ekblad", "Ekholm", "Enqvist",
    "Fagerholm", "Finne", "Forsman", "Granholm", "Grönroos", "Gustafsson", "Hellström", "Holmberg", "Häggblom",
    "Höglund", "Jungell", "Karlsson", "Kronqvist", "Lindberg", "Lindholm", "Lindroos", "Lundqvist", "Mattsson",
    "Nygård", "Nylund", "Nyman", "Nyström", "Rosenqvist", "Sandberg", "Sandström", "Sjöblom", "Snickars", "Sundqvist",
    "Söderholm", "Söderlund", "Wikström", "Wikman", "Öhman", "Österholm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PersonName:
    """First and last name of a person."""

    first: str
    last: str


def invent_name(language: str, woman: bool, *key: object) -> PersonName:
    """Return the name of one invented person; the same for the same `key` and release of Faker."""
    if language == "sv":
        return PersonName(pick(_WOMEN if woman else _MEN, *key, "first"), pick(_LAST_NAMES, *key, "last"))
    people = _faker(_LOCALES[language])
    people.seed_instance(hash_seed(*key, "name"))
    return PersonName(people.first_name_female() if woman else people.first_name_male(), people.last_name())


def is_woman(*key: object) -> bool:
    """Return whether the person gets a woman's name."""
    return happens(0.52, *key, "woman")


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)
