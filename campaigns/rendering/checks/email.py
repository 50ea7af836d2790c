"""Checks of e-mail templates (A-21, A-26, E-04, E-28, FI-04, FI-23, GD-22)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from itertools import chain
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity, UserError, errors_only
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks.address_targets import (
    address_problems,
    addresses_in_texts,
    addresses_in_words,
    written_addresses,
)
from campaigns.rendering.checks.inbox_line import preheader_length, subject_length
from campaigns.rendering.checks.mjml_sources import class_problems, link_problems
from campaigns.rendering.checks.shared_faults import in_own_files
from campaigns.rendering.checks.template_values import (
    COMMON_VALUES,
    MEMBER_VALUES,
    is_marketing,
    missing_value_problem,
    offer_problems,
    sample_values,
    unguarded_value_problems,
    unknown_value_problems,
)
from campaigns.rendering.email.email_template import (
    CLIP_BYTES,
    TEXT_FILE,
    EmailBody,
    EmailTemplate,
    email_variable_uses,
)
from campaigns.rendering.email.includes import collect_includes
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError

WARNING_BYTES: Final = 80_000
_TOKEN_BYTES: Final = 40  # in an address that counts clicks, beside its target; all in base64
_UNSUBSCRIBE_LINK: Final = "https://check.example/leave"
_SHARED_LINK: Final = re.compile(r'\shref="(https://(?!check\.example)[^"]+)"')
_IMAGE: Final = re.compile(r"""<img[^>]*\ssrc=["'](https?:[^"'>\s]+)""", re.IGNORECASE)
_STYLE: Final = re.compile(
    r"""<style\b[^>]*>(.*?)</style|\s(?:style|srcset)=("[^"]*"|'[^']*')""", re.IGNORECASE | re.DOTALL
)
_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_FETCHED: Final = re.compile(r"""(?:https?:)?//[^"'()<>,;\s]+""", re.IGNORECASE)
_PREHEADER: Final = re.compile(r'<body[^>]*><div style="display:none;[^"]*">(.*?)</div>', re.DOTALL)
_SHORTER: Final = "shorten the letter: fewer sections, fewer offers, shorter styles"
_TITLE: Final = re.compile(r"<title>\s*[^\s<]")


@dataclass(frozen=True, slots=True)
class EmailSample:
    """Sample of a template, rendered in one language."""

    folder: TemplateFolder
    purpose: Purpose
    settings: Settings
    language: Language
    context: Mapping[str, object]
    body: EmailBody

    def parts(self) -> Iterator[tuple[FilePosition, str]]:
        """Yield the file and the visible content of the text part and of the HTML part."""
        yield FilePosition(self.folder.path_of(TEXT_FILE)), self.body.text
        yield FilePosition(self.folder.path_of(MJML_FILE)), unescape(self.body.html)

    def offers(self) -> Iterator[Mapping[str, object]]:
        """Yield the offers of the sample."""
        offers = self.context.get("offers")
        yield from (offer for offer in offers if isinstance(offer, dict)) if isinstance(offers, list) else ()

    @property
    def html_place(self) -> FilePosition:
        """Return the position of the HTML's file."""
        return FilePosition(self.folder.path_of(MJML_FILE))


def check_email(
    folder: TemplateFolder, purpose: Purpose, known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Return every problem of the folder's e-mail; its sample is rendered in three languages.

    `known_names` are the member values that the catalogue declares, such as `member.household_size`.
    """
    try:
        templates = [EmailTemplate.compile(folder, language, settings) for language in Language]
        reads = email_variable_uses(folder)
    except UserError as error:
        return in_own_files(folder, error.problems)
    problems = [
        *unknown_value_problems(reads, COMMON_VALUES | MEMBER_VALUES | known_names),
        *offer_problems(reads, purpose),
        *_source_problems(folder, settings),
    ]
    if not errors_only(problems):  # the sample of a broken template would repeat the same problems
        for template in templates:
            problems += _sample_problems(folder, template, purpose, settings)
    return list(dict.fromkeys(in_own_files(folder, problems)))


def _source_problems(folder: TemplateFolder, settings: Settings) -> Iterator[Problem]:
    """Yield what the author's files show before anything is rendered."""
    markup, plain = (list(collect_includes(folder, file).values()) for file in (MJML_FILE, TEXT_FILE))
    yield from class_problems(markup)
    yield from link_problems(markup, folder.texts)
    yield from address_problems(written_addresses(folder, markup), settings)
    yield from address_problems((address for source in plain for address in addresses_in_words(source)), settings)
    yield from address_problems(addresses_in_texts(folder, [*markup, *plain]), settings)


def _sample_problems(
    folder: TemplateFolder, template: EmailTemplate, purpose: Purpose, settings: Settings
) -> Iterator[Problem]:
    context = _with_test_link(sample_values(folder, purpose, template.language, settings))
    try:
        body = template.render(context)
    except TemplateError as error:
        yield missing_value_problem(error)
        return
    sample = EmailSample(folder, purpose, settings, template.language, context, body)
    for check in CHECKS:
        yield from check(sample)
    yield from unguarded_value_problems(template.render, context)


def _with_test_link(context: Mapping[str, object]) -> dict[str, object]:
    """Return the sample with an unsubscribe link that is recognisable wherever the template prints it."""
    links = context.get("links")
    return {**context, "links": {**(links if isinstance(links, dict) else {}), "unsubscribe": _UNSUBSCRIBE_LINK}}


def check_unsubscribe_link(sample: EmailSample) -> Iterator[Problem]:
    """Check that marketing shows the unsubscribe link in both parts, clickable in the HTML (E-04, E-28)."""
    if is_marketing(sample.purpose):
        for place, text in sample.parts():
            if (f'href="{_UNSUBSCRIBE_LINK}"' if place == sample.html_place else _UNSUBSCRIBE_LINK) not in text:
                message = f"a {sample.purpose} message shows how to refuse the next one, in text and HTML"
                yield Problem(place, message, "opt_out", "link to `{{ links.unsubscribe }}`, as the shared footer does")


def check_sender(sample: EmailSample) -> Iterator[Problem]:
    """Check that marketing names the advertiser: legal name, business id and street address (FI-04)."""
    organisation = sample.context.get("organisation")
    values = organisation if isinstance(organisation, dict) else {}
    for place, text in sample.parts() if is_marketing(sample.purpose) else ():
        for name in ("legal_name", "business_id", "street"):
            if name not in values or str(values[name]) not in text:
                message = f"a {sample.purpose} message names its sender"
                yield Problem(place, message, "sender", f"print `{{{{ organisation.{name} }}}}`")


def check_reduced_prices(sample: EmailSample) -> Iterator[Problem]:
    """Check that every reduced price stands with the lowest price of the 30 days before (FI-23)."""
    money = template_filters(sample.language, sample.settings.currency)["money"]
    for offer in sample.offers():
        price, lowest = offer.get("price"), offer.get("lowest_price_30d")
        if not isinstance(price, Decimal | int) or not isinstance(lowest, Decimal | int):
            continue
        for place, text in sample.parts():
            if money(price) in text and money(lowest) not in text:
                message = f"the reduced price of `{offer.get('id')}` stands without the lowest price of 30 days"
                yield Problem(place, message, "lowest_price", "print `lowest_price_30d` where `reduced` is true")


def check_size(sample: EmailSample) -> Iterator[Problem]:
    """Check that the HTML, with the addresses that count clicks, is not clipped by a mailbox (E-04)."""
    links, base = _SHARED_LINK.findall(sample.body.html), len(str(sample.settings.public_url)) + len("c/")
    tracked = sum(base + 4 * (len(link) + _TOKEN_BYTES) // 3 - len(link) for link in links)
    octets = len(sample.body.html.encode()) + tracked
    description = f"the HTML of the sample is {octets / 1000:.0f} kB in `{sample.language}`"
    if octets > CLIP_BYTES:
        yield Problem(
            sample.html_place, f"{description}: mailboxes cut it at {CLIP_BYTES // 1000} kB", "size", _SHORTER
        )
    elif octets > WARNING_BYTES:
        message = f"{description}: {CLIP_BYTES // 1000} kB is near where mailboxes cut"
        yield Problem(sample.html_place, message, "size", _SHORTER, Severity.WARNING)


def check_parts_present(sample: EmailSample) -> Iterator[Problem]:
    """Check that there is a subject, a title and a text part."""
    if not sample.body.subject:
        place = FilePosition(sample.folder.path_of("texts.yaml"))
        yield Problem(
            place, f"the subject is empty in `{sample.language}`", "subject", "write words that every member gets"
        )
    if not sample.body.text.strip():
        yield Problem(
            FilePosition(sample.folder.path_of(TEXT_FILE)),
            f"the text part is empty in `{sample.language}`",
            "text",
            "say there what the HTML says",
        )
    if not _TITLE.search(sample.body.html):
        yield Problem(sample.html_place, "the HTML has no title", "title", "add <mj-title>[[ subject ]]</mj-title>")


def check_images(sample: EmailSample) -> Iterator[Problem]:
    """Check that images come from our own site: another site would learn who opens the message, and when (GD-22)."""
    offer_images = {str(offer.get("image")) for offer in sample.offers()}
    for address in _fetched_addresses(sample.body.html):
        if address not in offer_images and not address.startswith(str(sample.settings.public_url)):
            message = f"the picture `{address[:60]}` is fetched from elsewhere, which tells who opens the message"
            yield Problem(_address_place(sample, address), message, "foreign_picture", "put it under `images/`")


def _address_place(sample: EmailSample, address: str) -> FilePosition:
    """Return where an address is written, or a style that holds it; else the file of the HTML."""
    markup = list(collect_includes(sample.folder, MJML_FILE).values())
    written = [each.place for each in written_addresses(sample.folder, markup) if each.text == address]
    in_styles = (source.position_of(source.text.index(address)) for source in markup if address in source.text)
    return next(chain(written, in_styles), sample.html_place)


def _fetched_addresses(html: str) -> Iterator[str]:
    """Yield the addresses that a mailbox fetches from: all of pictures and of styles, however these write them."""
    yield from map(unescape, _IMAGE.findall(html))
    for sheet, attribute in _STYLE.findall(html):
        yield from _FETCHED.findall(_CSS_COMMENT.sub("", unescape(sheet or attribute)))


def check_inbox_line(sample: EmailSample) -> Iterator[Problem]:
    """Check that mailboxes show the whole subject and preheader."""
    yield from subject_length(sample.folder, sample.language, sample.body.subject)
    preheader = _PREHEADER.search(sample.body.html)
    if preheader is not None:
        yield from preheader_length(sample.folder, sample.language, " ".join(unescape(preheader[1]).split()))


def check_contrast(sample: EmailSample) -> Iterator[Problem]:
    """Check that every text can be read on its background; colours are the same in all languages."""
    if sample.language is Language.FI:
        from campaigns.rendering.checks.contrast import contrast_problems  # slow to load, and most checks are cached

        yield from contrast_problems(sample.folder, sample.language, sample.body.html)


CHECKS: Final[tuple[Callable[[EmailSample], Iterator[Problem]], ...]] = (
    check_unsubscribe_link,
    check_sender,
    check_reduced_prices,
    check_size,
    check_parts_present,
    check_images,
    check_inbox_line,
    check_contrast,
)
