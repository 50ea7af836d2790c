"""Checks of text message templates (A-21, FI-04, TW-03, TW-05, TW-17)."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity, UserError, errors_only
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks.address_targets import address_problems, addresses_in_texts, addresses_in_words
from campaigns.rendering.checks.shared_faults import open_blocks
from campaigns.rendering.checks.template_values import (
    COMMON_VALUES,
    MEMBER_VALUES,
    bare_sample,
    is_marketing,
    missing_value_problem,
    offer_problems,
    sample_values,
    unguarded_value_problems,
    unknown_value_problems,
)
from campaigns.rendering.sms.gsm7 import characters_outside_gsm7
from campaigns.rendering.sms.sms_template import SMS_FILE, SmsTemplate, sms_variable_uses
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError

_SHORTENER: Final = re.compile(r"\b(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|is\.gd|ow\.ly|cutt\.ly)/", re.IGNORECASE)


def check_sms(
    folder: TemplateFolder, purpose: Purpose, known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Return every problem of the folder's message; its sample is rendered in three languages.

    `known_names` are the member values that the catalogue declares, such as `member.household_size`.
    """
    try:
        templates = [SmsTemplate.compile(folder, language, settings) for language in Language]
        reads = sms_variable_uses(folder)
    except UserError as error:
        is_open = any(problem.code == "template_syntax" for problem in error.problems)
        blocks = list(open_blocks(folder, [folder.source(SMS_FILE)])) if is_open else []
        return blocks or list(error.problems)
    problems = [
        *unknown_value_problems(reads, COMMON_VALUES | MEMBER_VALUES | known_names),
        *offer_problems(reads, purpose),
        *_opt_out(folder, purpose),
        *_shorteners(folder),
        *address_problems(addresses_in_words(folder.source(SMS_FILE)), settings),
        *address_problems(addresses_in_texts(folder, [folder.source(SMS_FILE)]), settings),
    ]
    if not errors_only(problems):  # the sample of a broken template would repeat the same problems
        problems += (
            problem for template in templates for problem in _sample_problems(folder, template, purpose, settings)
        )
    return list(dict.fromkeys(problems))  # the languages often share a problem


def _opt_out(folder: TemplateFolder, purpose: Purpose) -> Iterator[Problem]:
    if is_marketing(purpose) and not any(read.name == "links.stop" for read in sms_variable_uses(folder)):
        message = f"a {purpose} message tells how to refuse the next one"
        yield Problem(
            FilePosition(folder.path_of(SMS_FILE)),
            message,
            "opt_out",
            "add `[[ stop ]]`, a text with `{{ links.stop }}`",
        )


def _shorteners(folder: TemplateFolder) -> Iterator[Problem]:
    for place, content in _written(folder, *Language):
        if _SHORTENER.search(content):
            yield Problem(place, "a public link shortener hides who writes", "shortener", "use an address of our own")


def _written(folder: TemplateFolder, *languages: Language) -> Iterator[tuple[FilePosition, str]]:
    """Yield the lines of the message and its texts, each with its place."""
    body = folder.source(SMS_FILE)
    yield from ((body.position_of_line(number), line) for number, line in enumerate(body.text.split("\n"), start=1))
    for text in folder.texts.values():
        yield from ((text.positions[language], text.localised.text(language)) for language in languages)


def _opt_out_for_everybody(
    template: SmsTemplate, sample: Mapping[str, object], purpose: Purpose, place: FilePosition
) -> Iterator[Problem]:
    """Refuse a message that tells how to refuse the next one only to members with a name, values or offers."""
    links = sample.get("links")
    stop = str(links.get("stop")) if isinstance(links, Mapping) else ""
    with suppress(TemplateError):  # which is reported as a value that nobody asked for
        if is_marketing(purpose) and stop not in template.render(bare_sample(sample)).text:
            message = f"a {purpose} message tells how to refuse the next one, also without name, values and offers"
            yield Problem(place, message, "opt_out", "put `[[ stop ]]` outside of `{% if … %}`")


def _sample_problems(
    folder: TemplateFolder, template: SmsTemplate, purpose: Purpose, settings: Settings
) -> Iterator[Problem]:
    sample = sample_values(folder, purpose, template.language, settings)
    place, limit = FilePosition(folder.path_of(SMS_FILE)), settings.channels.sms.max_segments
    try:
        sms = template.render(sample)
    except TemplateError as error:
        yield missing_value_problem(error)
        return
    if sms.segments > limit:
        message = f"the sample takes {sms.segments} segments in `{template.language}`, at most {limit} are allowed"
        yield Problem(place, message, "too_long", "shorten the text, or raise `channels.sms.max_segments`")
    if characters := characters_outside_gsm7(sms.text):
        message = f"`{characters}` in `{template.language}` is outside GSM-7: a segment holds 70 characters, not 160"
        written = (at for at, words in _written(folder, template.language) if set(characters) & set(words))
        yield Problem(next(written, place), message, "ucs2", "write it with other characters", Severity.WARNING)
    yield from unguarded_value_problems(template.render, sample)
    yield from _opt_out_for_everybody(template, sample, purpose, place)
