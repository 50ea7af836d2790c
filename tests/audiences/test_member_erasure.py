"""A member who asks to be forgotten is (GD-12): at once, everywhere, for good, and no import brings them back."""

import pytest
from sqlalchemy import select, text

from audiences.consent.suppressions import AddressKind
from audiences.imports.import_report import ImportReport
from audiences.people import member_erasure
from audiences.people.member_erasure import tombstone_members
from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.core.errors import UserError
from campaigns.core.model.reasons import SkipReason
from campaigns.core.tokens import Signer
from campaigns.people.privacy import erasure as privacy_erasure
from campaigns.store.people.audit import subject_of_member
from campaigns.store.runs.run_tables import AUDIT
from tests.support.sample_workspace import SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {bought: {where: {product_category: COFFEE}}}
channels: [email]
content: {email: hello}
"""
PERSONAL = ("Nimi5", "m05@example.org", "+358401230005", "Kylätie 5")


def dump(workspace: SampleWorkspace) -> str:
    """Every value in the ledger."""
    with workspace.engine.ledger.read() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return "\n".join(str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in tables)


def rows_of(workspace: SampleWorkspace, member: str) -> list[int]:
    with workspace.engine.library.warehouse.connect(workspace.clock.time) as connection:
        tables = ("members", "receipts", "purchase_lines")
        query = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table} WHERE member_id = $1)" for table in tables)
        return list(connection.execute(query, [member]).fetchall()[0])


def bring(workspace: SampleWorkspace, **member: object) -> ImportReport:
    """Import one member."""
    file = workspace.root / "one.csv"
    file.write_text(",".join(member) + "\n" + ",".join(map(str, member.values())) + "\n", encoding="utf-8")
    return workspace.engine.import_file("members", file, lambda _done, _whole: None)


def test_gd12_nothing_about_the_member_is_read_from_now_on(workspace: SampleWorkspace) -> None:
    assert rows_of(workspace, "m05") == [1, 2, 2]
    privacy_erasure.erase(workspace.engine, "m05")
    assert rows_of(workspace, "m05") == [0, 0, 0]
    with pytest.raises(UserError, match="no member"):
        workspace.contact("m05")
    run, _ = workspace.plan("hi", MARKETING)
    assert len(workspace.decisions(run)) == 11


def test_gd12_no_value_of_the_ledger_tells_who_it_was(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    workspace.suppress(AddressKind.EMAIL, "m05@example.org", SkipReason.SUPPRESSED_COMPLAINT)
    assert all(each in dump(workspace) for each in PERSONAL)
    privacy_erasure.erase(workspace.engine, "m05")
    left = dump(workspace)
    assert [each for each in (*PERSONAL, "'m05'") if each in left] == []


def test_gd12_aggregates_and_the_record_of_choices_stay_by_a_pseudonym(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    before = workspace.balance(run)
    privacy_erasure.erase(workspace.engine, "m05")
    alias = member_erasure.pseudonym(workspace.engine.signer, "m05")
    assert workspace.balance(run) == before
    assert workspace.decisions(run)[alias]["kind"] == "send"
    with workspace.engine.ledger.read() as connection:
        said = connection.execute(select(CHOICE_ENTRY.c.choice).where(CHOICE_ENTRY.c.member_id == alias)).scalars()
        assert set(said) == {"email_own", "sms_own"}
        noted = connection.execute(select(AUDIT.c.subject).where(AUDIT.c.action == "erase")).scalars().all()
    assert noted == [subject_of_member(workspace.engine.signer, "m05")]


def test_gd12_what_was_still_to_go_is_withdrawn(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    privacy_erasure.erase(workspace.engine, "m05")
    workspace.send(run)
    alias = member_erasure.pseudonym(workspace.engine.signer, "m05")
    assert workspace.end_states(run)[alias] == ("withdrawn", "not_processed")
    assert workspace.balance(run) == {"accepted": 11, "withdrawn": 1}


BACK = {
    "the same id": {"member_id": "m05", "register": "owners"},
    "another id, the same e-mail": {"member_id": "new", "register": "owners", "email": "M05@Example.ORG"},
    "another id, the same telephone": {"member_id": "new", "register": "owners", "phone": "040 1230005"},
}


@pytest.mark.parametrize("member", BACK.values(), ids=BACK)
def test_gd12_no_import_brings_the_person_back(workspace: SampleWorkspace, member: dict[str, object]) -> None:
    privacy_erasure.erase(workspace.engine, "m05")
    report = bring(workspace, **member)
    assert (report.stored, report.rejected) == (0, 1)
    assert rows_of(workspace, str(member["member_id"])) == [0, 0, 0]
    assert report.rejects_path is not None
    assert "example" not in report.rejects_path.read_text("utf-8").lower()


def test_gd12_who_is_a_member_and_shares_the_address_stays_one(workspace: SampleWorkspace) -> None:
    workspace.change_contact("m06", email="m05@example.org")
    privacy_erasure.erase(workspace.engine, "m05")
    report = bring(workspace, member_id="m06", register="owners", email="m05@example.org", region="Lappi")
    assert report.rejected == 0
    assert workspace.contact("m06")["email"] == "m05@example.org"


def test_gd12_strangers_come_in_as_ever(workspace: SampleWorkspace) -> None:
    privacy_erasure.erase(workspace.engine, "m05")
    report = bring(workspace, member_id="new", register="owners", email="new@example.org", phone="040 1230099")
    assert (report.stored, report.rejected) == (1, 0)


def test_gd12_an_address_is_known_again_after_the_keys_rotated(workspace: SampleWorkspace) -> None:
    privacy_erasure.erase(workspace.engine, "m05")
    keys = workspace.engine.signer.keys
    vars(workspace.engine)["signer"] = Signer({**keys, max(keys) + 1: b"n" * 32})
    assert bring(workspace, member_id="new", register="owners", email="m05@example.org").rejected == 1


@pytest.mark.parametrize(("neighbour", "kept"), [(None, []), ("M05@example.org", ["m05@example.org"])])
def test_a_suppression_stays_where_somebody_else_has_the_address(
    workspace: SampleWorkspace, neighbour: str | None, kept: list[str]
) -> None:
    workspace.change_contact("m06", email=neighbour)
    workspace.suppress(AddressKind.EMAIL, "m05@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    privacy_erasure.erase(workspace.engine, "m05")
    with workspace.engine.ledger.read() as connection:
        assert connection.execute(select(SUPPRESSION.c.value)).scalars().all() == kept


def test_an_erasure_that_broke_off_is_completed_by_another(workspace: SampleWorkspace) -> None:
    tombstone_members(workspace.engine.library.warehouse, ["m05"], workspace.clock.time)
    privacy_erasure.erase(workspace.engine, "m05")
    assert "m05@example.org" not in dump(workspace)


def test_a_member_nobody_knows_cannot_be_erased(workspace: SampleWorkspace) -> None:
    with pytest.raises(UserError, match="no member"):
        privacy_erasure.erase(workspace.engine, "nobody")
    assert workspace.engine.library.warehouse.manifest().parts("tombstones") == {}


def test_gd12_a_preview_of_the_member_goes_too(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("hi", MARKETING)
    draft, _ = workspace.engine.library.campaign_definition("hi")
    shown = [workspace.engine.preview(draft, member, workspace.clock.time) for member in ("m05", "m06")]
    privacy_erasure.erase(workspace.engine, "m05")
    assert [path.exists() for path in shown] == [False, True]
