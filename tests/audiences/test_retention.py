"""What is past its retention goes, with evidence; time is travelled by the one clock (GD-03, FI-11)."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from audiences.people.member_erasure import tombstone_members
from audiences.retention import enforce_retention
from campaigns.core.model.retention_evidence import RetentionEvidence
from campaigns.people.privacy import erasure
from campaigns.store.runs.run_tables import DECISION
from tests.support.import_target import NOW, ImportTarget
from tests.support.sample_workspace import SampleWorkspace

PURCHASES = """member_id,purchased_at,basket_id,product_id,quantity,amount,store_id
m1,2017-12-30 10:00,b1,p1,1,2.00,s1
m1,2017-12-30 10:00,b1,p2,1,3.00,s1
m2,2017-12-29 10:00,b2,p1,1,1.00,s1
m2,2016-11-28 10:00,b3,p1,1,1.00,s1
m2,2016-11-20 10:00,b4,p1,1,1.00,s1
,2017-12-30 10:00,b5,p1,2,4.00,s1
"""
MEMBERS = "member_id,register\nm1,owners\nm2,customers\n"
SENT = "member_id,campaign,purpose,channel,sent_at\nm1,old,marketing,email,2017-11-01 10:00\n"


def filled(place: ImportTarget) -> ImportTarget:
    place.bring("purchases", PURCHASES)
    place.bring("members", MEMBERS)
    return place


def evidence(place: ImportTarget, as_of: datetime) -> dict[str, RetentionEvidence]:
    return {each.table: each for each in enforce_retention(place.warehouse, as_of, _nobody_reads)}


def test_fi11_the_job_removes_what_is_past_its_retention_and_says_how_old_the_oldest_row_is(
    place: ImportTarget,
) -> None:
    found = evidence(filled(place), NOW)
    lines, receipts, members = found["purchases"], found["receipts"], found["members"]
    assert (lines.retention, lines.removed, lines.remaining) == (timedelta(days=400), 1, 5)
    assert lines.oldest == datetime(2016, 11, 28, 8, 0, tzinfo=UTC)
    assert (receipts.removed, receipts.remaining, receipts.oldest) == (0, 5, datetime(2016, 11, 20, 8, 0, tzinfo=UTC))
    assert asdict(members) == {"table": "members", "retention": None, "removed": 0, "left": 2, "oldest": None}


def test_gd03_time_takes_the_rest(place: ImportTarget) -> None:
    filled(place)
    removed = [evidence(place, NOW + timedelta(days=days))["purchases"].removed for days in (0, 1, 6, 397, 401, 402)]
    assert removed == [1, 0, 1, 0, 4, 0]
    last = evidence(place, NOW + timedelta(days=2000))
    assert (last["purchases"].remaining, last["purchases"].oldest, last["receipts"].removed) == (0, None, 5)
    assert place.warehouse.manifest().parts("purchases") == {}


def test_gd12_no_file_holds_a_row_of_an_erased_member(place: ImportTarget) -> None:
    filled(place).bring("sent", SENT)
    tombstone_members(place.warehouse, ["m1"], NOW)
    found = evidence(place, NOW)
    assert {table: each.removed for table, each in found.items()} == {
        "members": 1,
        "receipts": 1,
        "purchases": 2 + 1,
        "sent": 1,
    }
    left = [path.read_bytes() for path in place.warehouse.root.glob("*.parquet") if "tombstones" not in path.name]
    assert left
    assert not any(b"m1" in content for content in left)
    assert place.rows("SELECT count(*) FROM receipts WHERE member_id IS NULL") == [(1,)]


def test_files_without_a_row_that_has_to_go_stay_as_they_are(place: ImportTarget) -> None:
    before = filled(place).warehouse.manifest().parts("receipts")
    tombstone_members(place.warehouse, ["m1"], NOW)
    evidence(place, NOW)
    after = place.warehouse.manifest().parts("receipts")
    assert after["2016-11"] == before["2016-11"]
    assert after["2017-12"] != before["2017-12"]


def test_the_job_done_twice_changes_nothing(place: ImportTarget) -> None:
    enforce_retention(filled(place).warehouse, NOW, _nobody_reads)
    version = place.warehouse.manifest().version
    assert all(each.removed == 0 for each in enforce_retention(place.warehouse, NOW, _nobody_reads))
    assert place.warehouse.manifest().version == version


def test_only_files_of_the_present_state_are_left(place: ImportTarget) -> None:
    filled(place).bring("members", "member_id,register\nm3,owners\n")
    enforce_retention(place.warehouse, NOW, _nobody_reads)
    manifest = place.warehouse.manifest()
    named = {name for table in manifest.tables for name in manifest.files(table)}
    assert {path.name for path in place.warehouse.root.glob("*.parquet")} == named


MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""


def decided(workspace: SampleWorkspace) -> dict[str, int]:
    with workspace.engine.ledger.read() as connection:
        rows = connection.execute(select(DECISION.c.kind, func.count()).group_by(DECISION.c.kind)).all()
    return {kind: number for kind, number in rows}  # noqa: C416 - rows are no pairs to mypy


def skips(workspace: SampleWorkspace) -> RetentionEvidence:
    return next(each for each in erasure.apply_retention(workspace.engine) if each.table == "skips")


def test_gd03_skips_are_folded_into_their_runs_counts_after_90_days(workspace: SampleWorkspace) -> None:
    workspace.record_choices("m05", "email_own", on=False)
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    due = workspace.clock.time
    workspace.clock.advance(days=90)
    assert asdict(skips(workspace)) == {
        "table": "skips",
        "retention": timedelta(days=90),
        "removed": 0,
        "left": 1,
        "oldest": due,
    }
    workspace.clock.advance(minutes=1)
    assert (skips(workspace).removed, skips(workspace).remaining) == (1, 0)
    assert decided(workspace) == {"send": 23}
    assert workspace.engine.run(run.run_id).counts["skips"] == {"consent_withdrawn": 1}
    assert workspace.balance(run) == {"accepted": 23}


def test_skips_of_a_run_that_is_under_way_stay(workspace: SampleWorkspace) -> None:
    workspace.record_choices("m05", "email_own", on=False)
    workspace.start("hi", MARKETING)
    workspace.clock.advance(days=91)
    assert skips(workspace).remaining == 1


def test_the_nightly_job_unites_those_who_came_to_share_an_address_meanwhile(workspace: SampleWorkspace) -> None:
    workspace.change_contact("m05", email="m07@example.org")
    erasure.apply_retention(workspace.engine)
    run, _ = workspace.plan("hi", MARKETING)
    units = {member: row["unit"] for member, row in workspace.decisions(run).items()}
    assert units["m05"] == units["m07"]


def _nobody_reads() -> bool:
    return True
