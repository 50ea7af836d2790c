"""Call scripts for the service desk: one text a language, and for each call one line that says why it is made."""

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
CALL_FILE: Final = "call.txt"
"""Reason for one call, with values of its member; a folder may have none."""


@dataclass(frozen=True, slots=True)
class CallScriptTemplate:
    """Call script in one language: the text has values of the organisation, only the reason has some of a member."""

    language: Language
    body: CompiledTemplate
    reason: CompiledTemplate | None

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """Compile the folder in one language; UserError with every problem."""
        sandbox = sandbox_for(Channel.PHONE, language, settings.currency)
        files = [file for file in (SCRIPT_FILE, CALL_FILE) if file == SCRIPT_FILE or file in folder]
        body, *reasons = (
            compile_template(sandbox, insert_texts(folder.source(file), folder.texts_in(language))) for file in files
        )
        return cls(language, body, reasons[0] if reasons else None)

    def render(self, context: Mapping[str, object]) -> str:
        """Return the script as plain Markdown; TemplateError when a value is missing."""
        return self.body.render(context).strip() + "\n"

    def render_reason(self, context: Mapping[str, object]) -> str:
        """Return the reason for one call on one line, "" without any; TemplateError when a value is missing."""
        return "" if self.reason is None else " ".join(self.reason.render(context).split())

    def render_call(self, context: Mapping[str, object]) -> str:
        """Return what a caller has before them: the reason for the call, and the script below it."""
        reason = self.render_reason(context)
        return f"*{reason}*\n\n{self.render(context)}" if reason else self.render(context)


def script_variable_uses(folder: TemplateFolder) -> tuple[VariableUse, ...]:
    """Return every use of a value in the folder's script, in all three languages, with its position."""
    return tuple(body_variable_uses(folder, SCRIPT_FILE))


def reason_variable_uses(folder: TemplateFolder) -> tuple[VariableUse, ...]:
    """Return every use of a value in the reasons for calls, in all three languages, with its position."""
    return tuple(body_variable_uses(folder, CALL_FILE)) if CALL_FILE in folder else ()


def script_variables(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's script and reasons read, which a plan has to freeze."""
    return frozenset(read.name for read in (*script_variable_uses(folder), *reason_variable_uses(folder)))
