"""Product register in Finnish words, imported over that of the sample workspace, whose catalogue names English ones."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

CATEGORIES: Final[Mapping[str, str]] = {
    "COFFEE": "KAHVI",
    "CHEESE": "JUUSTO",
    "BEER": "OLUT",
    "PHARMACY": "LÄÄKKEET",
    "SOAP": "SAVUKKEET",
    "BREAD": "LEIPÄ",
}
"""Category of each product of the sample workspace, in Finnish."""

COLUMNS: Final = ("product_id", "department", "brand", "product_category", "product_type")

COFFEE_BUYERS: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {bought: {where: {product_type: x}, within: 90 days}}
content: {email: hello}
"""
OFFERS_FOR_OWNERS: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {register: owners}
content: {email: offers}
offers: {at_most: 4}
"""


def write_products(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write an import file of products; missing columns have the sample workspace's values."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({"department": "FOOD", "brand": "National", "product_type": "x", **row} for row in rows)
    return path


def write_finnish_register(path: Path, **other_words: str) -> Path:
    """Write the register in Finnish words, with other ones for some products."""
    words = {**CATEGORIES, **other_words}
    return write_products(path, [{"product_id": each, "product_category": word} for each, word in words.items()])


def offer(name: str, **values: str) -> str:
    """Return an offer of an offers file."""
    columns = {"department": "FOOD", "product_category": "KAHVI", **values}
    listed = ", ".join(f"{column}: {value}" for column, value in columns.items())
    texts = f"title: {{fi: {name}, sv: {name}, en: {name}}}, text: {{fi: x, sv: x, en: x}}, price: 2.50"
    return f"  - {{id: {name}, {texts}, valid_from: 2017-12-20, valid_to: 2018-01-31, {listed}, image: o/any.png}}\n"


def catalogue_with(catalogue: str, **classes: str) -> str:
    """Return a catalogue's text with other goods for some classes; an empty text removes the class."""
    lines = []
    for line in catalogue.splitlines():
        name = line.strip().partition(":")[0]
        if name in classes and line.startswith("      "):
            if classes[name]:
                lines.append(f"      {name}: {classes[name]}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
