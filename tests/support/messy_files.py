"""Files as other systems write them: one register of 3,000 members and a year of 60,000 lines, the same every time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from tests.support.workbooks import workbook

MEMBERS: Final = 3_000
LINES: Final = 60_000
SUBSCRIBERS: Final = 2_250
_FIRST_NAMES: Final = ("Aino", "Väinö", "Kerttu", "Åsa", "Björn", "Yrjö", "Märta", "Eeva")
_LAST_NAMES: Final = ("Mäkelä", "Virtanen", "Öhman", "Näkkäläjärvi", "Ström", "Laine")
_KINDS: Final = (
    ("Leipomo", "Leivät", "Ruisleivät"),
    ("Juomat", "Kahvit", "Suodatinkahvit"),
    ("Juomat", "Oluet", "Lager"),
    ("Hedelmät ja vihannekset", "Hedelmät", "Omenat"),
    ("Terveys", "Itsehoitolääkkeet", "Särkylääkkeet"),
    ("Kioski", "Tupakkatuotteet", "Savukkeet"),
    ("Maitotuotteet", "Juustot", "Kovat juustot"),
)
_PRODUCTS: Final = 350


def members(today: date) -> Iterator[Sequence[str]]:
    """Yield the header and the rows of the membership system."""
    random = Random(1)  # noqa: S311 - test data
    yield (
        *("Asiakasnumero", "Rekisteri", "Etunimi", "Sukunimi", "Kieli", "Syntymäaika", "Sähköposti", "Matkapuhelin"),
        *("Katuosoite", "Postinumero", "Postitoimipaikka", "Liittymispäivä"),
    )
    for number in range(1, MEMBERS + 1):
        born = date(random.randint(1940, 2004), random.randint(1, 12), random.randint(1, 28))
        joined = today - timedelta(days=random.randint(0, 4_000))
        yield (
            *(f"{number:05}", random.choice(("omistaja", "omistaja", "asiakas")), random.choice(_FIRST_NAMES)),
            *(random.choice(_LAST_NAMES), random.choice(("suomi", "suomi", "ruotsi", "englanti")), _day(born)),
            *(f"jasen{number}@example.org", f"040 {1_000_000 + number}", f"Kaivokatu {number % 90 + 1} Ä"),
            *("65100", "Vaasa", _day(joined)),
        )


def permissions(today: date) -> Iterator[Sequence[str]]:
    """Yield the header and the rows of the newsletter tool: three members of four said yes."""
    yield ("Asiakasnumero", "Lupa", "Tila", "Päivä")
    for number in range(1, MEMBERS + 1):
        answer = "Ei" if number % 4 == 0 else "Kyllä"
        yield (f"{number:05}", "Viikkokirje", answer, _day(today - timedelta(days=number % 900 + 1)))


def products() -> Iterator[Sequence[str]]:
    """Yield the header and the rows of the product register."""
    yield ("Tuotenumero", "Osasto", "Merkki", "Tuoteryhmä", "Tuotelaji")
    for number in range(_PRODUCTS):
        yield (f"t{number}", _KINDS[number % len(_KINDS)][0], "Oma merkki", *_KINDS[number % len(_KINDS)][1:])


def purchases(today: date) -> Iterator[Sequence[str]]:
    """Yield the header and the rows of the till: half a year, several lines a receipt."""
    random = Random(2)  # noqa: S311 - test data
    yield ("Asiakasnumero", "Päiväys", "Kuitti", "Tuotenumero", "Määrä", "Summa", "Myymälä")
    for line in range(LINES):
        receipt = Random(line // 4)  # noqa: S311 - test data
        day = today - timedelta(days=receipt.randint(1, 180))
        at = f"{_day(day)} {receipt.randint(8, 20)}:{receipt.randint(0, 59):02}"
        amount = f"{random.randint(50, 2_500) / 100:.2f}".replace(".", ",")
        yield (
            *(f"{receipt.randint(1, MEMBERS):05}", at, f"k{line // 4}"),
            *(f"t{random.randrange(_PRODUCTS)}", random.choice(("1", "2", "0,535")), amount, "vaasa"),
        )


def write_text(path: Path, rows: Iterable[Sequence[str]], encoding: str, delimiter: str) -> None:
    """Write rows as a text file."""
    path.write_text("".join(f"{delimiter.join(row)}\n" for row in rows), encoding)


def write_workbook(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as an Excel workbook of texts."""
    path.write_bytes(workbook({"Tuotteet": list(rows)}))


def _day(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"
