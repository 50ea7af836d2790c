"""Checks of call scripts."""

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import CallScriptTemplate, script_variable_uses
from campaigns.rendering.checks.template_values import (
    COMMON_VALUES,
    missing_value_problem,
    sample_values,
    unknown_value_problems,
)
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError


def check_call_script(
    folder: TemplateFolder, purpose: Purpose, _known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Return every problem of the folder's script; its sample is rendered in three languages.

    A script is the same for every call, so it has no values of a member.
    """
    try:
        templates = [CallScriptTemplate.compile(folder, language, settings) for language in Language]
        problems = list(unknown_value_problems(script_variable_uses(folder), COMMON_VALUES))
    except UserError as error:
        return list(error.problems)
    for template in () if problems else templates:
        try:
            template.render(sample_values(folder, purpose, template.language, settings))
        except TemplateError as error:
            problems.append(missing_value_problem(error))
    return problems
