"""A snapshot of a few members equals their rows in the full snapshot, on either ledger."""

from audiences.consent.suppressions import AddressKind
from campaigns.core.model.reasons import SkipReason
from tests.support.sample_campaigns import MARKETING

FEW = ("m02", "m05", "m07", "nobody")


def test_partial_snapshot_equals_the_rows_of_the_full_one(workspace):
    workspace.record_choices("m02", "newsletter:beauty", "sms_own")
    workspace.record_choices("m05", "no_purchase_detail", "tracking")
    email, phone = workspace.contact("m05")["email"], workspace.contact("m07")["phone"]
    workspace.suppress(AddressKind.EMAIL, email.upper(), SkipReason.SUPPRESSED_HARD_BOUNCE)
    workspace.suppress(AddressKind.PHONE, phone, SkipReason.SUPPRESSED_INVALID, "marketing")
    workspace.send(workspace.start("hi", MARKETING))
    everyone, few = workspace.engine.queries.snapshot(), workspace.engine.queries.snapshot(FEW)

    def rows_of_few(rows):
        return sorted((row for row in rows.to_pylist() if row["member_id"] in FEW), key=lambda row: row["member_id"])

    assert rows_of_few(few.people) == rows_of_few(everyone.people)
    assert len(rows_of_few(few.people)) == len(few.people) == 3
    assert {row["email_suppression_all"] for row in rows_of_few(few.people)} == {None, "suppressed_hard_bounce"}
    assert rows_of_few(few.sent_messages) == rows_of_few(everyone.sent_messages)
    assert {row["member_id"] for row in few.sent_messages.to_pylist()} == {"m02", "m07"}
    assert few.sent_messages.schema == everyone.sent_messages.schema
