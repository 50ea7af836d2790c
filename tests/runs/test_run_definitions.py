"""A run's definition is parsed once between its start and its sending, and again only when it has changed."""

import pytest

from campaigns.core.errors import UserError
from campaigns.workspace.repository import WorkspaceRepository
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import SampleWorkspace


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the planned campaigns that were parsed, in order."""
    names: list[str] = []
    planned_campaign = WorkspaceRepository.planned_campaign

    def record(repository, definition, campaign):
        names.append(campaign)
        return planned_campaign(repository, definition, campaign)

    monkeypatch.setattr(WorkspaceRepository, "planned_campaign", record)
    return names


def test_start_and_send_parse_the_definition_once_between_them(workspace: SampleWorkspace, parsed: list[str]) -> None:
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert parsed == ["hi"]


def test_a_plan_that_replaces_another_is_parsed_again(workspace: SampleWorkspace, parsed: list[str]) -> None:
    first, _ = workspace.plan("hi", MARKETING)
    workspace.engine.run_definitions.definition(first)
    workspace.clock.advance(seconds=1)
    second, _ = workspace.plan("hi", MARKETING.replace("purpose:", "holdout: 5 percent\npurpose:"), as_of=first.due_at)
    assert second.run_id == first.run_id
    assert workspace.engine.run_definitions.campaign(second).holdout != 0
    assert parsed == ["hi", "hi"]


def test_reloaded_files_are_parsed_again(workspace: SampleWorkspace, parsed: list[str]) -> None:
    run, _ = workspace.plan("hi", MARKETING)
    workspace.engine.run_definitions.definition(run)
    workspace.engine.context.reload_files()
    workspace.engine.run_definitions.definition(run)
    assert parsed == ["hi", "hi"]


def test_a_definition_that_is_gone_is_not_answered_from_memory(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan("hi", MARKETING)
    definition = workspace.engine.run_definitions.files(run).definition
    workspace.engine.run_definitions.definition(run)
    definition.rename(definition.with_name("gone"))
    with pytest.raises(UserError):
        workspace.engine.run_definitions.definition(run)
