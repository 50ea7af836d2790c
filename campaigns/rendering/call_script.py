"""Call scripts for the service desk: one text a language, the same for every call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import CompiledTemplate, compile_template, insert_texts, sandbox_for
from campaigns.rendering.templates.text_variables import body_variable_uses
from campaigns.rendering.templates.variables import VariableUse

SCRIPT_FILE: Final = "script.md"


@dataclass(frozen=True, slots=True)
class CallScriptTemplate:
    """Call script in one language: values of the organisation, none of a member."""

    language: Language
    body: CompiledTemplate

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """Compile the folder in one language; UserError with every problem."""
        sandbox = sandbox_for(Channel.PHONE, language, settings.currency)
        source = insert_texts(folder.source(SCRIPT_FILE), folder.texts_in(language))
        return cls(language, compile_template(sandbox, source))

    def render(self, context: Mapping[str, object]) -> str:
        """Return the script as plain Markdown; TemplateError when a value is missing."""
        return self.body.render(context).strip() + "\n"


def script_variable_uses(folder: TemplateFolder) -> tuple[VariableUse, ...]:
    """Return every use of a value in the folder's script, in all three languages, with its position."""
    return tuple(body_variable_uses(folder, SCRIPT_FILE))


def script_variables(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's script reads."""
    return frozenset(read.name for read in script_variable_uses(folder))
