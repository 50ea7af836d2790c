"""Placeholder of an answer that nobody gave to `viesti init`; nothing is sent with it through a provider."""

from typing import Final

PLACEHOLDER: Final = "TODO"
