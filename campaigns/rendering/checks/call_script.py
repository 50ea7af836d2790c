"""Checks of call scripts."""

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import ScriptTemplate, script_reads
from campaigns.rendering.checks.template_values import COMMON, missing_value, unknown_values
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError


def check_script(
    folder: TemplateFolder, _purpose: Purpose, _known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Return every problem of the folder's script; its sample is rendered in three languages.

    A script is the same for every call, so it has no values of a member.
    """
    try:
        templates = [ScriptTemplate.compile(folder, language, settings) for language in Language]
        problems = list(unknown_values(script_reads(folder), COMMON))
    except UserError as error:
        return list(error.problems)
    for template in () if problems else templates:
        try:
            template.render(folder.sample(template.language))
        except TemplateError as error:
            problems.append(missing_value(error))
    return problems
