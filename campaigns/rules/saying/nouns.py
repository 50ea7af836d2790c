"""The meaning of a catalogue column as a noun inside a sentence."""

from campaigns.spec.text import Localised
from campaigns.spec.words import Language


def noun(meaning: Localised, language: Language) -> str:
    """The meaning with a small first letter, unless it begins with an abbreviation."""
    text = meaning.text(language)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
