"""Entries of a gallery: one message each, as its reader would see it."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.gallery.inert_html import InertHtml


@dataclass(frozen=True, slots=True)
class EmailView:
    """E-mail: what the inbox shows, the HTML that leads nowhere, the text part, and the bytes of HTML and text."""

    sender: str
    subject: str
    html: InertHtml
    text: str
    html_bytes: int
    text_bytes: int


@dataclass(frozen=True, slots=True)
class SmsView:
    """Text message, with what it costs."""

    sender: str
    text: str
    encoding: str
    segments: int
    max_segments: int


@dataclass(frozen=True, slots=True)
class LetterView:
    """Letter: its pages as PNG."""

    pages: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CallView:
    """Call script."""

    text: str


MessageView = EmailView | SmsView | LetterView | CallView


@dataclass(frozen=True, slots=True)
class GalleryEntry:
    """Message of a variant in one language and channel, of a member or, without one, of the template's sample.

    `problem` says why there is no message. `offers` have title and reason, whether the message prints it or not.
    """

    variant: str
    channel: Channel
    language: Language
    template: str
    member_id: str | None = None
    arm: str | None = None
    view: MessageView | None = None
    problem: str = ""
    offers: tuple[tuple[str, str | None], ...] = ()

    @property
    def anchor(self) -> str:
        """Return the name of the entry's place on the page."""
        who = "sample" if self.member_id is None else f"m-{self.member_id}"
        return f"{self.variant}-{self.channel}-{self.language}-{who}"


@dataclass(frozen=True, slots=True)
class Gallery:
    """Messages of one campaign. `run_id` is the plan of the members; `notes` are keys of the page's texts."""

    campaign: str
    title: str
    organisation: str
    made_at: str
    run_id: str | None
    seed: int
    notes: Sequence[str]
    entries: Sequence[GalleryEntry]

    @property
    def problems(self) -> int:
        """Return the number of messages that cannot be written."""
        return sum(1 for entry in self.entries if entry.problem)

    @property
    def members(self) -> tuple[str, ...]:
        """Return the members whose messages are shown."""
        return tuple(dict.fromkeys(entry.member_id for entry in self.entries if entry.member_id is not None))
