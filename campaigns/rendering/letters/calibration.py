"""The calibration sheet: the windows of a print profile, drawn to be tried in the envelope (PR-03)."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Frozen, Text
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import shaped
from campaigns.rendering.letters.typst import Sheets

_HERE: Final = Path(__file__).parent
_ADDRESS: Final = ("Esimerkki Eero Kristian", "c/o Malli Maija", "Pitkänkadunkuja 123 A 45", "00100 HELSINKI")

Millimetres = Annotated[Decimal, Field(ge=0, le=297)]


class Window(Frozen):
    """An opening of the envelope, in millimetres from the top left corner of the folded sheet."""

    left: Millimetres
    top: Millimetres
    width: Millimetres
    height: Millimetres


class PrintProfile(Frozen):
    """What `profile.yaml` says; `quiet` is how far round the address window nothing may be printed."""

    name: Text
    verified: bool
    sheets: Annotated[int, Field(ge=1, le=60, strict=True)]
    return_window: Window
    address_window: Window
    quiet: Millimetres


def read_profile(file: Path, name: str) -> PrintProfile:
    """The profile in a file that problems call `name`; AuthorError with everything that is wrong in it."""
    problems: list[Problem] = []
    profile = shaped(PrintProfile, read_yaml(file, name), problems)
    if profile is None or problems:
        raise AuthorError(problems)
    return profile


def calibration_sheet(profile: PrintProfile, language: Language, created_at: datetime) -> bytes:
    """One page as PDF/A-2b at actual size: windows, clear space, scales in millimetres and what to do with it."""
    words = _in(language, read_yaml(_HERE / "calibration_texts.yaml", "calibration_texts.yaml").value)
    shown = profile.model_dump(mode="python")
    inputs = {
        "profile": json.dumps(shown, default=float),
        "words": json.dumps(words, ensure_ascii=False),
        "address": json.dumps(_ADDRESS, ensure_ascii=False),
    }
    return Sheets({"main.typ": (_HERE / "calibration_sheet.typ").read_bytes()}, inputs).pdf(created_at)


def _in(language: Language, value: Any) -> Any:
    """Texts in three languages as those of one, however deep they stand."""
    if isinstance(value, Mapping):
        if set(value) == {each.value for each in Language}:
            return value[language.value]
        return {key: _in(language, each) for key, each in value.items()}
    return [_in(language, each) for each in value]
