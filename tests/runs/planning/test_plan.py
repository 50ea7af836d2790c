"""Stored plans: repeatable decisions, the frozen fields of their templates, and no contact data."""

import json

import pyarrow.parquet as pq
import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from audiences.tables import Contact
from campaigns.cli.main import app
from campaigns.core.errors import UserError
from campaigns.runs.planning.run_files import FrozenFields
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import RUN
from tests.support.sample_workspace import MEMBERS
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email, sms, post]
content: {email: hello, sms: hello, post: survey}
"""
OFFERS = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
offers: {department: [FOOD], at_most: 4}
content: {email: offers}
"""
BUYERS = {*MEMBERS[:12]}


def test_planning_twice_gives_the_same_decisions(workspace):
    workspace.record_choices("m05", "email_own", "sms_own", on=False)
    first, plan_counts = workspace.plan("hi", MARKETING)
    before = workspace.decisions(first)
    second, second_counts = workspace.plan("hi")
    assert second.number == first.number
    assert workspace.decisions(second) == before
    assert second_counts == plan_counts


def test_campaign_without_audience_goes_to_everybody_in_the_registers(workspace):
    run, plan_counts = workspace.plan("hi", MARKETING.replace("audience: {register: [owners, customers]}\n", ""))
    assert set(workspace.channels(run)) == set(MEMBERS)
    assert plan_counts.matched == len(MEMBERS)


def test_second_plan_replaces_the_first(workspace):
    first, _ = workspace.plan("hi", MARKETING)
    run, plan_counts = workspace.plan("hi", MARKETING.replace("[owners, customers]", "customers"))
    assert plan_counts.matched == len(workspace.decisions(run)) == len(workspace.deliveries(run)) == 6
    assert run.definition != first.definition
    workspace.balance(run)


def test_started_run_cannot_be_planned_again(workspace):
    run = workspace.start("hi", MARKETING)
    with pytest.raises(UserError) as raised:
        workspace.plan("hi", as_of=run.due_at)
    assert [problem.code for problem in raised.value.problems] == ["already_run"]


@pytest.mark.parametrize("act", ["start", "approve"])
def test_replaced_plan_cannot_be_started_or_approved(workspace, monkeypatch, act):
    """Another process plans the run again between the reading of a plan and the transaction that starts it."""
    stale, _ = workspace.plan("hi", MARKETING)
    workspace.clock.advance(seconds=1)
    workspace.plan("hi", as_of=stale.due_at)
    engine = workspace.engine.as_user("somebody else")
    monkeypatch.setattr(type(engine.queries), "run", lambda _queries, _run_id: stale)
    with pytest.raises(UserError) as raised:
        engine.run_control.start(stale) if act == "start" else engine.run_control.approve(stale.run_id)
    assert [problem.code for problem in raised.value.problems] == ["planned_anew"]
    with engine.context.ledger.read() as connection:
        current = runs.get(connection, stale.run_id)
    assert (current.state, current.approved_by) == ("planned", None)


def test_members_who_forbid_processing_are_counted_but_not_planned(workspace):
    workspace.record_choices("m01", "no_marketing")
    workspace.record_choices("m02", "restricted")
    workspace.record_choices("m03", "deceased")
    run, plan_counts = workspace.plan("hi", MARKETING)
    assert (plan_counts.population, plan_counts.not_processed, plan_counts.matched) == (
        len(MEMBERS) - 3,
        3,
        len(MEMBERS) - 3,
    )
    assert not {"m01", "m02", "m03"} & set(workspace.decisions(run))
    service, plan_counts = workspace.plan("service", MARKETING.replace("marketing", "service"))
    assert plan_counts.not_processed == 2
    assert workspace.decisions(service)["m01"]["kind"] == "send"


