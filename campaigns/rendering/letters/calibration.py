"""Calibration sheet: the windows of a print profile at actual size, to try in the envelope (PR-03)."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import FrozenModel, NonEmptyText
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate
from campaigns.rendering.letters.typst import TypstDocument

_HERE: Final = Path(__file__).parent
_ADDRESS: Final = ("Esimerkki Eero Kristian", "c/o Malli Maija", "Pitkänkadunkuja 123 A 45", "00100 HELSINKI")

Millimetres = Annotated[Decimal, Field(ge=0, le=297)]


class EnvelopeWindow(FrozenModel):
    """Window of an envelope, in millimetres from the top left corner of the folded sheet."""

    left: Millimetres
    top: Millimetres
    width: Millimetres
    height: Millimetres


class PrintProfile(FrozenModel):
    """Print profile, read from `profile.yaml`; `quiet` is the clear margin around the address window."""

    name: NonEmptyText
    verified: bool
    sheets: Annotated[int, Field(ge=1, le=60, strict=True)]
    return_window: EnvelopeWindow
    address_window: EnvelopeWindow
    quiet: Millimetres


def read_profile(file: Path, name: str) -> PrintProfile:
    """Read a profile from a file that problems call `name`; UserError with every problem."""
    problems: list[Problem] = []
    profile = validate(PrintProfile, read_yaml(file, name), problems)
    if profile is None or problems:
        raise UserError(problems)
    return profile


def render_calibration_sheet(profile: PrintProfile, language: Language, created_at: datetime) -> bytes:
    """Return one page as PDF/A-2b at actual size: windows, clear space, scales in millimetres and instructions."""
    texts = _in_language(language, read_yaml(_HERE / "calibration_texts.yaml", "calibration_texts.yaml").value)
    values = profile.model_dump(mode="python")
    sources = {
        "main.typ": (_HERE / "calibration_sheet.typ").read_bytes(),
        "profile.json": json.dumps(values, default=float).encode(),
        "words.json": json.dumps(texts, ensure_ascii=False).encode(),
        "address.json": json.dumps(_ADDRESS, ensure_ascii=False).encode(),
    }
    return TypstDocument(sources).render_pdf(created_at)


def _in_language(language: Language, value: Any) -> Any:
    """Return a nested value with every text in one language instead of three."""
    if isinstance(value, Mapping):
        if set(value) == {code.value for code in Language}:
            return value[language.value]
        return {key: _in_language(language, item) for key, item in value.items()}
    return [_in_language(language, item) for item in value]
