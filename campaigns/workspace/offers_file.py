"""Offers file: goods that messages may show, each once; special and restricted goods are refused."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.localised_text import FrozenModel
from campaigns.core.model.offer import Offer
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate
from campaigns.workspace.offer_conflicts import foreign_addresses, overlapping_offers
from campaigns.workspace.offer_goods import OFFER_COLUMNS, forbidden_reason


class OffersFile(FrozenModel):
    """Offers file with its one key."""

    offers: tuple[Offer, ...]


def load_offers(path: Path, catalogue: Catalogue, sites: Collection[str] | None = None) -> tuple[Offer, ...]:
    """Return the offers in the file's order; raise UserError with all problems.

    Goods that the catalogue marks as special or restricted are refused (FI-20 to FI-22). `sites` are those that offers
    may lead to; without them, as for the offers of a run, which were checked before, offers are not compared with them
    nor with each other.
    """
    problems: list[Problem] = []
    at = read_yaml(path)
    file = validate(OffersFile, at, problems)
    if file is not None:
        problems += offer_problems(list(zip(file.offers, at.part("offers").items(), strict=True)), catalogue, sites)
    if file is None or problems:
        raise UserError(problems)
    return file.offers


def offer_problems(
    offers: Sequence[tuple[Offer, Located]], catalogue: Catalogue, sites: Collection[str] | None
) -> Iterator[Problem]:
    """Yield duplicate ids and forbidden goods among the offers; each offer comes with its location.

    With `sites`, also addresses elsewhere, and goods with two prices on one day.
    """
    yield from _offer_problems(offers, catalogue)
    if sites is not None:
        yield from foreign_addresses(offers, sites)
        yield from overlapping_offers(offers)


def _offer_problems(offers: Iterable[tuple[Offer, Located]], catalogue: Catalogue) -> Iterator[Problem]:
    first_lines: dict[str, int] = {}
    for offer, at in offers:
        line = at.part("id").place.line
        if offer.id in first_lines:
            message, hint = (
                f"the id `{offer.id}` is used twice",
                f"another id; the first stands on line {first_lines[offer.id]}",
            )
            yield Problem(at.part("id").place, message, "duplicate_offer", hint)
        first_lines.setdefault(offer.id, line)
        yield from _forbidden_goods(offer, at, catalogue)


def _forbidden_goods(offer: Offer, at: Located, catalogue: Catalogue) -> Iterator[Problem]:
    for column in OFFER_COLUMNS:
        value = getattr(offer, column)
        reason = forbidden_reason(catalogue, column, value)
        if reason is not None:
            message = f"`{value}` is {reason} in the catalogue and is never offered"
            yield Problem(at.part(column).place, message, f"{reason}_offer", "remove this offer")
