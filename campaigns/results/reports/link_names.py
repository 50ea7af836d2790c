"""Readable names of links in reports: an offer's id, or the address without what only machines need."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

_CAMPAIGN_PARAMETERS = "utm_"


def link_names(targets: Iterable[str], offer_ids: Collection[str]) -> Mapping[str, str]:
    """Return a name for each target; two targets of one name keep their whole address."""
    listed = list(targets)
    names = {target: _name(target, offer_ids) for target in listed}
    repeated = {name for name, number in Counter(names.values()).items() if number > 1}
    return {target: target if names[target] in repeated else names[target] for target in listed}


def _name(target: str, offer_ids: Collection[str]) -> str:
    try:
        parts = urlsplit(target)
    except ValueError:  # an author's slip, such as an unclosed bracket
        return target
    if not parts.netloc:
        return target
    offers = [segment for segment in _segments(parts) if segment in offer_ids]
    if offers:
        return offers[-1]
    query = urlencode([pair for pair in parse_qsl(parts.query) if not pair[0].startswith(_CAMPAIGN_PARAMETERS)])
    host = parts.netloc.removeprefix("www.")
    ending = "".join(f"{sign}{unquote(text)}" for sign, text in (("?", query), ("#", parts.fragment)) if text)
    return f"{host}{unquote(parts.path).rstrip('/')}{ending}"


def _segments(parts: SplitResult) -> list[str]:
    """Return the pieces of an address that may name an offer: of its path, its query and its fragment."""
    return [*unquote(parts.path).split("/"), *(value for _, value in parse_qsl(parts.query)), parts.fragment]
