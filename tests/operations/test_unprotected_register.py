"""Scheduler and sending beside a product register whose words the catalogue does not know (FI-12, FI-21)."""

import logging

import pytest

from campaigns.core.errors import UserError
from tests.support.finnish_register import CATEGORIES
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.schedules import DAILY, DUE, all_runs, publish, run_scheduler
from tests.support.scripted_provider import accept

WITH_OFFERS = DAILY.replace("email: hello", "email: offers") + "offers: {at_most: 12}\n"


def rename_categories(workspace: SampleWorkspace, *names: str) -> None:
    """Let the register call these categories by their Finnish names, as an import at night would."""
    rows = [
        {
            "product_id": name,
            "department": "FOOD",
            "brand": "National",
            "product_category": CATEGORIES[name],
            "product_type": "x",
        }
        for name in names
    ]
    workspace.import_rows("products", rows)


@pytest.mark.hostile
def test_fi21_published_campaign_with_offers_is_not_sent_after_the_register_was_renamed(
    workspace: SampleWorkspace, provider, caplog: pytest.LogCaptureFixture
) -> None:
    publish(workspace, "offers", WITH_OFFERS)
    publish(workspace, "letter", DAILY)
    rename_categories(workspace, "BEER")
    workspace.clock.time = DUE
    with caplog.at_level(logging.ERROR, "viesti"):
        run_scheduler(workspace)
    states = {run.campaign: run.state for run in all_runs(workspace)}
    assert states == {"offers": "planning", "letter": "closed"}
    assert len(provider.received) == len(MEMBERS)  # the letter without products
    assert "`mild_alcohol` is not protected" in caplog.text


@pytest.mark.hostile
def test_fi12_plan_is_not_started_after_medicines_were_renamed(workspace: SampleWorkspace, provider) -> None:
    run, _ = workspace.plan("offers", WITH_OFFERS)
    rename_categories(workspace, "PHARMACY")
    with pytest.raises(UserError, match="`medicines` is not protected"):
        workspace.engine.run_control.start(run)
    assert provider.received == []


@pytest.mark.hostile
def test_offer_that_a_plan_chose_is_left_out_of_messages_once_the_register_does_not_know_its_goods(
    workspace: SampleWorkspace, provider
) -> None:
    bodies: list[str] = []

    def accept_and_keep(message):
        bodies.append(message.text)
        return accept(message)

    provider.answer = accept_and_keep
    run = workspace.start("offers", WITH_OFFERS)
    rename_categories(workspace, "COFFEE")
    workspace.reload()
    workspace.send(run)
    assert len(provider.received) == len(MEMBERS)
    assert not [body for body in bodies if "coffee-" in body]
    assert all("cheese-" in body for body in bodies)


@pytest.mark.hostile
def test_explanation_of_a_rule_about_purchases_is_refused_too(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("offers", WITH_OFFERS)
    rename_categories(workspace, "PHARMACY")
    definition, _ = workspace.engine.context.repository.campaign_definition("offers")
    with (
        pytest.raises(UserError, match="`medicines` is not protected"),
        workspace.engine.queries.plan_without_saving(definition, workspace.clock.time, ("m01",)),
    ):
        pass
