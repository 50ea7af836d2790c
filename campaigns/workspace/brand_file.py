"""Brand file, `config/brand.yaml`: organisation, logo, colours, typefaces and footer; a workspace may have none."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from campaigns.core.errors import FilePosition, Problem, UserError, errors_only
from campaigns.core.model.brand import Brand, Colours, DarkColours, Logo, LogoPicture, Typefaces
from campaigns.core.model.colour import AA_CONTRAST, WHITE, contrast, legible_shade
from campaigns.core.model.localised_text import FrozenModel, Localised, TextPattern
from campaigns.core.model.settings import Organisation
from campaigns.core.pictures import PRINTED, is_cut_off, size_in_pixels
from campaigns.core.regular_files import open_regular
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validation_problems

MAX_LOGO_BYTES: Final = 200_000
MAX_LOGO_PIXELS: Final = 2_000
MAX_SHOWN_HEIGHT: Final = 100
"""Height in pixels that a logo fills at most, however tall it is."""
_SAME_SHAPE: Final = 0.03  # a picture of few pixels is not exactly as wide as the other
_LOGO_FORM: Final = TextPattern(
    r"images/(?:[a-z0-9_-]+/)*[a-z0-9_-]+\.(?:png|jpe?g)",
    "a logo is a PNG or JPEG below `images/`, named in small letters",
    "images/brand/logo.png",
)
_LogoPath = Annotated[str, _LOGO_FORM]
_TAG: Final = re.compile(r"\{[{%#]|\[\[|jq\d{5}qj")
_PALETTES: Final = ("colours", "dark")
_TEXTS: Final = ("ink", "muted", "accent", "brand", "alert")
_GROUNDS: Final = ("paper", "sand", "ground")


class LogoFiles(FrozenModel):
    """Files of the logo, and the width at which messages and pages show it; without `dark` there is one for both."""

    light: _LogoPath
    dark: _LogoPath | None = None
    width: Annotated[int, Field(ge=40, le=320, strict=True)] = 160


class BrandFile(FrozenModel):
    """Content of `config/brand.yaml`."""

    organisation: Organisation | None = None
    logo: LogoFiles | None = None
    colours: Colours = Colours()
    dark: DarkColours = DarkColours()
    type: Typefaces = Typefaces()
    footer: Localised | None = None


@dataclass(frozen=True, slots=True)
class LoadedBrand:
    """Brand of a file, and the organisation that the file names, if it does."""

    brand: Brand
    organisation: Organisation | None


def load_brand(path: Path) -> LoadedBrand:
    """Return the brand in the file; raise UserError with all its problems.

    The logo is looked up below `images/` in the workspace, whose `config` folder has the file.
    """
    at = read_yaml(path)
    problems = list(_value_problems(at))
    if problems:
        raise UserError(problems)
    file = BrandFile.model_validate(at.value)
    problems = [*_contrast_problems(file, at), *_footer_problems(at)]
    logo = _load_logo(file.logo, at, path.absolute().parent.parent, problems)
    if errors_only(problems):
        raise UserError(problems)
    return LoadedBrand(
        Brand(logo=logo, colours=file.colours, dark=file.dark, type=file.type, footer=file.footer), file.organisation
    )


def logo_paths(brand_file: Path) -> tuple[Path, ...]:
    """Return the pictures that a brand file names, whether or not it is valid; none when there is no file."""
    try:
        logo = dict(read_yaml(brand_file).entries()).get("logo")
    except (OSError, UserError):
        return ()
    names = [part.value for name, part in logo.entries() if name in ("light", "dark")] if logo is not None else []
    return tuple(brand_file.parent.parent / name for name in names if isinstance(name, str))


def _value_problems(at: Located) -> Iterator[Problem]:
    """Yield every wrong value; a colour that stands without quotes is told so, as YAML takes it for a comment."""
    for path, problem in validation_problems(BrandFile, at, at.value).items():
        if path[:1] and path[0] in _PALETTES and len(path) == 2 and problem.code == "no_value":
            message = f"`{path[1]}` has no value: without quotes, `#` begins a comment"
            yield Problem(problem.place, message, "unquoted_colour", f'`{path[1]}: "#0E4A47"`')
        else:
            yield problem


def _contrast_problems(file: BrandFile, at: Located) -> Iterator[Problem]:
    """Yield each colour of texts that is hard to read on one of its grounds, with the worst of them."""
    for name, palette in (("colours", file.colours), ("dark", file.dark)):
        colours = palette.model_dump()
        grounds = {ground: colours[ground] for ground in _GROUNDS}
        if name == "colours":
            grounds["white paper"] = WHITE  # of letters
        for text in _TEXTS:
            yield from _contrast_problem(at, name, text, colours[text], grounds)
        yield from _contrast_problem(at, name, "on_accent", colours["on_accent"], {"accent": colours["accent"]})


def _contrast_problem(
    at: Located, palette: str, text: str, colour: str, grounds: Mapping[str, str]
) -> Iterator[Problem]:
    ground = min(grounds, key=lambda name: contrast(colour, grounds[name]))
    ratio = contrast(colour, grounds[ground])
    if ratio >= AA_CONTRAST:
        return
    written = dict(dict(at.entries())[palette].entries()) if palette in dict(at.entries()) else {}
    place = next((written[key].place for key in (text, ground) if key in written), FilePosition(at.file, 1, 1))
    shade = legible_shade(colour, tuple(grounds.values()))
    where = "" if palette == "colours" else " in the dark"
    ground_name = ground if ground == "white paper" else f"`{ground}` {grounds[ground]}"
    message = f"`{text}` {colour} on {ground_name} is hard to read{where}: contrast {_floor(ratio)} to 1, not 4.5"
    fits = all(contrast(shade, each) >= AA_CONTRAST for each in grounds.values())
    hint = f'`{text}: "{shade}"`' if fits else "make the grounds alike: all light, or all dark"
    yield Problem(place, message, "contrast", hint)


def _floor(ratio: float) -> float:
    """Return a ratio with one decimal, never rounded up to what is enough."""
    return int(ratio * 10) / 10


def _footer_problems(at: Located) -> Iterator[Problem]:
    entries = dict(at.entries())
    for _, text in entries["footer"].entries() if "footer" in entries else ():
        tag = _TAG.search(str(text.value))
        if tag is not None:
            message = f"the footer is plain text, the same for everybody, and holds no `{tag[0]}`"
            yield Problem(text.place, message, "footer_tag", "write the words themselves")


def _load_logo(logo: LogoFiles | None, at: Located, root: Path, problems: list[Problem]) -> Logo | None:
    if logo is None:
        return None
    files = {"light": logo.light} if logo.dark is None else {"light": logo.light, "dark": logo.dark}
    pictures = {name: _picture(root, file, at.part("logo").part(name), problems) for name, file in files.items()}
    light = pictures["light"]
    dark = pictures.get("dark", light)
    if light is None or dark is None:
        return None
    if abs(dark.width * light.height / (dark.height * light.width) - 1) > _SAME_SHAPE:
        sizes = f"{dark.width} × {dark.height} pixels, the light one {light.width} × {light.height}"
        message = f"the dark logo has another shape than the light one: {sizes}"
        hint = "both are shown at one size: give them one shape"
        problems.append(Problem(at.part("logo").part("dark").place, message, "logo", hint))
    return Logo(light, dark, max(1, min(logo.width, MAX_SHOWN_HEIGHT * light.width // light.height)))


def _picture(root: Path, file: str, at: Located, problems: list[Problem]) -> LogoPicture | None:
    """Return a picture of the logo; None when problems were added."""
    try:
        if not (root / file).resolve().is_relative_to((root / "images").resolve()):
            raise FileNotFoundError(file)
        with open_regular(root / file) as source:
            content = source.read(MAX_LOGO_BYTES + 1)
    except (OSError, UserError):
        problems.append(Problem(at.place, f"there is no file `{file}`", "logo", "a path from the workspace's folder"))
        return None
    width, height = size_in_pixels(content, PRINTED)
    if min(width, height) < 1:
        problems.append(Problem(at.place, f"`{file}` is no PNG or JPEG", "logo", "save it as PNG"))
    elif len(content) <= MAX_LOGO_BYTES and is_cut_off(content):
        problems.append(Problem(at.place, f"`{file}` is cut off before its end", "logo", "copy it here anew"))
    elif len(content) > MAX_LOGO_BYTES:
        message = f"`{file}` is over {MAX_LOGO_BYTES // 1000} kB"
        problems.append(Problem(at.place, message, "logo", "save it smaller; twice the width it is shown at is enough"))
    elif max(width, height) > MAX_LOGO_PIXELS:
        message = f"`{file}` is {width} × {height} pixels"
        problems.append(Problem(at.place, message, "logo", f"at most {MAX_LOGO_PIXELS} pixels each way"))
    else:
        return LogoPicture(file.removeprefix("images/"), content, width, height)
    return None
