"""Files as other systems write them: one register of 3,000 members and a year of 60,000 lines, the same every time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZipFile

MEMBERS: Final = 3_000
LINES: Final = 60_000
SUBSCRIBERS: Final = 2_250
_CONTENT_TYPES: Final = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONSHIPS: Final = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
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


def purchases(now: datetime) -> Iterator[Sequence[str]]:
    """Yield the header and the rows of the till: half a year, several lines a receipt."""
    random = Random(2)  # noqa: S311 - test data
    yield ("Asiakasnumero", "Päiväys", "Kuitti", "Tuotenumero", "Määrä", "Summa", "Myymälä")
    for line in range(LINES):
        receipt = Random(line // 4)  # noqa: S311 - test data
        at = now - timedelta(days=receipt.randint(1, 180), minutes=receipt.randint(0, 600))
        amount = f"{random.randint(50, 2_500) / 100:.2f}".replace(".", ",")
        yield (
            *(f"{receipt.randint(1, MEMBERS):05}", f"{_day(at)} {at:%H:%M}", f"k{line // 4}"),
            *(f"t{random.randrange(_PRODUCTS)}", random.choice(("1", "2", "0,535")), amount, "vaasa"),
        )


def write_text(path: Path, rows: Iterable[Sequence[str]], encoding: str, delimiter: str) -> None:
    """Write rows as a text file."""
    path.write_text("".join(f"{delimiter.join(row)}\n" for row in rows), encoding)


def write_workbook(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as an Excel workbook of texts."""
    cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("_rels/.rels", _RELATIONSHIPS.format(kind="officeDocument", target="xl/workbook.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{office}"><sheets>'
            '<sheet name="Tuotteet" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", _RELATIONSHIPS.format(kind="worksheet", target="worksheets/sheet1.xml")
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
        )


def _cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _day(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"
