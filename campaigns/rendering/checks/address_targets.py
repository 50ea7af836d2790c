"""Addresses that templates and texts write out: each can be read, opened by a stranger, and has a scheme of ours."""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks.comments import without_comments
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER

_ATTRIBUTE: Final = re.compile(r"""(?<![\w-])(?:href|src|background-url)\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_SOURCE_SET: Final = re.compile(r"""(?<![\w-])srcset\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_CSS: Final = re.compile(r"""\burl\(\s*("[^"]*"|'[^']*'|[^)"'\s]*)\s*\)""", re.IGNORECASE)
_WORD: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\"]+", re.IGNORECASE)
_ANCHOR: Final = re.compile(r"""<[a-z][^<>]*\s(?:id|name)\s*=\s*["']([^"'<>]+)["']""", re.IGNORECASE)
_VALUE: Final = re.compile(r"\{[{%]")
_SCHEMES: Final = ("https", "http", "mailto", "tel", "sms")
_MAILBOX: Final = re.compile(r"[^\s@/?]+@[\w-]+(?:\.[\w-]+)+(?:\?\S*)?")
_NUMBER: Final = re.compile(r"\+?[\d() -]{3,20}(?:\?\S*)?")
_Fault = tuple[str, str, str]


class WrittenAddress(NamedTuple):
    """Address as its author wrote it, and where."""

    text: str
    place: FilePosition


def written_addresses(folder: TemplateFolder, sources: Iterable[TemplateSource]) -> Iterator[WrittenAddress]:
    """Yield the addresses in the attributes and styles of markup.

    Left out are those with values of a message, and those of a place in the message itself.
    """
    markup = [(source, without_comments(source.text)) for source in sources]
    inside = {f"#{name}" for _, text in markup for name in _ANCHOR.findall(text)}
    for source, text in markup:
        for address in _in_markup(folder, source, text):
            if address.text not in inside:
                yield address


def _in_markup(folder: TemplateFolder, source: TemplateSource, text: str) -> Iterator[WrittenAddress]:
    for pattern in (_ATTRIBUTE, _CSS):
        for match in pattern.finditer(text):
            yield from _resolved(folder, match[1].strip("\"' "), source.position_of(match.start()))
    for match in _SOURCE_SET.finditer(text):
        for candidate in match[1].strip("\"' ").split(","):
            yield from _resolved(folder, candidate.strip().partition(" ")[0], source.position_of(match.start()))


def addresses_in_words(source: TemplateSource) -> Iterator[WrittenAddress]:
    """Yield the addresses in a plain text."""
    for match in _WORD.finditer(without_comments(source.text)):
        yield WrittenAddress(match[0].rstrip(".,;:!?)"), source.position_of(match.start()))


def addresses_in_texts(folder: TemplateFolder, sources: Iterable[TemplateSource]) -> Iterator[WrittenAddress]:
    """Yield the addresses in the words of every text that the sources use."""
    used = {key.strip() for source in sources for key in TEXT_PLACEHOLDER.findall(source.text)}
    for key in sorted(used & set(folder.texts)):
        text = folder.texts[key]
        for language in Language:
            for match in _WORD.finditer(text.localised.text(language)):
                yield WrittenAddress(match[0].rstrip(".,;:!?)"), text.positions[language])


def address_problems(addresses: Iterable[WrittenAddress], settings: Settings) -> Iterator[Problem]:
    """Yield a problem for each address that a reader could not open, or that only we can."""
    base = str(settings.public_url).rstrip("/")
    for text, place in addresses:
        if _VALUE.search(text):
            continue
        fault = None if text.startswith(f"{base}/") else _fault(text)
        if fault is not None:
            message, code, hint = fault
            severity = Severity.WARNING if code == "link_http" else Severity.ERROR
            subject = f"`{text[:60]}`" if text else "an empty address"
            yield Problem(place, f"{subject} {message}", code, hint, severity)


def _resolved(folder: TemplateFolder, address: str, place: FilePosition) -> Iterator[WrittenAddress]:
    """Yield an address with its texts written in, for each language that differs."""
    keys = {key.strip() for key in TEXT_PLACEHOLDER.findall(address)}
    if not keys <= set(folder.texts):
        return  # a constant of the brand, which is right by itself, or an unknown text, which is reported
    whole = TEXT_PLACEHOLDER.fullmatch(address)
    for language in Language if keys else (Language.FI,):
        text = TEXT_PLACEHOLDER.sub(partial(_text_in, folder, language), address).strip()
        if _VALUE.search(text) is None:
            yield WrittenAddress(text, folder.texts[whole[1].strip()].positions[language] if whole else place)


def _text_in(folder: TemplateFolder, language: Language, placeholder: re.Match[str]) -> str:
    return folder.texts[placeholder[1].strip()].localised.text(language).strip()


def _fault(text: str) -> _Fault | None:
    """Return message, code and hint for an address that no reader should get."""
    if not text or text.startswith("#"):
        return "leads nowhere", "link", "write the whole address of a page, with https://"
    if any(character.isspace() for character in text):
        return "has a space in it", "link", "write %20 for a space, or remove it"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is no address that a browser can read", "link", "copy it anew from the browser"
    if parts.scheme not in _SCHEMES:
        scheme = f"begins with `{parts.scheme}:`" if parts.scheme else "has no scheme"
        return f"{scheme}: no mailbox follows it", "link_scheme", "write a whole https:// address"
    if parts.scheme not in ("https", "http"):
        return _contact_fault(parts.scheme, text.partition(":")[2])
    return _site_fault(parts, host or "")


def _contact_fault(scheme: str, contact: str) -> _Fault | None:
    """Return the fault of an address that writes or calls: `mailto:`, `tel:`, `sms:`."""
    form, example = (_MAILBOX, "name@example.org") if scheme == "mailto" else (_NUMBER, "+358201234567")
    return None if form.fullmatch(contact) else ("reaches nobody", "link", f"`{scheme}:{example}`")


def _site_fault(parts: SplitResult, host: str) -> _Fault | None:
    """Return the fault of the address of a page."""
    if "@" in parts.netloc:
        return "holds a name or a password", "link", "remove what stands before the @"
    if not _is_public(host):
        return (
            "is the address of no site that readers can open",
            "link",
            "write the name of the site in full, as readers would type it",
        )
    if parts.scheme == "http":
        return "is not encrypted, of which mailboxes and browsers warn", "link_http", "write https:// instead"
    return None


def _is_public(host: str) -> bool:
    """Return whether a host could be one of the internet: a name with a dot, or an address that is not private."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and ".." not in host and not host.endswith((".local", ".localhost", ".lan"))
