"""Checks of letter templates (A-21, PR-02 to PR-04, PR-12)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity, UserError
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import parse_yaml
from campaigns.rendering.checks.template_values import (
    COMMON_VALUES,
    MEMBER_VALUES,
    missing_value_problem,
    offer_problems,
    sample_values,
    unguarded_value_problems,
    unknown_value_problems,
)
from campaigns.rendering.letters.letter_renderer import LIMIT_CODE
from campaigns.rendering.letters.letter_template import LetterTemplate, letter_variable_uses
from campaigns.rendering.letters.markup import LETTER_FILE
from campaigns.rendering.letters.postal_address import AddressProblem, PostalAddress
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError

PROFILE_FILE: Final = "profile.yaml"
_REQUIRED_TEXTS: Final = {
    "address_source": "each letter says where the address comes from (PR-12)",
    "objection": "each letter says how to object (PR-12)",
}
_ANY_DAY: Final = datetime(2018, 1, 1, tzinfo=UTC)  # the date of a sample's file does not matter


def check_letter(
    folder: TemplateFolder, purpose: Purpose, known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Return every problem of the folder's letter; its sample is rendered in three languages.

    `known_names` are the member values that the catalogue declares, such as `member.household_size`.
    """
    try:
        templates = [LetterTemplate.compile(folder, language, settings) for language in Language]
        reads = letter_variable_uses(folder)
        profile = parse_yaml(folder.source(PROFILE_FILE).text.encode(), folder.path_of(PROFILE_FILE))
    except UserError as error:
        return list(error.problems)
    problems = [
        *unknown_value_problems(reads, COMMON_VALUES | MEMBER_VALUES | known_names),
        *offer_problems(reads, purpose),
        *_required_text_problems(folder, templates[0]),
    ]
    if not problems:
        for template in templates:
            problems += _sample_problems(
                folder, template, sample_values(folder, purpose, template.language, settings), profile
            )
            if any(problem.code == LIMIT_CODE for problem in problems):
                break  # the other languages would take as long
        problems += _unverified(profile)
    return list(dict.fromkeys(problems))  # the languages often share a problem


def _required_text_problems(folder: TemplateFolder, template: LetterTemplate) -> Iterator[Problem]:
    for key, message in _REQUIRED_TEXTS.items():
        if key not in template.texts:
            hint = f"print `page.text.{key}`, as the shared layout does"
            yield Problem(FilePosition(folder.path_of(LETTER_FILE)), message, "colophon", hint)


def _sample_problems(
    folder: TemplateFolder, template: LetterTemplate, sample: Mapping[str, object], profile: Located
) -> Iterator[Problem]:
    address = _address(sample, template.language)
    if isinstance(address, AddressProblem):
        yield Problem(
            FilePosition(folder.path_of("sample.yaml")), f"the sample's address cannot be written: {address}", "sample"
        )
        return
    try:
        pages = template.render_bundle([template.fill(sample, address)], _ANY_DAY, is_sample=True).page_counts[0]
    except TemplateError as error:
        yield missing_value_problem(error)
        return
    except UserError as error:
        yield from error.problems
        return
    max_pages = 2 * _sheets(profile)
    if pages > max_pages:
        message = f"the letter takes {pages} pages in `{template.language}`, its envelope takes {max_pages}"
        yield Problem(
            FilePosition(folder.path_of(LETTER_FILE)),
            message,
            "too_long",
            "write less, or let `sheets` of the print profile be more",
        )
    yield from unguarded_value_problems(partial(template.fill, address=address), sample)


def _address(sample: Mapping[str, object], language: Language) -> PostalAddress | AddressProblem:
    member = sample.get("member")
    columns = ("first_name", "last_name", "street", "postal_code", "city")
    contact = {name: member.get(name) if isinstance(member, Mapping) else None for name in columns}
    return PostalAddress.from_contact(**contact, language=language)


def _sheets(profile: Located) -> int:
    """Return the number of sheets that fit the envelope of the print profile."""
    sheets = dict(profile.entries()).get("sheets")
    return sheets.value if sheets is not None and isinstance(sheets.value, int) else 1


def _unverified(profile: Located) -> Iterator[Problem]:
    verified = dict(profile.entries()).get("verified", profile)
    if verified.value is not True:
        message = "no print house has verified where the windows of the envelope are"
        hint = "ask yours, then set `verified: true`"
        yield Problem(verified.place, message, "print_profile", hint, Severity.WARNING)
