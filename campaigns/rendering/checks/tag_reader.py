"""Reader of HTML and MJML that knows the tags around its place."""

from collections.abc import Mapping
from html.parser import HTMLParser

from campaigns.rendering.email.mjml_reference import VOID_HTML_TAGS

Attributes = Mapping[str, str | None]


class TagReader(HTMLParser):
    """Parser with its open tags; a tag that is not closed ends with the one around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        """Take the beginning of an element."""

    def end(self, tag: str) -> None:
        """Take the end of an element."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.start(tag, dict(attrs))
        if tag in VOID_HTML_TAGS:
            self.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_HTML_TAGS:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while (name := self.open.pop()) != tag:
                self.end(name)
            self.end(tag)

    def close(self) -> None:
        super().close()
        while self.open:
            self.end(self.open.pop())
