"""Variables used by the texts of a template folder, in all three languages."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from campaigns.core.model.enums import Language
from campaigns.rendering.templates.folder import Source, TemplateFolder
from campaigns.rendering.templates.sandbox import reads_of
from campaigns.rendering.templates.translations import TEXT_KEY
from campaigns.rendering.templates.variables import Read

_BOUND: Final = re.compile(r"\{%-?\s*(?:for|set|with)\s+([a-z_]\w*)")


def body_reads(folder: TemplateFolder, file: str) -> Iterator[Read]:
    """Yield every use of a value in a file and in the texts it includes by `[[ key ]]`.

    Names bound in the file itself, such as a loop variable, are not values of the context.
    """
    source = folder.source(file)
    bound = frozenset(_BOUND.findall(source.text))
    yield from reads_of(source)
    for read in text_reads(folder, (key.strip() for key in TEXT_KEY.findall(source.text))):
        if read.path[0] not in bound:
            yield read


def text_reads(folder: TemplateFolder, keys: Iterable[str]) -> Iterator[Read]:
    """Yield every use of a value in the texts of `keys`; keys without a text are left to another check."""
    for text in (folder.texts[key] for key in dict.fromkeys(keys) if key in folder.texts):
        for language in Language:
            place = text.places[language]
            for read in reads_of(Source(place.file, text.words.text(language))):
                yield Read(read.path, place)
