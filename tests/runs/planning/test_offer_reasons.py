"""Reasons of offers in a plan (C-09, GD-16): kept for everybody whose purchases may be used, and for nobody else."""

import re
from typing import Final

from campaigns.core.model.offer_reason import parse_chosen_offers
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

OFFERS: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
offers: {at_most: 4}
content: {email: offers}
"""
FORBIDDING: Final = frozenset(MEMBERS[::2])


def test_c09_a_plan_has_reasons_for_members_who_allow_the_use_of_purchases_and_for_no_other(workspace: SampleWorkspace):
    for member in FORBIDDING:
        workspace.record_choices(member, "no_purchase_detail")
    run, _ = workspace.plan("ranked", OFFERS)
    fields = workspace.engine.run_definitions.frozen_fields(run)
    positions = {member: delivery["position"] for member, delivery in workspace.deliveries(run).items()}
    frozen = {member: fields.row(position) for member, position in positions.items()}
    fields.close()
    assert set(frozen) == set(MEMBERS)
    for member, decision in workspace.decisions(run).items():
        chosen = parse_chosen_offers(decision["offers"], run.counts["offer_ids"])
        reasons = [None if offer.reason is None else str(offer.reason) for offer in chosen]
        assert [offer.offer_id for offer in chosen] == list(frozen[member]["offers"])
        assert reasons == list(frozen[member]["offer_reasons"])
        assert (None in reasons, any(reasons)) == ((member in FORBIDDING), (member not in FORBIDDING))
        assert bool(re.search("[a-z]", decision["offers"])) is (member not in FORBIDDING)
