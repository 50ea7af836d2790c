"""Check of a whole workspace: each fault is an error of what uses its file, and a warning where nothing does."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from campaigns.core.errors import Problem, Severity, UserError, errors_only
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.file_names import unread_file_problems
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.unanswered import unanswered_problems
from campaigns.workspace.value_labels import label_file_problems


def check_workspace(repository: WorkspaceRepository, now: datetime) -> list[Problem]:
    """Return all problems of a workspace, each once.

    An audience, a template or an offers file with a fault is an error of the campaigns that use it; if none does, a
    warning.
    """
    workspace = repository.workspace
    problems = [problem for file in workspace.campaign_files() for problem in repository.file_problems(file, now)]
    in_use, faults = frozenset(errors_only(problems)), frozenset(repository.audience_faults())
    for file in workspace.audience_files():
        problems += _as_warnings(repository.file_problems(file, now), faults - in_use)
    problems += _as_warnings(repository.offer_problems(), frozenset(repository.offer_problems()) - in_use)
    problems += _other_problems(repository)
    problems += _of_unused_templates(repository, frozenset(problems))
    return list(dict.fromkeys(problems))


def _other_problems(repository: WorkspaceRepository) -> Iterator[Problem]:
    """Yield the problems outside campaigns, audiences and offers.

    These are files that are never read, label files, settings with which notices cannot be written, details of the
    organisation that nobody answered, and sensitive goods without protection.
    """
    workspace = repository.workspace
    for folder in (workspace.campaigns, workspace.audiences, workspace.labels):
        yield from unread_file_problems(folder)
    yield from label_file_problems(repository.catalogue, workspace.labels)
    yield from repository.notice_problems()
    yield from unanswered_problems(workspace, repository.settings)
    try:
        yield from repository.goods_protection.problems
    except UserError as error:
        yield from error.problems


def _of_unused_templates(repository: WorkspaceRepository, reported: frozenset[Problem]) -> Iterator[Problem]:
    """Yield the faults of templates that no campaign uses as warnings, without those of shared files in others."""
    for fault in dict.fromkeys(repository.unused_template_faults()):
        if fault not in reported:
            message = f"{fault.message}; no campaign uses this template"
            yield replace(fault, message=message, severity=Severity.WARNING)


def shared_file_faults(repository: WorkspaceRepository) -> tuple[Problem, ...]:
    """Return the problems of audiences, offers and labels, for the log of a server: it works on without them."""
    labels = label_file_problems(repository.catalogue, repository.workspace.labels)
    return (*repository.audience_faults(), *repository.offer_problems(), *labels)


def readable_campaigns(repository: WorkspaceRepository) -> tuple[list[CampaignDefinition], list[Problem]]:
    """Return the workspace's campaigns without those that have errors, and these errors."""
    definitions: list[CampaignDefinition] = []
    problems: list[Problem] = []
    for file in repository.workspace.campaign_files():
        try:
            definitions.append(repository.campaign_definition(str(file))[0])
        except UserError as error:
            problems += error.problems
    return definitions, problems


def _as_warnings(problems: Iterable[Problem], unused: frozenset[Problem]) -> Iterator[Problem]:
    for problem in problems:
        yield replace(problem, severity=Severity.WARNING) if problem in unused else problem
