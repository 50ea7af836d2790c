"""Addresses of offers in messages: the offer's page, with parameters by which our own site knows the campaign."""

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SOURCE: Final = "viesti"
_MEDIUM: Final = "channel"


def campaign_address(url: str, campaign: str, offer_id: str) -> str:
    """Return an offer's address with the parameters of a campaign, the same for every member.

    The query stays as its author wrote it; a parameter that it has already is not added again.
    """
    parts = urlsplit(url)
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    parameters = {"utm_source": _SOURCE, "utm_medium": _MEDIUM, "utm_campaign": campaign, "utm_content": offer_id}
    added = urlencode({name: value for name, value in parameters.items() if name not in present})
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, added)))))
