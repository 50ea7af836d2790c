"""Checks of e-mail templates (A-21, A-26, E-04, E-28, FI-04, FI-23, GD-22)."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
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
from campaigns.rendering.checks.email_sample import EmailSample
from campaigns.rendering.checks.foreign_pictures import check_images
from campaigns.rendering.checks.inbox_line import preheader_length, subject_length
from campaigns.rendering.checks.mjml_sources import class_problems, link_problems
from campaigns.rendering.checks.shared_faults import in_own_files
from campaigns.rendering.checks.template_values import (
    COMMON_VALUES,
    MEMBER_VALUES,
    bare_sample,
    full_sample,
    is_marketing,
    missing_value_problem,
    offer_problems,
    sample_values,
    unguarded_value_problems,
    unknown_value_problems,
)
from campaigns.rendering.email.email_template import (
    CLIP_BYTES,
    SUBJECT,
    TEXT_FILE,
    EmailTemplate,
    email_variable_uses,
)
from campaigns.rendering.email.includes import collect_includes
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError

_NOTHING_KNOWN: Final = "for a member without name, values and offers"
_WITH_OFFERS: Final = "for a member with offers"
WARNING_BYTES: Final = 80_000
_TOKEN_BYTES: Final = 40  # in an address that counts clicks, beside its target; all in base64
_UNSUBSCRIBE_LINK: Final = "https://check.example/leave"
_SHARED_LINK: Final = re.compile(r'\shref="(https://(?!check\.example)[^"]+)"')
_PREHEADER: Final = re.compile(r'<body[^>]*><div style="display:none;[^"]*">(.*?)</div>', re.DOTALL)
_SHORTER: Final = "shorten the letter: fewer sections, fewer offers, shorter styles"
_TITLE: Final = re.compile(r"<title>\s*[^\s<]")


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
    problems = list(chain.from_iterable(check(sample) for check in CHECKS))
    yield from problems
    yield from unguarded_value_problems(template.render, context)
    branches = dict(_branches(sample, template))
    for reader, branch in branches.items():
        branch_problems = chain.from_iterable(check(branch) for check in BRANCH_CHECKS)
        others = (each for each in branch_problems if each not in problems)
        yield from (replace(each, message=f"{each.message} ({reader})") for each in others)
    if template.language is Language.FI:  # colours are the same in all languages
        from campaigns.rendering.checks.contrast import contrast_problems  # slow to load, and most checks are cached

        yield from contrast_problems(
            folder, template.language, [each.body.html for each in (sample, *branches.values())]
        )


def _branches(sample: EmailSample, template: EmailTemplate) -> Iterator[tuple[str, EmailSample]]:
    """Yield what else the template shows, and to whom: a member without any value, and one with offers after all."""
    pages = {sample.body.html}
    contexts = {_NOTHING_KNOWN: bare_sample(sample.context), _WITH_OFFERS: full_sample(sample.context)}
    for reader, context in contexts.items():
        with suppress(TemplateError):  # which is reported as a value that nobody asked for
            body = template.render(context)
            if body.html not in pages:
                pages.add(body.html)
                yield reader, replace(sample, context=context, body=body)


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
        subject = sample.folder.texts.get(SUBJECT)
        place = (
            FilePosition(sample.folder.path_of("texts.yaml")) if subject is None else subject.positions[sample.language]
        )
        message = f"the subject is empty in `{sample.language}`"
        yield Problem(place, message, "subject", "write words that every member gets")
    if not sample.body.text.strip():
        yield Problem(
            FilePosition(sample.folder.path_of(TEXT_FILE)),
            f"the text part is empty in `{sample.language}`",
            "text",
            "say there what the HTML says",
        )
    if not _TITLE.search(sample.body.html):
        yield Problem(sample.html_place, "the HTML has no title", "title", "add <mj-title>[[ subject ]]</mj-title>")


def check_inbox_line(sample: EmailSample) -> Iterator[Problem]:
    """Check that mailboxes show the whole subject and preheader."""
    yield from subject_length(sample.folder, sample.language, sample.body.subject)
    preheader = _PREHEADER.search(sample.body.html)
    if preheader is not None:
        yield from preheader_length(sample.folder, sample.language, " ".join(unescape(preheader[1]).split()))


CHECKS: Final[tuple[Callable[[EmailSample], Iterator[Problem]], ...]] = (
    check_unsubscribe_link,
    check_sender,
    check_reduced_prices,
    check_size,
    check_parts_present,
    check_images,
    check_inbox_line,
)
BRANCH_CHECKS: Final = (check_unsubscribe_link, check_sender, check_reduced_prices, check_parts_present)
