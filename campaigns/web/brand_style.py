"""Style sheet and icon of the pages, made from the brand, under addresses that name their content."""

from dataclasses import dataclass
from html import escape
from typing import Final, Self
from urllib.parse import quote

from campaigns.core.model.brand import Brand, Colours, LogoPicture
from campaigns.core.model.colour import AA_CONTRAST, blend, contrast, legible_on
from campaigns.core.model.settings import Settings
from campaigns.web.static_files import STATIC_PATH, MadeFile, content_version

_BORDER_CONTRAST: Final = 3.0  # of what can be pressed or written into (WCAG 2.2, 1.4.11)
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="{ground}"/>'
    '<text x="16" y="22.5" font-family="{font}" font-size="19" font-weight="bold" text-anchor="middle" fill="{colour}">'
    "{initial}</text></svg>"
)


@dataclass(frozen=True, slots=True)
class PageLogo:
    """Logo on pages: addresses of its pictures, and its size in pixels."""

    light: str
    dark: str
    width: int
    height: int

    @classmethod
    def of_brand(cls, brand: Brand) -> Self | None:
        """Return the logo of a brand; None when it has none."""
        logo = brand.logo
        return None if logo is None else cls(_image_url(logo.light), _image_url(logo.dark), logo.width, logo.height)


def style_sheet(brand: Brand) -> MadeFile:
    """Return the style sheet with the brand's colours and typefaces as custom properties."""
    light, dark = brand.colours, brand.dark
    hero = {
        "hero": light.brand,
        "on-hero": light.on_brand,
        "on-hero-soft": _soft(light.on_brand, light.brand),
        "heading-font": brand.type.heading,
        "body-font": brand.type.body,
    }
    rules = (
        f":root {{\n  color-scheme: light dark;\n{_properties(_colours(light) | hero)}}}\n\n"
        f"@media (prefers-color-scheme: dark) {{\n:root {{\n{_properties(_colours(dark))}}}\n}}\n"
    )
    return MadeFile("brand.css", "text/css", rules.encode())


def icon(settings: Settings) -> MadeFile:
    """Return the icon of the pages: the first letter of the organisation's name on the brand's colour."""
    colours, name = settings.brand.colours, settings.organisation.name.text(settings.default_language)
    svg = _ICON.format(
        ground=colours.brand,
        colour=colours.on_brand,
        font=settings.brand.type.heading,
        initial=escape(name[:1].upper()),
    )
    return MadeFile("brand.svg", "image/svg+xml", svg.encode())


def _colours(colours: Colours) -> dict[str, str]:
    tick = "tick.svg" if contrast(colours.accent, "#FFFFFF") >= contrast(colours.accent, "#0F1716") else "tick-dark.svg"
    return {
        **{name.replace("_", "-"): colour for name, colour in colours.model_dump().items()},
        "on-alert": legible_on(colours.alert),
        "edge": _edge(colours),
        "tick": f'url("{STATIC_PATH}/{tick}")',
    }


def _edge(colours: Colours) -> str:
    """Return the colour of borders of fields: the lightest shade of muted texts that can still be seen."""
    shades = (blend(colours.muted, colours.paper, share) for share in (0.8, 0.9, 1))
    return next(shade for shade in shades if _is_visible(shade, colours) or shade == colours.muted)


def _is_visible(shade: str, colours: Colours) -> bool:
    return min(contrast(shade, colours.paper), contrast(shade, colours.sand)) >= _BORDER_CONTRAST


def _soft(colour: str, ground: str) -> str:
    """Return a colour a little nearer to its ground, if it stays legible."""
    softer = blend(colour, ground, 0.86)
    return softer if contrast(softer, ground) >= AA_CONTRAST else colour


def _properties(values: dict[str, str]) -> str:
    return "".join(f"  --{name}: {value};\n" for name, value in values.items())


def _image_url(picture: LogoPicture) -> str:
    return f"/images/{quote(picture.path)}?v={content_version(picture.content)}"
