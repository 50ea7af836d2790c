"""What is asked of a call script before anyone is called."""

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import ScriptTemplate, script_reads
from campaigns.rendering.checks.template_values import COMMON, missing_value, unknown_values
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError


def check_script(
    folder: TemplateFolder, _purpose: Purpose, _known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Everything that is wrong with the folder's script; its sample is rendered in three languages.

    A script is the same for all who are called, so the values of a member are not known to it.
    """
    try:
        templates = [ScriptTemplate.compile(folder, language, settings) for language in Language]
        problems = list(unknown_values(script_reads(folder), COMMON))
    except AuthorError as error:
        return list(error.problems)
    for template in () if problems else templates:
        try:
            template.render(folder.sample(template.language))
        except TemplateError as error:
            problems.append(missing_value(error))
    return problems
