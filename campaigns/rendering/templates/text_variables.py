"""Variables used by the texts of a template folder, in all three languages."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from campaigns.core.model.enums import Language
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource
from campaigns.rendering.templates.sandbox import variable_uses_in
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER
from campaigns.rendering.templates.variables import VariableUse

_BOUND: Final = re.compile(r"\{%-?\s*(?:for|set|with)\s+([a-z_]\w*)")


def body_variable_uses(folder: TemplateFolder, file: str) -> Iterator[VariableUse]:
    """Yield every use of a value in a file and in the texts it includes by `[[ key ]]`.

    Names bound in the file itself, such as a loop variable, are not values of the context.
    """
    source = folder.source(file)
    bound = frozenset(_BOUND.findall(source.text))
    yield from variable_uses_in(source)
    for read in text_variable_uses(folder, (key.strip() for key in TEXT_PLACEHOLDER.findall(source.text))):
        if read.path[0] not in bound:
            yield read


def text_variable_uses(folder: TemplateFolder, keys: Iterable[str]) -> Iterator[VariableUse]:
    """Yield every use of a value in the texts of `keys`; keys without a text are left to another check."""
    for text in (folder.texts[key] for key in dict.fromkeys(keys) if key in folder.texts):
        for language in Language:
            place = text.positions[language]
            for read in variable_uses_in(TemplateSource(place.file, text.localised.text(language))):
                yield VariableUse(read.path, place)
