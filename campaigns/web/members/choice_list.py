"""List of choices on a page: groups of items with text, ticked or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from audiences.consent.consent_state import ConsentState, is_permission
from audiences.consent.consent_texts import ConsentText
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Language
from campaigns.web.page_renderer import PageRenderer

_GROUPS: Final[Mapping[str, tuple[Choice, ...]]] = {
    "own_group": (Choice.EMAIL_OWN, Choice.SMS_OWN),
    "partner_group": (Choice.EMAIL_PARTNER, Choice.SMS_PARTNER),
    "owner_group": (Choice.NO_OWNER_POST, Choice.ELECTRONIC_OWNER_POST),
    "other_group": (Choice.NO_DIRECT_MAIL, Choice.NO_SURVEYS_OR_PHONE),
    "data_group": (Choice.NO_PURCHASE_DETAIL, Choice.TRACKING),
    "everything_group": (Choice.NO_MARKETING,),
}
_NOTED: Final = frozenset({"owner_group", "everything_group"})
"""Groups with a note on how their choices go together."""


@dataclass(frozen=True, slots=True)
class ChoiceItem:
    """Choice with its text. A prohibition is offered as the thing that it prohibits, so that a tick means "it comes".

    "No marketing at all" is no tick but a switch, which stops everything.
    """

    choice: str
    language: Language
    title: str
    about: str
    stop_title: str

    @property
    def wording(self) -> str:
        """Return the version of the text (C-13)."""
        return self.consent_text.version

    @property
    def consent_text(self) -> ConsentText:
        """Return the consent text as it is stored."""
        return ConsentText(self.choice, self.language, f"{self.title}. {self.about}")

    @property
    def ticked_is_on(self) -> bool:
        """Return whether a tick turns the choice on; otherwise it turns it off."""
        return is_permission(self.choice) or self.choice == Choice.NO_MARKETING

    def is_ticked(self, consent: ConsentState) -> bool:
        """Return whether the box is ticked for this consent state."""
        return _is_on(self.choice, consent) is self.ticked_is_on


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Choices under a heading; `note` says what holds between them."""

    title: str
    items: tuple[ChoiceItem, ...]
    note: str = ""


@lru_cache(maxsize=len(Language))
def choice_groups(pages: PageRenderer, language: Language) -> tuple[ChoiceGroup, ...]:
    """Return every choice in page order; newsletters are separate items."""
    newsletters = tuple(_newsletter(pages, name, language) for name in pages.settings.newsletters)
    groups = [ChoiceGroup(pages.translate("newsletters_group", language), newsletters)] if newsletters else []
    for key, choices in _GROUPS.items():
        note = pages.translate(f"{key}_note", language) if key in _NOTED else ""
        items = tuple(_item(pages, choice, language) for choice in choices)
        groups.append(ChoiceGroup(pages.translate(key, language), items, note))
    return tuple(groups)


def choice_groups_with_ticks(
    pages: PageRenderer, language: Language, consent: ConsentState
) -> list[tuple[str, list[tuple[ChoiceItem, bool]], str]]:
    """Return the groups with the ticks of a consent state and their notes, as `choices.html` takes them."""
    groups = choice_groups(pages, language)
    return [(group.title, [(item, item.is_ticked(consent)) for item in group.items], group.note) for group in groups]


def choice_items(pages: PageRenderer, language: Language) -> Mapping[str, ChoiceItem]:
    """Return every item by choice name."""
    return {item.choice: item for group in choice_groups(pages, language) for item in group.items}


def all_consent_texts(pages: PageRenderer) -> Iterator[ConsentText]:
    """Yield all texts under which choices are offered, in all languages."""
    for language in Language:
        yield from (item.consent_text for item in choice_items(pages, language).values())


def choice_title(pages: PageRenderer, choice: str, language: Language) -> str:
    """Return the title of a choice; a newsletter that is no longer offered goes by its own name."""
    item = choice_items(pages, language).get(choice)
    return choice.removeprefix(NEWSLETTER_PREFIX) if item is None else item.stop_title


def _newsletter(pages: PageRenderer, name: str, language: Language) -> ChoiceItem:
    title = pages.settings.newsletters[name].text(language)
    about = pages.translate("newsletter_help", language)
    return ChoiceItem(
        f"{NEWSLETTER_PREFIX}{name}", language, title, about, pages.translate("newsletter", language, title=title)
    )


def _item(pages: PageRenderer, choice: Choice, language: Language) -> ChoiceItem:
    title, about = (pages.translate(key, language) for key in (choice.value, f"{choice.value}_help"))
    stop_title = title
    if choice is Choice.NO_MARKETING:
        title, stop_title = (pages.translate(f"no_marketing_{key}", language) for key in ("switch", "stop"))
    return ChoiceItem(choice.value, language, title, about, stop_title)


def _is_on(choice: str, consent: ConsentState) -> bool:
    if choice.startswith(NEWSLETTER_PREFIX):
        return choice.removeprefix(NEWSLETTER_PREFIX) in consent.newsletters
    return Choice(choice) in consent.on
