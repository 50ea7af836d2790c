"""Links of offers in e-mails: to the offer's page, with the campaign in the address and nothing of the member."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from campaigns.core.model.enums import Purpose
from campaigns.core.tokens import InvalidTokenError, Signer, TrackedLink
from campaigns.offers.offer_address import campaign_address
from campaigns.runs.composing.link_tracking import COUNTED_SENDS, PLACED_SENDS, LinkTracker

SIGNER = Signer({1: bytes(range(32))})
PAGE = "https://shop.example/coffee"


def tracker(purpose: Purpose = Purpose.MARKETING, **planned_sends: int) -> LinkTracker:
    """Return the tracker of a run whose plan shows each offer in so many messages."""
    counts = {"offer_ids": list(planned_sends), "offer_sends": list(planned_sends.values())}
    context: Any = SimpleNamespace(
        run=SimpleNamespace(counts=counts),
        number=7,
        campaign=SimpleNamespace(purpose=purpose),
        settings=SimpleNamespace(public_url="https://viesti.example/"),
        signer=SIGNER,
    )
    return LinkTracker(context)


def link_of(url: str) -> TrackedLink:
    """Return what the redirector reads in a tracking link."""
    base, _, token = url.rpartition("/")
    assert base == "https://viesti.example/c"
    return SIGNER.read_tracked_link(token)


def message(*offer_ids: str) -> list[dict[str, Any]]:
    """Return the offers of a message as template values."""
    return [{"id": offer_id, "title": "x", "url": f"{PAGE}/{offer_id}"} for offer_id in offer_ids]


@pytest.mark.parametrize(
    ("url", "query"),
    [
        (PAGE, "utm_source=viesti&utm_medium=channel&utm_campaign=weekend&utm_content=coffee"),
        (f"{PAGE}?", "utm_source=viesti&utm_medium=channel&utm_campaign=weekend&utm_content=coffee"),
        (
            f"{PAGE}?size=%20500&a=",
            "size=%20500&a=&utm_source=viesti&utm_medium=channel&utm_campaign=weekend&utm_content=coffee",
        ),
        (
            f"{PAGE}?utm_source=letter&utm_content=",
            "utm_source=letter&utm_content=&utm_medium=channel&utm_campaign=weekend",
        ),
    ],
)
def test_campaign_parameters_follow_the_query_of_the_author(url: str, query: str) -> None:
    parts = urlsplit(campaign_address(f"{url}#price", "weekend", "coffee"))
    assert (parts.query, parts.path, parts.fragment) == (query, "/coffee", "price")


def test_c14_members_without_tracking_consent_share_the_link_of_an_offer_in_one_place() -> None:
    links = tracker(coffee=PLACED_SENDS, tea=PLACED_SENDS)
    first, second = links.lead_offers(message("coffee", "tea"), None), links.lead_offers(message("tea", "coffee"), None)
    assert links.lead_offers(message("coffee"), None)[0]["url"] == first[0]["url"] != second[1]["url"]
    assert link_of(first[1]["url"]) == TrackedLink(7, None, f"{PAGE}/tea", 2)
    assert link_of(second[0]["url"]) == TrackedLink(7, None, f"{PAGE}/tea", 1)


def test_gd22_members_with_tracking_consent_have_links_of_their_own() -> None:
    one, other = (tracker().lead_offers(message("coffee"), position)[0]["url"] for position in (3, 4))
    assert (link_of(one), link_of(other)) == (
        TrackedLink(7, 3, f"{PAGE}/coffee", 1),
        TrackedLink(7, 4, f"{PAGE}/coffee", 1),
    )


def test_c14_an_offer_in_few_messages_is_not_tracked_without_consent() -> None:
    links = tracker(rare=COUNTED_SENDS - 1, seldom=PLACED_SENDS - 1)
    rare, seldom, unplanned = (each["url"] for each in links.lead_offers(message("rare", "seldom", "other"), None))
    assert (rare, unplanned) == (f"{PAGE}/rare", f"{PAGE}/other")
    assert link_of(seldom) == TrackedLink(7, None, f"{PAGE}/seldom", None)


def test_an_offer_without_a_page_and_a_service_message_have_no_tracked_link() -> None:
    nowhere = [{"id": "coffee", "url": None}]
    assert tracker(coffee=PLACED_SENDS).lead_offers(nowhere, 3) == nowhere
    assert tracker(Purpose.SERVICE).lead_offers(message("coffee"), 3) == message("coffee")


def test_the_address_of_an_offer_names_no_member() -> None:
    offers = tracker().lead_offers([{"id": "coffee", "url": campaign_address(PAGE, "weekend", "coffee")}], 3)
    assert parse_qs(urlsplit(link_of(offers[0]["url"]).target).query) == {
        "utm_source": ["viesti"],
        "utm_medium": ["channel"],
        "utm_campaign": ["weekend"],
        "utm_content": ["coffee"],
    }


@pytest.mark.hostile
def test_the_place_in_a_link_cannot_be_changed() -> None:
    token = SIGNER.tracked_link_token(TrackedLink(7, 3, PAGE, 1))
    other = SIGNER.tracked_link_token(TrackedLink(7, 3, PAGE))
    assert SIGNER.read_tracked_link(token).place == 1
    assert SIGNER.read_tracked_link(other).place is None
    for index in range(len(token)):
        changed = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        with pytest.raises(InvalidTokenError):
            SIGNER.read_tracked_link(changed)
