"""Allowed MJML: each tag with its parents and attributes. The library silently accepts unknown ones.

Taken from the reference of MJML 4, without the tags that make a mail client call a third party (`mj-font`, the icons
of `mj-social`) and those our compiler lacks (`mj-html-attributes`, `mj-style inline`).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class MjmlTag:
    """MJML tag; `inside` names its parents, and `free` tags hold text and HTML instead of MJML."""

    parents: frozenset[str]
    attributes: frozenset[str]
    holds_html: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _tag(inside: str, attributes: str = "", *, free: bool = False) -> MjmlTag:
    return MjmlTag(_words(inside), _words(attributes), free)


_SIDES = ("top", "right", "bottom", "left")
_PADDING = "padding " + " ".join(f"padding-{side}" for side in _SIDES)
_BORDER = "border border-radius " + " ".join(f"border-{side}" for side in _SIDES)
_FONT = "color font-family font-size font-style font-weight letter-spacing line-height text-align text-decoration"
_SHARED = f"css-class mj-class {_PADDING}"
_IN_COLUMN = "mj-column mj-hero"
_BACKGROUND = (
    "background-color background-url background-repeat background-size background-position background-position-x "
    "background-position-y"
)
_BLOCK = f"{_SHARED} {_BORDER} {_BACKGROUND} direction full-width text-align text-padding"
_ITEM = f"{_SHARED} align container-background-color"

ROOT_TAG: Final = "mjml"
INCLUDE_TAG: Final = "mj-include"

MJML_TAGS: Final = {
    "mjml": _tag("", "lang dir owa"),
    "mj-head": _tag("mjml"),
    "mj-body": _tag("mjml", "background-color css-class mj-class width"),
    "mj-include": _tag("", "path"),
    "mj-title": _tag("mj-head", free=True),
    "mj-preview": _tag("mj-head", free=True),
    "mj-style": _tag("mj-head", free=True),
    "mj-breakpoint": _tag("mj-head", "width"),
    "mj-attributes": _tag("mj-head"),
    "mj-raw": _tag("mj-head mj-body mj-wrapper mj-section mj-group mj-column mj-hero", free=True),
    "mj-wrapper": _tag("mj-body", _BLOCK),
    "mj-section": _tag("mj-body mj-wrapper", _BLOCK),
    "mj-group": _tag("mj-section", "background-color css-class direction mj-class vertical-align width"),
    "mj-column": _tag(
        "mj-section mj-group",
        f"{_SHARED} {_BORDER} background-color inner-background-color inner-border inner-border-top inner-border-right "
        "inner-border-bottom inner-border-left inner-border-radius direction vertical-align width",
    ),
    "mj-hero": _tag(
        "mj-body mj-wrapper",
        f"{_SHARED} {_BACKGROUND} background-height background-width border-radius container-background-color height "
        "inner-background-color inner-padding inner-padding-top inner-padding-right inner-padding-bottom "
        "inner-padding-left mode vertical-align width",
    ),
    "mj-text": _tag(_IN_COLUMN, f"{_ITEM} {_FONT} height text-transform vertical-align", free=True),
    "mj-button": _tag(
        _IN_COLUMN,
        f"{_ITEM} {_FONT} {_BORDER} background-color height href inner-padding name rel target text-transform title "
        "vertical-align width",
        free=True,
    ),
    "mj-image": _tag(
        _IN_COLUMN,
        f"{_ITEM} {_BORDER} alt fluid-on-mobile font-size height href max-height name rel sizes src srcset target "
        "title usemap width",
    ),
    "mj-divider": _tag(_IN_COLUMN, f"{_ITEM} border-color border-style border-width width"),
    "mj-spacer": _tag(_IN_COLUMN, f"{_ITEM} height"),
    "mj-table": _tag(
        _IN_COLUMN,
        f"{_ITEM} border cellpadding cellspacing color font-family font-size line-height role table-layout width",
        free=True,
    ),
}

# inside mj-attributes a tag sets the default attributes of all tags of its name
DEFAULT_ATTRIBUTES: Final = {
    "mj-all": frozenset().union(*(tag.attributes for tag in MJML_TAGS.values())),
    "mj-class": frozenset({"name"}).union(*(tag.attributes for tag in MJML_TAGS.values())),
    **{name: tag.attributes for name, tag in MJML_TAGS.items()},
}

REFUSED_TAGS: Final = {  # reason and hint for each refused tag
    "mj-font": ("it fetches a font from a third party", "use fonts that readers have"),
    "mj-social": ("it fetches icons from a third party", "use links, or <mj-image> with pictures of our own"),
    "mj-html-attributes": ("our compiler lacks it", "write `css-class` instead"),
    "script": ("mailboxes run no programs", "remove it"),
    "link": ("mailboxes fetch no style sheets", "use <mj-style>"),
    "form": ("most mailboxes show no forms", "link to a page"),
    "iframe": ("mailboxes show no frames", "link to the page"),
}

HTML_TAGS: Final = _words(
    "a abbr b blockquote br caption center code col colgroup div em h1 h2 h3 h4 h5 h6 hr i img li meta ol p s small "
    "span strong sub sup table tbody td tfoot th thead tr u ul"
)
VOID_HTML_TAGS: Final = _words("br col hr img meta")
HTML_ATTRIBUTES: Final = _words(
    "align alt aria-hidden aria-label bgcolor border cellpadding cellspacing class colspan content dir height href id "
    "lang name rel role rowspan scope src style target title valign width"
)
