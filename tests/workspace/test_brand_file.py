"""Brand file: read beside the settings, legible, and refused with its place; see also tests/bad/brand."""

import io
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from campaigns.core.errors import UserError
from campaigns.core.model.brand import Brand, DarkColours
from campaigns.core.model.colour import AA_CONTRAST, contrast
from campaigns.core.model.enums import Language
from campaigns.workspace.brand_file import load_brand
from campaigns.workspace.file_watcher import FileWatcher
from campaigns.workspace.paths import Workspace
from campaigns.workspace.settings_file import load_settings
from tests.support.docs_pages import ROOT, yaml_blocks

COLOURS: Final = st.integers(0, 0xFFFFFF).map("#{:06X}".format)
ORGANISATION: Final[dict[str, Any]] = {
    "name": {"fi": "Torikauppa", "sv": "Torghandeln", "en": "Market Shop"},
    "legal_name": "Torikauppa Oy",
    "business_id": "1234567-1",
    "street": "Torikatu 1",
    "postal_code": "00100",
    "city": {"fi": "Helsinki", "sv": "Helsingfors", "en": "Helsinki"},
    "telephone": "+358 20 123 4567",
}
SETTINGS: Final[dict[str, Any]] = {
    "public_url": "https://viesti.example.org",
    "newsletters": {},
    "channels": {
        "email": {"address": "uutiset@example.org", "unsubscribe": "peru@example.org"},
        "sms": {"sender": "Tori"},
    },
}
PICTURE: Final = (ROOT / "images" / "offers" / "apples.png").read_bytes()


def png_of(width: int, height: int) -> bytes:
    """Return the beginning of a PNG of this size, which is all that is read of it."""
    return PICTURE[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + PICTURE[24:]


def write(root: Path, settings: dict[str, Any], brand: dict[str, Any] | None = None) -> Path:
    """Write a workspace's settings and brand, and return the path of the settings."""
    config = root / "config"
    config.mkdir(exist_ok=True)
    for name, values in (("settings", settings), ("brand", brand)):
        if values is not None:
            text = io.StringIO()
            YAML(typ="safe", pure=True).dump(values, text)
            (config / f"{name}.yaml").write_text(text.getvalue(), "utf-8")
    return config / "settings.yaml"


def problems_of(path: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(UserError) as raised:
        load_settings(path)
    return [(Path(problem.place.file).name, problem.place.line, problem.code) for problem in raised.value.problems]


def test_a_workspace_without_a_brand_file_has_the_default_look(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, {**SETTINGS, "organisation": ORGANISATION}))
    assert settings.brand == Brand()
    assert settings.organisation.legal_name == "Torikauppa Oy"


def test_organisation_colours_and_footer_come_from_the_brand_file(tmp_path: Path) -> None:
    footer = {"fi": "Kiitos", "sv": "Tack", "en": "Thanks"}
    brand = {"organisation": ORGANISATION, "colours": {"accent": "#8a2152"}, "footer": footer}
    settings = load_settings(write(tmp_path, SETTINGS, brand))
    assert settings.organisation.name.text(Language.SV) == "Torghandeln"
    assert settings.brand.colours.accent == "#8A2152"
    assert settings.brand.colours.ink == Brand().colours.ink
    assert settings.brand.template_values(Language.EN, "https://x.example")["footer"] == "Thanks"


def test_an_organisation_in_both_files_is_refused_where_it_can_go(tmp_path: Path) -> None:
    path = write(tmp_path, {"organisation": ORGANISATION, **SETTINGS}, {"organisation": ORGANISATION})
    assert [(file, code) for file, _, code in problems_of(path)] == [("settings.yaml", "organisation_twice")]


def test_an_organisation_in_neither_file_is_asked_for_in_the_brand(tmp_path: Path) -> None:
    path = write(tmp_path, SETTINGS, {"colours": {"ink": "#000000"}})
    assert problems_of(path) == [("brand.yaml", 1, "missing")]


def test_problems_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, {**SETTINGS, "holdout": "lots"}, {"colours": {"ink": "black"}})
    assert {(file, code) for file, _, code in problems_of(path)} == {("settings.yaml", "form"), ("brand.yaml", "form")}


def test_settings_hold_no_brand(tmp_path: Path) -> None:
    path = write(tmp_path, {**SETTINGS, "organisation": ORGANISATION, "brand": {"footer": "x"}})
    assert [code for _, _, code in problems_of(path)] == ["brand_place"]


def test_a_logo_is_read_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "logo.png").write_bytes(PICTURE)
    path = write(tmp_path, SETTINGS, {"organisation": ORGANISATION, "logo": {"light": "images/logo.png", "width": 120}})
    logo = load_settings(path).brand.logo
    assert logo is not None
    assert (logo.light.content, logo.dark) == (PICTURE, logo.light)
    assert (logo.width, logo.height) == (120, round(120 * logo.light.height / logo.light.width))