def test_plan_json_has_the_keys_that_scripts_rely_on(workspace):
    workspace.record_choices("m05", "email_own", "sms_own", on=False)
    workspace.record_choices("m05", "no_direct_mail")
    workspace.write_campaign("hi", MARKETING)
    workspace.close()
    arguments = ["--workspace", str(workspace.root), "plan", "hi", "--as-of", "2018-01-01T10:00", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["campaign"] == "hi"
    assert report["as_of"].startswith("2018-01-01T")
    assert report["run"] == "hi-20180101T0800Z"
    assert report["sends"] == {"email": len(MEMBERS) - 1}
    assert report["variants"] == {"everyone": len(MEMBERS) - 1}
    assert report["skips"] == {"consent_withdrawn": 1}  # equally far on each channel: the reason of the first one
    assert report["matched"] == sum(report["sends"].values()) + sum(report["skips"].values())


def test_template_fields_are_frozen_in_claim_order_without_contact_data(workspace):
    run, _ = workspace.plan("hi", MARKETING)
    files = workspace.engine.run_definitions.files(run)
    table = pq.read_table(files.fields)
    assert table.column_names == ["position", "member_bonus_last_month", "offers", "offer_reasons"]
    contact = {name.removeprefix("member_") for name in table.column_names} & set(Contact.model_fields)
    assert contact == set()
    assert table.column("position").to_pylist() == list(range(1, len(MEMBERS) + 1))
    fields = FrozenFields(files.fields)
    for member, delivery in workspace.deliveries(run).items():
        assert fields.row(delivery["position"])["member_bonus_last_month"] == int(member[1:]) + 0.5
    fields.close()
    written = files.fields.read_bytes() + b"".join(file.read_bytes() for file in files.definition.rglob("*.y*ml"))
    assert not [member for member in MEMBERS if f"{member}@example.org".encode() in written]


def test_changes_after_planning_do_not_affect_the_messages(workspace):
    texts = []
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.import_rows("members", [{"member_id": "m05", "register": "owners", "bonus_last_month": "999"}])
    (workspace.root / "templates/email/hello/body.txt").write_text("Other words\n")
    answer = provider.answer
    provider.answer = lambda message: texts.append(message.text) or answer(message)
    workspace.send(run)
    assert [text for text in texts if text.startswith("Nimi5 ") and "5.50" in text]
    assert not [text for text in texts if "999" in text or "Other words" in text]


def offers_of(workspace, run) -> dict[str, list[str]]:
    fields = FrozenFields(workspace.engine.run_definitions.files(run).fields)
    rows = {member: fields.row(row["position"])["offers"] for member, row in workspace.deliveries(run).items()}
    fields.close()
    return rows


def visits(member: str, product: str, days: int) -> list[dict[str, object]]:
    """Return purchases of a product on as many days, the last of them a week ago."""
    return [
        {
            "member_id": member,
            "purchased_at": f"2017-12-{25 - day:02}T12:00",
            "basket_id": f"{member}-{product}-{day}",
            "product_id": product,
            "quantity": 1,
            "amount": "5.00",
            "store_id": "s1",
        }
        for day in range(days)
    ]


def preview_offers(workspace, member, as_of) -> list[str]:
    """Return the offers that a plan of one member alone gives them."""
    definition, _ = workspace.engine.context.repository.campaign_definition("hi")
    with workspace.engine.queries.plan_without_saving(definition, as_of, (member,)) as plan:
        (fields,) = plan.session.fetch_dicts(plan.field_rows())
    return fields["offers"]


def test_a18_offers_follow_purchases_and_stay_within_at_most(workspace):
    workspace.import_rows("purchases", visits("m09", "CHEESE", 4))
    run, _ = workspace.plan("hi", OFFERS)
    offers_by_member = offers_of(workspace, run)
    assert offers_by_member["m09"][0] == "cheese-b"  # cheese of the brand that the member buys
    assert offers_by_member["m20"][:2] == ["coffee-c", "coffee-a"]  # has bought nothing: the most popular, then weight
    assert {len(offers) for offers in offers_by_member.values()} == {4}
    second, _ = workspace.plan("hi")
    assert offers_of(workspace, second) == offers_by_member


def test_preview_of_a_member_takes_the_handicaps_of_the_last_plan(workspace):
    run, plan_counts = workspace.plan("hi", OFFERS)
    first = offers_of(workspace, run)["m09"][0]
    assert preview_offers(workspace, "m09", run.due_at)[0] == first
    handicaps = [9.0 if offer == first else 0.0 for offer in plan_counts.offer_ids]
    with workspace.engine.context.ledger.write() as connection:
        counts = {**run.counts, "offer_handicaps": handicaps}
        connection.execute(update(RUN).where(RUN.c.number == run.number).values(counts=counts))
    assert preview_offers(workspace, "m09", run.due_at)[0] != first


def test_a18_offers_outside_their_validity_are_never_shown(workspace):
    run, _ = workspace.plan("hi", OFFERS.replace("at_most: 4", "at_most: 12"))
    assert {"past", "to-come"}.isdisjoint(offer for offers in offers_of(workspace, run).values() for offer in offers)


def test_member_without_purchase_detail_gets_the_heaviest_offers_then_the_most_popular(workspace):
    workspace.record_choices("m09", "no_purchase_detail")
    run, _ = workspace.plan("hi", OFFERS)
    offers_by_member, decisions = offers_of(workspace, run), workspace.decisions(run)
    assert offers_by_member["m09"] == ["soap-a", "cheese-b", "cheese-a", "coffee-c"]
    assert {member for member, row in decisions.items() if not row["used_basket"]} == {"m09"}


def test_purchase_rules_are_unknown_without_consent(workspace):
    rule = "{bought: {where: {product_category: COFFEE}}}"
    workspace.record_choices("m09", "no_purchase_detail")
    run, plan_counts = workspace.plan("hi", MARKETING.replace("{register: [owners, customers]}", rule))
    assert set(workspace.decisions(run)) == BUYERS - {"m09"}
    assert plan_counts.unknown == 1
    assert all(row["used_basket"] for row in workspace.decisions(run).values())
    _, opposite = workspace.plan("no", MARKETING.replace("{register: [owners, customers]}", f"{{not: {rule}}}"))
    assert (opposite.matched, opposite.unknown) == (len(MEMBERS) - len(BUYERS), 1)
