"""Checks of call scripts."""

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import CallScriptTemplate, reason_variable_uses, script_variable_uses
from campaigns.rendering.checks.template_values import (
    COMMON_VALUES,
    MEMBER_VALUES,
    missing_value_problem,
    offer_problems,
    sample_values,
    unguarded_value_problems,
    unknown_value_problems,
)
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError


def check_call_script(
    folder: TemplateFolder, purpose: Purpose, known_names: frozenset[str], settings: Settings
) -> list[Problem]:
    """Return every problem of the folder's script; its sample is rendered in three languages.

    A script is the same for every call, so it has no values of a member; the reason for a call has, of those that the
    catalogue declares as `known_names`.
    """
    try:
        templates = [CallScriptTemplate.compile(folder, language, settings) for language in Language]
        reason_uses = reason_variable_uses(folder)
        problems = [
            *unknown_value_problems(script_variable_uses(folder), COMMON_VALUES),
            *unknown_value_problems(reason_uses, COMMON_VALUES | MEMBER_VALUES | known_names),
            *offer_problems(reason_uses, purpose),
        ]
    except UserError as error:
        return list(error.problems)
    for template in () if problems else templates:
        sample = sample_values(folder, purpose, template.language, settings)
        try:
            template.render_call(sample)
        except TemplateError as error:
            problems.append(missing_value_problem(error))
        else:
            problems += unguarded_value_problems(template.render_reason, sample)
    return list(dict.fromkeys(problems))
