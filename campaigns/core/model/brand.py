"""Brand of a workspace: the one place from which messages and pages take their look."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from campaigns.core.model.colour import HexColour, legible_on
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import FrozenModel, Localised, TextPattern

_FONT_FORM: Final = TextPattern(
    "[A-Za-z][A-Za-z0-9-]*( [A-Za-z0-9-]+)*(, ?[A-Za-z][A-Za-z0-9-]*( [A-Za-z0-9-]+)*)*",
    "a typeface is names of letters and digits, with commas between them and without quotes",
    "Georgia, Times New Roman, serif",
)
FontStack = Annotated[str, _FONT_FORM, Field(max_length=120)]
LetterFont = Literal["Carlito", "Libertinus Serif", "New Computer Modern"]


class Colours(FrozenModel):
    """Colours by daylight. `brand` is the house's own, `accent` that of links and buttons, `on_accent` their text.

    `paper` is the ground of texts, `sand` of what stands aside, `ground` of the page around them.
    """

    brand: HexColour = "#0E4A47"
    accent: HexColour = "#0E6A62"
    on_accent: HexColour = "#FFFFFF"
    ink: HexColour = "#1D2B2A"
    muted: HexColour = "#586866"
    paper: HexColour = "#FFFFFF"
    sand: HexColour = "#F8F6F1"
    ground: HexColour = "#F3F0E9"
    line: HexColour = "#E4DFD4"
    alert: HexColour = "#A5301A"

    @property
    def on_brand(self) -> str:
        """Colour of a text on the brand's own: white or black."""
        return legible_on(self.brand)


class DarkColours(Colours):
    """Colours for readers whose screen is dark; `brand` is that of the name there."""

    brand: HexColour = "#EAF0EE"
    accent: HexColour = "#7FD1C4"
    on_accent: HexColour = "#0F1716"
    ink: HexColour = "#EAF0EE"
    muted: HexColour = "#A9B8B5"
    paper: HexColour = "#182322"
    sand: HexColour = "#1E2B2A"
    ground: HexColour = "#0F1716"
    line: HexColour = "#33423F"
    alert: HexColour = "#FF9C7E"


class Typefaces(FrozenModel):
    """Typefaces: those of e-mail and pages, which the reader's machine has, and those of letters, which we have."""

    heading: FontStack = "Georgia, Times New Roman, serif"
    body: FontStack = "Helvetica, Arial, sans-serif"
    letter_heading: LetterFont = "Libertinus Serif"
    letter_body: LetterFont = "Carlito"


@dataclass(frozen=True, slots=True)
class LogoPicture:
    """Picture of a logo: its path below `images/`, its bytes, and its size in pixels."""

    path: str
    content: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Logo:
    """Logo for light and for dark grounds, of one shape; `width` is how wide messages and pages show it, in pixels."""

    light: LogoPicture
    dark: LogoPicture
    width: int

    @property
    def height(self) -> int:
        """Height at which messages and pages show it, in pixels."""
        return max(1, round(self.width * self.light.height / self.light.width))


@dataclass(frozen=True, slots=True)
class BrandConstants:
    """Constants of templates, by the names in `docs/templates.md`; those in three languages are the reader's."""

    entries: tuple[tuple[str, str | Localised], ...]


class Brand(FrozenModel):
    """Look of a house: logo, colours, typefaces, and what stands at the foot of messages and pages."""

    logo: Logo | None = None
    colours: Colours = Colours()
    dark: Colours = DarkColours()
    type: Typefaces = Typefaces()
    footer: Localised | None = None

    def constants(self, public_url: str) -> BrandConstants:
        """Return the constants of templates; `public_url` is where pictures are fetched from.

        Those of a logo or a footer are empty when there is none.
        """
        logo = self.logo
        constants: dict[str, str | Localised] = {
            **self.colours.model_dump(),
            "on_brand": self.colours.on_brand,
            **{f"dark.{name}": colour for name, colour in self.dark.model_dump().items()},
            "heading_font": self.type.heading,
            "body_font": self.type.body,
            "logo": "" if logo is None else _image_url(public_url, logo.light),
            "logo_dark": "" if logo is None else _image_url(public_url, logo.dark),
            "logo_width": "1" if logo is None else str(logo.width),
            "logo_height": "1" if logo is None else str(logo.height),
            "footer": "" if self.footer is None else self.footer,
        }
        return BrandConstants(tuple((f"brand.{name}", constant) for name, constant in constants.items()))

    def template_values(self, language: Language, public_url: str) -> dict[str, str | None]:
        """Return the template values of the brand in one language: those that may be missing."""
        return {
            "logo": None if self.logo is None else _image_url(public_url, self.logo.light),
            "logo_dark": None if self.logo is None else _image_url(public_url, self.logo.dark),
            "footer": None if self.footer is None else self.footer.text(language),
        }


def _image_url(public_url: str, picture: LogoPicture) -> str:
    return f"{public_url.rstrip('/')}/images/{picture.path}"
