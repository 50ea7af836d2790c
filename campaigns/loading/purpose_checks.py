"""Whether what a campaign asks for agrees with its purpose and the day."""

from collections.abc import Iterator

from campaigns.errors import Problem, nearest
from campaigns.loading.draft import Draft, error, warning
from campaigns.spec.words import Purpose


def newsletter_is_a_list(draft: Draft) -> Iterator[Problem]:
    """A newsletter goes to the subscribers of one list that the settings name; nothing else does."""
    name, at = draft.file.newsletter, draft.key("newsletter")
    if draft.file.purpose is not Purpose.NEWSLETTER:
        if name is not None:
            hint = "say `purpose: newsletter`, or remove `newsletter`"
            yield error(at, f"a `{draft.file.purpose}` campaign has no `newsletter`", "not_a_newsletter", hint)
    elif name is None:
        message = "a newsletter campaign names the list that members subscribe to"
        yield error(draft.key("purpose"), message, "missing", "add `newsletter: ...`, a list of config/settings.yaml")
    elif draft.newsletters is not None and name not in draft.newsletters:
        hint = nearest(name, draft.newsletters) or "add it under `newsletters` in config/settings.yaml"
        yield error(at, f"there is no newsletter `{name}`", "unknown_newsletter", hint)


def rights_are_rare(draft: Draft) -> Iterator[Problem]:
    """The purpose that passes every choice is for codes, confirmations and exports."""
    if draft.file.purpose is Purpose.RIGHTS:
        message = "`rights` passes every choice but death: it is for codes, confirmations and exports"
        yield warning(draft.key("purpose"), message, "rights_purpose", "`purpose: service` for other messages")


def everybody_is_meant(draft: Draft) -> Iterator[Problem]:
    """Only a newsletter has recipients without an audience: its subscribers."""
    if draft.file.audience is None and draft.file.purpose is not Purpose.NEWSLETTER:
        message = "without `audience` this goes to everybody in the registers"
        yield warning(draft.at, message, "everybody", "add `audience: ...`, unless that is meant")


def moment_is_to_come(draft: Draft) -> Iterator[Problem]:
    """A one-off whose moment has passed never starts by itself."""
    schedule = draft.file.schedule
    if draft.now is not None and schedule.at is not None and schedule.next_after(draft.now) is None:
        at = draft.key("schedule").part("at")
        yield warning(at, f"{schedule.at} has passed", "past", "a later moment, or `viesti run` by hand")
