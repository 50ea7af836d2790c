"""List of choices on a page: groups of items with text, ticked or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from audiences.consent.consent_state import ConsentState, is_permission
from audiences.consent.consent_texts import ConsentText
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Language
from campaigns.web.page_renderer import Pages

_GROUPS: Final[Mapping[str, tuple[Choice, ...]]] = {
    "own_group": (Choice.EMAIL_OWN, Choice.SMS_OWN),
    "partner_group": (Choice.EMAIL_PARTNER, Choice.SMS_PARTNER),
    "owner_group": (Choice.NO_OWNER_POST, Choice.ELECTRONIC_OWNER_POST),
    "other_group": (Choice.NO_DIRECT_MAIL, Choice.NO_SURVEYS_OR_PHONE),
    "data_group": (Choice.NO_PURCHASE_DETAIL, Choice.TRACKING),
    "everything_group": (Choice.NO_MARKETING,),
}


@dataclass(frozen=True, slots=True)
class Item:
    """Choice with its text. A prohibition is offered as the thing that it prohibits, except "no marketing at all"."""

    choice: str
    language: Language
    title: str
    about: str
    stop_title: str

    @property
    def wording(self) -> str:
        """Return the version of the text (C-13)."""
        return self.offered.version

    @property
    def offered(self) -> ConsentText:
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
class Group:
    """Choices under a heading."""

    title: str
    items: tuple[Item, ...]


@lru_cache(maxsize=len(Language))
def offered_groups(pages: Pages, language: Language) -> tuple[Group, ...]:
    """Return every choice in page order; newsletters are separate items."""
    newsletters = tuple(_newsletter(pages, name, language) for name in pages.settings.newsletters)
    groups = [Group(pages.say("newsletters_group", language), newsletters)] if newsletters else []
    for key, choices in _GROUPS.items():
        groups.append(Group(pages.say(key, language), tuple(_item(pages, choice, language) for choice in choices)))
    return tuple(groups)


def ticked_groups(pages: Pages, language: Language, consent: ConsentState) -> list[tuple[str, list[tuple[Item, bool]]]]:
    """Return the groups with the ticks of a consent state, as `choices.html` takes them."""
    groups = offered_groups(pages, language)
    return [(group.title, [(item, item.is_ticked(consent)) for item in group.items]) for group in groups]


def offered_items(pages: Pages, language: Language) -> Mapping[str, Item]:
    """Return every item by choice name."""
    return {item.choice: item for group in offered_groups(pages, language) for item in group.items}


def every_wording(pages: Pages) -> Iterator[ConsentText]:
    """Yield all texts under which choices are offered, in all languages."""
    for language in Language:
        yield from (item.offered for item in offered_items(pages, language).values())


def name_of(pages: Pages, choice: str, language: Language) -> str:
    """Return the title of a choice; a newsletter that is no longer offered goes by its own name."""
    item = offered_items(pages, language).get(choice)
    return choice.removeprefix(NEWSLETTER_PREFIX) if item is None else item.stop_title


def _newsletter(pages: Pages, name: str, language: Language) -> Item:
    title = pages.settings.newsletters[name].text(language)
    about = pages.say("newsletter_help", language)
    return Item(f"{NEWSLETTER_PREFIX}{name}", language, title, about, pages.say("newsletter", language, title=title))


def _item(pages: Pages, choice: Choice, language: Language) -> Item:
    title, about = (pages.say(key, language) for key in (choice.value, f"{choice.value}_help"))
    stop_title = pages.say("no_marketing_stop", language) if choice is Choice.NO_MARKETING else title
    return Item(choice.value, language, title, about, stop_title)


def _is_on(choice: str, consent: ConsentState) -> bool:
    if choice.startswith(NEWSLETTER_PREFIX):
        return choice.removeprefix(NEWSLETTER_PREFIX) in consent.newsletters
    return Choice(choice) in consent.on
