"""Gallery page: one HTML file with its style, script, pictures and frames inside; it sends no request."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language
from campaigns.rendering.email.email_template import CLIP_BYTES
from campaigns.rendering.gallery.entries import EmailView, Gallery, GalleryEntry
from campaigns.rendering.gallery.shared_pictures import SharedPictures
from campaigns.rendering.page_environment import page_environment
from campaigns.rendering.templates.translations import TranslatedText, read_texts

WIDTHS: Final = (375, 640, 1024)
"""Widths at which an e-mail is shown: a phone, a narrow window, a desktop."""

_FOLDER: Final = Path(__file__).parent


def render_gallery(gallery: Gallery, language: Language) -> str:
    """Return the page of a gallery in a language."""
    texts = {key: text.localised.text(language) for key, text in _texts().items()}
    script = _read("gallery.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        page_environment(_FOLDER)
        .get_template("gallery.html")
        .render(
            t=texts,
            language=language.value,
            gallery=gallery,
            kind_of=lambda view: type(view).__name__,
            choices={
                "channel": _values(gallery, lambda entry: entry.channel.value),
                "variant": _values(gallery, lambda entry: entry.variant),
                "language": _values(gallery, lambda entry: entry.language.value),
                "who": _values(gallery, lambda entry: "sample" if entry.member_id is None else "member"),
            },
            contents=_contents(gallery),
            widths=WIDTHS,
            pictures=SharedPictures(),
            has_email=any(isinstance(entry.view, EmailView) for entry in gallery.entries),
            clip_bytes=CLIP_BYTES,
            data_uri=lambda content: f"data:image/png;base64,{b64encode(content).decode()}",
            style=_read("gallery.css"),
            script=script,
            policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "form-action 'none'; base-uri 'none'",
        )
    )


def _values(gallery: Gallery, value_of: Callable[[GalleryEntry], str]) -> tuple[str, ...]:
    """Return the different values of the entries, in their order."""
    return tuple(dict.fromkeys(map(value_of, gallery.entries)))


def _contents(gallery: Gallery) -> Mapping[tuple[str, str], Sequence[GalleryEntry]]:
    """Return the entries by variant and channel, in their order."""
    rows: dict[tuple[str, str], list[GalleryEntry]] = {}
    for entry in gallery.entries:
        rows.setdefault((entry.variant, entry.channel.value), []).append(entry)
    return rows


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, TranslatedText]:
    problems: list[Problem] = []
    texts = read_texts("texts.yaml", (_FOLDER / "texts.yaml").read_bytes(), problems)
    if problems:
        raise UserError(problems)
    return texts
