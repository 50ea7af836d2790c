"""Call scripts for the service desk: one text a language, the same for every call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import Template, compile_template, environment, fill_texts
from campaigns.rendering.templates.text_variables import body_reads
from campaigns.rendering.templates.variables import Read

SCRIPT: Final = "script.md"


@dataclass(frozen=True, slots=True)
class ScriptTemplate:
    """Call script in one language: values of the organisation, none of a member."""

    language: Language
    body: Template

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """Compile the folder in one language; UserError with every problem."""
        sandbox = environment(Channel.PHONE, language, settings.currency)
        source = fill_texts(folder.source(SCRIPT), folder.texts_in(language))
        return cls(language, compile_template(sandbox, source))

    def render(self, context: Mapping[str, object]) -> str:
        """Return the script as plain Markdown; TemplateError when a value is missing."""
        return self.body.render(context).strip() + "\n"


def script_reads(folder: TemplateFolder) -> tuple[Read, ...]:
    """Return every use of a value in the folder's script, in all three languages, with its position."""
    return tuple(body_reads(folder, SCRIPT))


def script_names(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's script reads."""
    return frozenset(read.name for read in script_reads(folder))
