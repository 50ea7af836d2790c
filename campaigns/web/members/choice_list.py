"""The choices as they are offered on a page: in groups, each under its text, ticked or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from audiences.consent.consent_state import Stance, permits
from audiences.consent.consent_texts import Offered
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
    """One choice with its text. What forbids is offered by what it would forbid, but for "no marketing at all"."""

    choice: str
    language: Language
    title: str
    about: str
    stop_title: str

    @property
    def wording(self) -> str:
        """The version of the text (C-13)."""
        return self.offered.version

    @property
    def offered(self) -> Offered:
        """The text as it is kept."""
        return Offered(self.choice, self.language, f"{self.title}. {self.about}")

    @property
    def ticked_is_on(self) -> bool:
        """Whether a tick turns the choice on; else it turns it off."""
        return permits(self.choice) or self.choice == Choice.NO_MARKETING

    def is_ticked(self, stance: Stance) -> bool:
        """Whether the box is ticked for a member of this stance."""
        return _is_on(self.choice, stance) is self.ticked_is_on


@dataclass(frozen=True, slots=True)
class Group:
    """Choices under a heading."""

    title: str
    items: tuple[Item, ...]


@lru_cache(maxsize=len(Language))
def offered_groups(pages: Pages, language: Language) -> tuple[Group, ...]:
    """Every choice that a member has, in the order of the page; newsletters one by one."""
    newsletters = tuple(_newsletter(pages, name, language) for name in pages.settings.newsletters)
    groups = [Group(pages.say("newsletters_group", language), newsletters)] if newsletters else []
    for key, choices in _GROUPS.items():
        groups.append(Group(pages.say(key, language), tuple(_item(pages, choice, language) for choice in choices)))
    return tuple(groups)


def ticked_groups(pages: Pages, language: Language, stance: Stance) -> list[tuple[str, list[tuple[Item, bool]]]]:
    """The same under each heading with what a member of this stance has ticked, as `choices.html` shows it."""
    groups = offered_groups(pages, language)
    return [(group.title, [(item, item.is_ticked(stance)) for item in group.items]) for group in groups]


def offered_items(pages: Pages, language: Language) -> Mapping[str, Item]:
    """Every choice with its text, by its name."""
    return {item.choice: item for group in offered_groups(pages, language) for item in group.items}


def every_wording(pages: Pages) -> Iterator[Offered]:
    """All texts under which choices are offered, in all languages."""
    for language in Language:
        yield from (item.offered for item in offered_items(pages, language).values())


def name_of(pages: Pages, choice: str, language: Language) -> str:
    """What a member reads for a choice; the name of a list that is offered no more for its own."""
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


def _is_on(choice: str, stance: Stance) -> bool:
    if choice.startswith(NEWSLETTER_PREFIX):
        return choice.removeprefix(NEWSLETTER_PREFIX) in stance.newsletters
    return Choice(choice) in stance.on
