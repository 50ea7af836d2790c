"""Lists of offers that a template prints without asking whether there are any."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from jinja2 import nodes

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import CALL_FILE
from campaigns.rendering.checks.shared_faults import own_place
from campaigns.rendering.email.email_template import TEXT_FILE, email_sources
from campaigns.rendering.email.includes import collect_includes
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.letters.markup import LETTER_FILE, PICTURE, offer_drawings
from campaigns.rendering.sms.sms_template import SMS_FILE
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource
from campaigns.rendering.templates.sandbox import insert_texts, parse_template, sandbox_for

_OFFERS: Final = "offers"
_OFFERS_READ: Final = re.compile(r"\{[{%][^}]*\boffers\b|\bpage\.offers\b")
_ALL_READ: Final = re.compile(r"\{%-?\s*for\b[^%]*\bin\s+offers\b|\bpage\.offers\b")
_ONE_READ: Final = re.compile(r"\boffers\s*\[\s*(\d+)\s*\]")
ALL_OFFERS: Final = -1
_PICTURE_READ: Final = re.compile(r"\.image\b")
_FILES: Final[Mapping[Channel, tuple[str, ...]]] = {
    Channel.EMAIL: (TEXT_FILE, MJML_FILE),
    Channel.SMS: (SMS_FILE,),
    Channel.POST: (LETTER_FILE,),
    Channel.PHONE: (CALL_FILE,),
}
_Source = tuple[TemplateSource, Callable[[int], FilePosition]]


def shows_offers(folder: TemplateFolder) -> bool:
    """Return whether a template reads offers, as its files show without being rendered."""
    return any(_OFFERS_READ.search(text) for text in _texts(folder))


def shows_offer_pictures(folder: TemplateFolder) -> bool:
    """Return whether a template reads the pictures of offers."""
    if folder.channel is Channel.POST:
        return PICTURE in offer_drawings(folder)
    return shows_offers(folder) and any(_PICTURE_READ.search(text) for text in _texts(folder))


def number_of_offers(folder: TemplateFolder) -> int:
    """Return how many of its offers a message shows, the best first; `ALL_OFFERS` where it lists them."""
    texts = list(_texts(folder))
    if any(_ALL_READ.search(text) for text in texts):
        return ALL_OFFERS
    places = [int(place) + 1 for text in texts for place in _ONE_READ.findall(text)]
    return max(places, default=1 if shows_offers(folder) else 0)


def bare_offer_lists(folder: TemplateFolder, settings: Settings) -> list[Problem]:
    """Return a problem for each loop over offers outside an `{% if %}` about them, and without an `{% else %}`.

    A letter tests `page.offers` in Typst, which is not read here.
    """
    problems: list[Problem] = []
    sources = _SOURCES.get(folder.channel)
    for source, place_of in () if sources is None else sources(folder):
        sandbox = sandbox_for(folder.channel, Language.EN, settings.currency)
        for line in _bare_loops(parse_template(sandbox, source, place_of)):
            message = "this list of offers says nothing when there are none"
            hint = "put heading and list into `{% if offers %}`, or give the list an `{% else %}`"
            place = own_place(folder, place_of(line))
            problems.append(Problem(place, message, "bare_offers", hint, Severity.WARNING))
    return problems


def _bare_loops(node: nodes.Node) -> Iterator[int]:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.If) and (_is_offers(child.test) or any(map(_is_offers, _names(child.test)))):
            continue
        if isinstance(child, nodes.For) and _is_offers(child.iter):
            if not child.else_:
                yield child.lineno
            continue
        yield from _bare_loops(child)


def _names(node: nodes.Node) -> Iterator[nodes.Name]:
    return node.find_all(nodes.Name)


def _is_offers(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == _OFFERS


def _email(folder: TemplateFolder) -> Iterator[_Source]:
    yield from email_sources(folder, Language.EN)


def _sms(folder: TemplateFolder) -> Iterator[_Source]:
    source = insert_texts(folder.source(SMS_FILE), folder.texts_in(Language.EN))
    yield source, source.position_of_line


def _texts(folder: TemplateFolder) -> Iterator[str]:
    for file in _FILES[folder.channel]:
        if file == CALL_FILE and file not in folder:
            continue
        for source in collect_includes(folder, file).values():
            yield source.text


_SOURCES: Final[Mapping[Channel, Callable[[TemplateFolder], Iterator[_Source]]]] = {
    Channel.EMAIL: _email,
    Channel.SMS: _sms,
}
