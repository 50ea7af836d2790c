"""What a plan keeps: the same decisions each time, the fields that its templates name, and nothing of the contact."""

import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from audiences.tables import Contact
from campaigns.cli.main import app
from campaigns.core.errors import UserError
from campaigns.runs.planning.run_files import FrozenFields
from campaigns.store.runs import runs
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
    first, tally = workspace.plan("hi", MARKETING)
    before = workspace.decisions(first)
    second, again = workspace.plan("hi")
    assert second.number == first.number
    assert workspace.decisions(second) == before
    assert again == tally


def test_planning_anew_replaces_the_plan(workspace):
    first, _ = workspace.plan("hi", MARKETING)
    run, tally = workspace.plan("hi", MARKETING.replace("[owners, customers]", "customers"))
    assert tally.matched == len(workspace.decisions(run)) == len(workspace.deliveries(run)) == 6
    assert run.definition != first.definition
    workspace.balance(run)


def test_a_run_that_has_begun_is_not_planned_anew(workspace):
    run = workspace.start("hi", MARKETING)
    with pytest.raises(UserError) as raised:
        workspace.plan("hi", as_of=run.due_at)
    assert [problem.code for problem in raised.value.problems] == ["already_run"]


@pytest.mark.parametrize("act", ["start", "approve"])
def test_a_plan_that_takes_the_place_of_another_meanwhile_is_not_let_go_with_it(workspace, monkeypatch, act):
    """Between the look at a plan and the transaction that lets it go, somebody planned the run anew."""
    seen, _ = workspace.plan("hi", MARKETING)
    workspace.clock.advance(seconds=1)
    workspace.plan("hi", as_of=seen.due_at)
    engine = workspace.engine.as_user("somebody else")
    monkeypatch.setattr(type(engine), "run", lambda _engine, _run_id: seen)
    with pytest.raises(UserError) as raised:
        engine.run_control.start(seen) if act == "start" else engine.run_control.approve(seen.run_id)
    assert [problem.code for problem in raised.value.problems] == ["planned_anew"]
    with engine.context.ledger.read() as connection:
        present = runs.get(connection, seen.run_id)
    assert (present.state, present.approved_by) == ("planned", None)


def test_those_who_allow_nothing_are_counted_and_not_looked_at(workspace):
    workspace.record_choices("m01", "no_marketing")
    workspace.record_choices("m02", "restricted")
    workspace.record_choices("m03", "deceased")
    run, tally = workspace.plan("hi", MARKETING)
    assert (tally.population, tally.not_processed, tally.matched) == (len(MEMBERS) - 3, 3, len(MEMBERS) - 3)
    assert not {"m01", "m02", "m03"} & set(workspace.decisions(run))
    service, tally = workspace.plan("service", MARKETING.replace("marketing", "service"))
    assert tally.not_processed == 2
    assert workspace.decisions(service)["m01"]["kind"] == "send"


def test_json_has_the_keys_that_scripts_rely_on(workspace):
    workspace.record_choices("m05", "email_own", "sms_own", on=False)
    workspace.record_choices("m05", "no_direct_mail")
    workspace.write_campaign("hi", MARKETING)
    workspace.close()
    arguments = ["--workspace", str(workspace.root), "plan", "hi", "--as-of", "2018-01-01T10:00", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["campaign"] == "hi"
    assert said["as_of"].startswith("2018-01-01T")
    assert said["run"] == "hi-20180101T0800Z"
    assert said["sends"] == {"email": len(MEMBERS) - 1}
    assert said["variants"] == {"everyone": len(MEMBERS) - 1}
    assert said["skips"] == {"consent_withdrawn": 1}  # all got equally far: that of the first channel
    assert said["matched"] == sum(said["sends"].values()) + sum(said["skips"].values())


def test_the_fields_that_templates_name_are_frozen_in_claim_order_and_contact_never_is(workspace):
    run, _ = workspace.plan("hi", MARKETING)
    files = workspace.engine.run_definitions.files(run)
    table = pq.read_table(files.fields)
    assert table.column_names == ["position", "member_bonus_last_month", "offers"]
    contact = {name.removeprefix("member_") for name in table.column_names} & set(Contact.model_fields)
    assert contact == set()
    assert table.column("position").to_pylist() == list(range(1, len(MEMBERS) + 1))
    fields = FrozenFields(files.fields)
    for member, delivery in workspace.deliveries(run).items():
        assert fields.row(delivery["position"])["member_bonus_last_month"] == int(member[1:]) + 0.5
    fields.close()
    written = files.fields.read_bytes() + b"".join(file.read_bytes() for file in files.definition.rglob("*.y*ml"))
    assert not [member for member in MEMBERS if f"{member}@example.org".encode() in written]


def test_what_changes_after_the_plan_changes_nothing_of_it(workspace):
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
    rows = {member: fields.row(each["position"])["offers"] for member, each in workspace.deliveries(run).items()}
    fields.close()
    return rows


def test_a18_offers_follow_what_a_member_buys_and_never_exceed_what_was_asked(workspace):
    run, _ = workspace.plan("hi", OFFERS)
    shown = offers_of(workspace, run)
    assert shown["m09"] == ["coffee-c", "coffee-a", "soap-a", "cheese-a"]  # National coffee first, then weight
    assert shown["m20"] == ["soap-a", "cheese-a", "cheese-b", "coffee-c"]  # has bought nothing
    assert {len(offers) for offers in shown.values()} == {4}
    again, _ = workspace.plan("hi")
    assert offers_of(workspace, again) == shown


def test_a18_offers_out_of_their_time_are_never_shown(workspace):
    run, _ = workspace.plan("hi", OFFERS.replace("at_most: 4", "at_most: 12"))
    assert {"past", "to-come"}.isdisjoint(offer for offers in offers_of(workspace, run).values() for offer in offers)


def test_who_closes_the_purchase_lines_sees_the_heaviest_offers_and_used_none(workspace):
    workspace.record_choices("m09", "no_purchase_detail")
    run, _ = workspace.plan("hi", OFFERS)
    shown, decisions = offers_of(workspace, run), workspace.decisions(run)
    assert shown["m09"] == shown["m20"]
    assert {member for member, each in decisions.items() if not each["used_basket"]} == {"m09"}


def test_who_closes_the_purchase_lines_is_unknown_to_rules_about_them(workspace):
    rule = "{bought: {where: {product_category: COFFEE}}}"
    workspace.record_choices("m09", "no_purchase_detail")
    run, tally = workspace.plan("hi", MARKETING.replace("{register: [owners, customers]}", rule))
    assert set(workspace.decisions(run)) == BUYERS - {"m09"}
    assert tally.unknown == 1
    assert all(each["used_basket"] for each in workspace.decisions(run).values())
    _, opposite = workspace.plan("no", MARKETING.replace("{register: [owners, customers]}", f"{{not: {rule}}}"))
    assert (opposite.matched, opposite.unknown) == (len(MEMBERS) - len(BUYERS), 1)
