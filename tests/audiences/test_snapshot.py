"""The member snapshot for planning: one typed row per member."""

from datetime import timedelta

import pyarrow as pa

from audiences.consent.choices import record_choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.consent.suppressions import AddressKind, AddressSuppression, SuppressionScope, suppress
from audiences.people.snapshot import take_snapshot
from campaigns.core.model.enums import Choice
from campaigns.core.model.reasons import SkipReason
from tests.support.import_target import NOW, ImportTarget
from tests.support.random_choices import START

MEMBERS = """member_id,register,household_id,first_name,email,phone,street,postal_code,city
m1,owners,h1,Aino,Aino@example.org,040 123 4567,Katu 1 A 4,00100,Helsinki
m2,customers,,,,,,,
"""


def _suppression(kind: AddressKind, value: str, reason: SkipReason, scope: SuppressionScope) -> AddressSuppression:
    return AddressSuppression(kind, value, reason, scope, NOW, "test")


def test_empty_ledger_has_an_empty_typed_snapshot(target: ImportTarget) -> None:
    empty = take_snapshot(target.ledger)
    assert empty.num_rows == 0
    assert empty.schema.field("email").type == pa.string()
    assert {empty.schema.field(choice.value).type for choice in Choice} == {pa.bool_()}


def _snapshot_rows(target: ImportTarget) -> list[dict[str, object]]:
    """Return the snapshot's rows by member id, without empty and false values."""
    rows = take_snapshot(target.ledger).sort_by("member_id").to_pylist()
    return [{name: value for name, value in row.items() if value not in (None, False)} for row in rows]


def test_contact_is_one_row_with_its_postal_address_as_one_key(target: ImportTarget) -> None:
    target.import_content("members", MEMBERS)
    assert _snapshot_rows(target) == [
        {
            "member_id": "m1",
            "register": "owners",
            "household_id": "h1",
            "first_name": "Aino",
            "language": "fi",
            "email": "Aino@example.org",
            "phone": "+358401234567",
            "phone_class": "FI mobile",
            "street": "Katu 1 A 4",
            "postal_code": "00100",
            "city": "Helsinki",
            "address_key": "katu 1 a 4|00100",
            "unit": "1",
        },
        {"member_id": "m2", "register": "customers", "language": "fi", "unit": "2"},
    ]


def test_choice_columns_separate_withdrawn_from_never_given(
    target: ImportTarget,
) -> None:
    target.import_content("members", MEMBERS)
    before, other = _snapshot_rows(target)
    with target.ledger.write() as connection:
        record_choices(
            connection,
            [
                ConsentEntry("m1", "email_own", True, START, ConsentSource.WEB),
                ConsentEntry("m1", "newsletter:food", True, START, ConsentSource.WEB),
                ConsentEntry("m1", "newsletter:food", False, START + timedelta(days=1), ConsentSource.WEB),
                ConsentEntry("m1", "newsletter:beauty", True, START, ConsentSource.WEB),
            ],
        )
    choices = {"email_own": True, "newsletters": "|beauty|", "withdrawn": "|newsletter:food|"}
    assert _snapshot_rows(target) == [before | choices, other]


def test_suppression_columns_name_the_suppressed_address(target: ImportTarget) -> None:
    target.import_content("members", MEMBERS)
    before, other = _snapshot_rows(target)
    marketing = SuppressionScope.MARKETING
    with target.ledger.write() as connection:
        suppress(
            connection,
            [
                _suppression(AddressKind.EMAIL, "aino@example.org", SkipReason.SUPPRESSED_COMPLAINT, marketing),
                _suppression(AddressKind.PHONE, "+358401234567", SkipReason.SUPPRESSED_INVALID, SuppressionScope.ALL),
                _suppression(AddressKind.ADDRESS, "katu 1 a 4|00100", SkipReason.SUPPRESSED_MANUAL, marketing),
            ],
        )
    suppressions = {
        "email_suppression": "suppressed_complaint",
        "phone_suppression": "suppressed_invalid",
        "phone_suppression_all": "suppressed_invalid",
        "address_suppression": "suppressed_manual",
    }
    assert _snapshot_rows(target) == [before | suppressions, other]


def test_snapshot_leaves_the_write_ahead_log_in_place(target: ImportTarget) -> None:
    target.import_content("members", MEMBERS)
    take_snapshot(target.ledger)
    with target.ledger.write() as connection:
        record_choices(connection, [ConsentEntry("m1", "email_own", True, START, ConsentSource.WEB)])
    assert take_snapshot(target.ledger).sort_by("member_id").column("email_own").to_pylist() == [True, False]
    assert (target.root / "ledger.sqlite-wal").is_file()
