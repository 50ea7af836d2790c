"""Sample of an e-mail template, as one reader would get it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

from campaigns.core.errors import FilePosition
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.email.email_template import TEXT_FILE, EmailBody
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.folder import TemplateFolder


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
