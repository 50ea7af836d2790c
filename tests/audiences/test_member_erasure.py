"""Erasure of a member (GD-12): immediate, everywhere and permanent; later imports of the person are rejected."""

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
from campaigns.store.people.people_tables import AUDIT
from campaigns.workspace.import_data import import_data
from tests.support.sample_workspace import SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {bought: {where: {product_category: COFFEE}}}
channels: [email]
content: {email: hello}
"""
PERSONAL_VALUES = ("Nimi5", "m05@example.org", "+358401230005", "Kylätie 5")


def dump(workspace: SampleWorkspace) -> str:
    """Return every value in the ledger."""
    with workspace.engine.context.ledger.read() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return "\n".join(str(connection.execute(text(f"SELECT * FROM {table}")).all()) for table in tables)


def warehouse_row_counts(workspace: SampleWorkspace, member: str) -> list[int]:
    with workspace.engine.context.repository.warehouse.connect(workspace.clock.time) as connection:
        tables = ("members", "receipts", "purchase_lines")
        query = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table} WHERE member_id = $1)" for table in tables)
        return list(connection.execute(query, [member]).fetchall()[0])


def import_member(workspace: SampleWorkspace, **member: object) -> ImportReport:
    """Import one member."""
    file = workspace.root / "one.csv"
    file.write_text(",".join(member) + "\n" + ",".join(map(str, member.values())) + "\n", encoding="utf-8")
    return import_data(workspace.engine.context, "members", file)


def test_gd12_erased_member_is_in_no_view_contact_or_plan(workspace: SampleWorkspace) -> None:
    assert warehouse_row_counts(workspace, "m05") == [1, 2, 2]
    privacy_erasure.erase(workspace.engine.context, "m05")
    assert warehouse_row_counts(workspace, "m05") == [0, 0, 0]
    with pytest.raises(UserError, match="no member"):
        workspace.contact("m05")
    run, _ = workspace.plan("hi", MARKETING)
    assert len(workspace.decisions(run)) == 11


def test_gd12_ledger_holds_no_personal_value_of_the_erased_member(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    workspace.suppress(AddressKind.EMAIL, "m05@example.org", SkipReason.SUPPRESSED_COMPLAINT)
    assert all(value in dump(workspace) for value in PERSONAL_VALUES)
    privacy_erasure.erase(workspace.engine.context, "m05")
    remaining_values = dump(workspace)
    assert [value for value in (*PERSONAL_VALUES, "'m05'") if value in remaining_values] == []


def test_gd12_counts_and_choices_remain_under_a_pseudonym(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    before = workspace.balance(run)
    privacy_erasure.erase(workspace.engine.context, "m05")
    alias = member_erasure.pseudonym(workspace.engine.context.signer, "m05")
    assert workspace.balance(run) == before
    assert workspace.decisions(run)[alias]["kind"] == "send"
    with workspace.engine.context.ledger.read() as connection:
        choices = connection.execute(select(CHOICE_ENTRY.c.choice).where(CHOICE_ENTRY.c.member_id == alias)).scalars()
        assert set(choices) == {"email_own", "sms_own"}
        audited_subjects = connection.execute(select(AUDIT.c.subject).where(AUDIT.c.action == "erase")).scalars().all()
    assert audited_subjects == [subject_of_member(workspace.engine.context.signer, "m05")]


def test_gd12_pending_delivery_is_withdrawn(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    privacy_erasure.erase(workspace.engine.context, "m05")
    workspace.send(run)
    alias = member_erasure.pseudonym(workspace.engine.context.signer, "m05")
    assert workspace.end_states(run)[alias] == ("withdrawn", "not_processed")
    assert workspace.balance(run) == {"accepted": 11, "withdrawn": 1}


RETURNS = {
    "the same id": {"member_id": "m05", "register": "owners"},
    "another id, the same e-mail": {"member_id": "new", "register": "owners", "email": "M05@Example.ORG"},
    "another id, the same telephone": {"member_id": "new", "register": "owners", "phone": "040 1230005"},
}


@pytest.mark.parametrize("member", RETURNS.values(), ids=RETURNS)
def test_gd12_import_of_the_erased_person_is_rejected(workspace: SampleWorkspace, member: dict[str, object]) -> None:
    privacy_erasure.erase(workspace.engine.context, "m05")
    report = import_member(workspace, **member)
    assert (report.stored, report.rejected) == (0, 1)
    assert warehouse_row_counts(workspace, str(member["member_id"])) == [0, 0, 0]
    assert report.rejects_path is not None
    assert "example" not in report.rejects_path.read_text("utf-8").lower()


def test_gd12_member_sharing_the_address_is_still_imported(workspace: SampleWorkspace) -> None:
    workspace.change_contact("m06", email="m05@example.org")
    privacy_erasure.erase(workspace.engine.context, "m05")
    report = import_member(workspace, member_id="m06", register="owners", email="m05@example.org", region="Lappi")
    assert report.rejected == 0
    assert workspace.contact("m06")["email"] == "m05@example.org"


def test_gd12_new_member_is_imported_as_before(workspace: SampleWorkspace) -> None:
    privacy_erasure.erase(workspace.engine.context, "m05")
    report = import_member(workspace, member_id="new", register="owners", email="new@example.org", phone="040 1230099")
    assert (report.stored, report.rejected) == (1, 0)


def test_gd12_erased_address_is_recognised_after_key_rotation(workspace: SampleWorkspace) -> None:
    privacy_erasure.erase(workspace.engine.context, "m05")
    keys = workspace.engine.context.signer.keys
    workspace.use(signer=Signer({**keys, max(keys) + 1: b"n" * 32}))
    assert import_member(workspace, member_id="new", register="owners", email="m05@example.org").rejected == 1


@pytest.mark.parametrize(("neighbour_email", "remaining"), [(None, []), ("M05@example.org", ["m05@example.org"])])
def test_suppression_remains_while_another_member_has_the_address(
    workspace: SampleWorkspace, neighbour_email: str | None, remaining: list[str]
) -> None:
    workspace.change_contact("m06", email=neighbour_email)
    workspace.suppress(AddressKind.EMAIL, "m05@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    privacy_erasure.erase(workspace.engine.context, "m05")
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(SUPPRESSION.c.value)).scalars().all() == remaining


def test_interrupted_erasure_is_completed_by_the_next(workspace: SampleWorkspace) -> None:
    tombstone_members(workspace.engine.context.repository.warehouse, ["m05"], workspace.clock.time)
    privacy_erasure.erase(workspace.engine.context, "m05")
    assert "m05@example.org" not in dump(workspace)


def test_unknown_member_cannot_be_erased(workspace: SampleWorkspace) -> None:
    with pytest.raises(UserError, match="no member"):
        privacy_erasure.erase(workspace.engine.context, "nobody")
    assert workspace.engine.context.repository.warehouse.manifest().parts("tombstones") == {}


def test_gd12_preview_of_the_member_is_deleted(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("hi", MARKETING)
    draft, _ = workspace.engine.context.repository.campaign_definition("hi")
    previews = [workspace.engine.queries.preview(draft, member, workspace.clock.time).file for member in ("m05", "m06")]
    privacy_erasure.erase(workspace.engine.context, "m05")
    assert [path.exists() for path in previews] == [False, True]
