"""Rules that hold for every message of a run: those for bulk senders from the first on, and one price for everybody."""

import re
from collections import defaultdict
from email import message_from_bytes, policy

from campaigns.channels.outcome import Accepted, Outcome
from campaigns.channels.provider import OutgoingEmail
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

EMAIL = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
_PRICED = (
    "{{ offer.id }}={{ offer.price | money }}{% if offer.reduced %} ({{ offer.lowest_price_30d | money }}){% endif %}"
)
OFFERS = EMAIL.replace("hello", "offers") + "offers: {department: [FOOD], at_most: 4}\n"


def sent_messages(workspace: SampleWorkspace, campaign: str) -> list[OutgoingEmail]:
    """Send a campaign and return its messages."""
    messages: list[OutgoingEmail] = []

    def answer(message: OutgoingEmail) -> Outcome:
        messages.append(message)
        return Accepted("ref")

    with_scripted_provider(workspace, ScriptedProvider(answer))
    workspace.send(workspace.start("one", campaign))
    return messages


def test_dl01_a_run_of_one_message_follows_the_rules_for_bulk_senders(workspace: SampleWorkspace) -> None:
    for member in MEMBERS[1:]:
        workspace.record_choices(member, "no_marketing")
    [message] = sent_messages(workspace, EMAIL)
    headers = message_from_bytes(message.mime, policy=policy.default)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https?://\S+>, <mailto:\S+>", headers["List-Unsubscribe"])
    assert len(headers["Feedback-ID"].split(":")) == 4
    assert headers["List-Id"]


def test_gd18_an_offer_has_the_same_price_for_every_member(workspace: SampleWorkspace) -> None:
    for name in ("body.txt", "body.mjml"):
        template = workspace.root / "templates" / "email" / "offers" / name
        text = template.read_text("utf-8").replace("{{ offer.id }}", _PRICED)
        template.write_text(text, "utf-8")
    prices = defaultdict(set)
    messages = sent_messages(workspace, OFFERS)
    for message in messages:
        for offer, price in re.findall(r"([a-z]+-[a-z])=([\d.,]+)", message.text):
            prices[offer].add(price.replace(",", "."))
    assert len(messages) > len(MEMBERS) // 2
    assert len(prices) > 3
    assert {offer: len(values) for offer, values in prices.items()} == dict.fromkeys(prices, 1)
