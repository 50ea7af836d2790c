"""The offers file: which goods may be shown, each once, and none that must never be offered."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from campaigns.errors import AuthorError, Problem
from campaigns.loading.shape import shaped
from campaigns.loading.yaml_source import read_yaml
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.located import Located
from campaigns.spec.offer import Offer
from campaigns.spec.text import Frozen

_COLUMNS: Final = ("department", "product_category", "product_type", "brand")


class OffersFile(Frozen):
    """The one key of the file."""

    offers: tuple[Offer, ...]


def load_offers(path: Path, catalogue: Catalogue) -> tuple[Offer, ...]:
    """The offers in the file's order; AuthorError with all problems.

    Goods that the catalogue calls special or restricted are refused (FI-20 to FI-22).
    """
    problems: list[Problem] = []
    at = read_yaml(path)
    file = shaped(OffersFile, at, problems)
    if file is not None:
        problems += offer_problems(zip(file.offers, at.part("offers").items(), strict=True), catalogue)
    if file is None or problems:
        raise AuthorError(problems)
    return file.offers


def forbidden_why(catalogue: Catalogue, column: str, value: str | None) -> str | None:
    """`special` or `restricted` when goods with this value of a products column may not be offered, else None.

    Letter case does not matter, as it does not where the warehouse hides special rows.
    """
    products = catalogue.tables["products"]
    for rows, why in ((products.special_when, "special"), (products.restricted_when, "restricted")):
        if value is not None and value.casefold() in map(str.casefold, rows.get(column, ())):
            return why
    return None


def offer_problems(offers: Iterable[tuple[Offer, Located]], catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with offers among each other and for the catalogue; each comes with where it stands."""
    first: dict[str, int] = {}
    for offer, place in offers:
        line = place.part("id").place.line
        if offer.id in first:
            message, hint = (
                f"the id `{offer.id}` is used twice",
                f"another id; the first stands on line {first[offer.id]}",
            )
            yield Problem(place.part("id").place, message, "duplicate_offer", hint)
        first.setdefault(offer.id, line)
        yield from _forbidden(offer, place, catalogue)


def _forbidden(offer: Offer, at: Located, catalogue: Catalogue) -> Iterator[Problem]:
    for column in _COLUMNS:
        value = getattr(offer, column)
        why = forbidden_why(catalogue, column, value)
        if why is not None:
            message = f"`{value}` is {why} in the catalogue and is never offered"
            yield Problem(at.part(column).place, message, f"{why}_offer", "remove this offer")