def test_a_tall_logo_is_shown_at_most_a_hundred_pixels_high(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "tall.png").write_bytes(png_of(200, 500))
    path = write(tmp_path, SETTINGS, {"organisation": ORGANISATION, "logo": {"light": "images/tall.png"}})
    logo = load_settings(path).brand.logo
    assert logo is not None
    assert (logo.width, logo.height) == (40, 100)


def test_a_dark_logo_of_another_shape_is_refused_as_it_would_be_stretched(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "light.png").write_bytes(png_of(583, 111))
    logo = {"light": "images/light.png", "dark": "images/dark.png"}
    (tmp_path / "images" / "dark.png").write_bytes(png_of(1166, 222))
    path = write(tmp_path, SETTINGS, {"organisation": ORGANISATION, "logo": logo})
    assert load_settings(path).brand.logo is not None
    (tmp_path / "images" / "dark.png").write_bytes(png_of(300, 222))
    assert [code for _, _, code in problems_of(path)] == ["logo"]


def test_servers_see_a_new_brand_and_a_new_logo(tmp_path: Path) -> None:
    logo = tmp_path / "images" / "logo.png"
    logo.parent.mkdir()
    logo.write_bytes(PICTURE)
    brand = {"organisation": ORGANISATION, "logo": {"light": "images/logo.png"}}
    write(tmp_path, SETTINGS, brand)
    watcher = FileWatcher(Workspace(tmp_path))
    assert not watcher.has_changed()
    write(tmp_path, SETTINGS, {**brand, "colours": {"ink": "#000000"}})
    assert watcher.has_changed()
    logo.write_bytes(PICTURE + b" ")
    assert watcher.has_changed()


@given(
    st.dictionaries(st.sampled_from(sorted(DarkColours.model_fields)), COLOURS), st.sampled_from(["colours", "dark"])
)
def test_no_colours_are_loaded_that_are_hard_to_read(
    tmp_path_factory: pytest.TempPathFactory, colours: dict[str, str], palette: str
) -> None:
    root = tmp_path_factory.mktemp("brand")
    write(root, SETTINGS, {palette: colours})
    brand = legible_brand(root / "config" / "brand.yaml")
    if brand is None:
        return
    loaded = getattr(brand, palette).model_dump()
    for text in ("ink", "muted", "accent", "brand", "alert"):
        assert min(contrast(loaded[text], loaded[ground]) for ground in ("paper", "sand", "ground")) >= AA_CONTRAST
    assert contrast(loaded["on_accent"], loaded["accent"]) >= AA_CONTRAST


def legible_brand(path: Path) -> Brand | None:
    """Return the brand of a file; None when it is refused, for contrast alone."""
    try:
        return load_brand(path).brand
    except UserError as error:
        if {problem.code for problem in error.problems} != {"contrast"}:
            raise
        return None


@pytest.mark.parametrize(
    "text", [block for page, block in yaml_blocks() if page == "brand.md"], ids=lambda block: block.split(":")[0][:20]
)
def test_the_example_of_the_documentation_loads(text: str, tmp_path: Path) -> None:
    for name in ("logo.png", "logo-dark.png"):
        picture = tmp_path / "images" / "brand" / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(PICTURE)
    path = write(tmp_path, SETTINGS)
    path.with_name("brand.yaml").write_text(text, "utf-8")
    assert load_settings(path).brand.footer is not None


def test_the_documentation_names_every_colour_with_its_default() -> None:
    rows = (ROOT / "docs" / "brand.md").read_text("utf-8")
    for name, light in Brand().colours.model_dump().items():
        dark = Brand().dark.model_dump()[name]
        assert any(
            line.startswith(f"| `{name}` |") and line.endswith(f"| `{light}` | `{dark}` |")
            for line in rows.splitlines()
        ), name


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a\x01\x00\x01\x00", PICTURE[:20], PICTURE[:-12], b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00"]
)
def test_a_spoiled_logo_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "logo.png").write_bytes(content)
    path = write(tmp_path, SETTINGS, {"organisation": ORGANISATION, "logo": {"light": "images/logo.png"}})
    assert [code for _, _, code in problems_of(path)] == ["logo"]


def test_a_logo_outside_the_images_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "secret.png").write_bytes(PICTURE)
    (tmp_path / "images" / "logo.png").symlink_to(tmp_path / "secret.png")
    path = write(tmp_path, SETTINGS, {"organisation": ORGANISATION, "logo": {"light": "images/logo.png"}})
    assert [code for _, _, code in problems_of(path)] == ["logo"]
