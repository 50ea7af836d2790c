"""Imports: the same file twice, pieces and corrections, time zones, and what a report says."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audiences.consent.choices import consent_state_of, entries_of
from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState
from audiences.imports.import_file import import_file
from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Choice
from tests.support.import_target import NOW, SETTINGS, SIGNER, ImportTarget

HEADER = "member_id,purchased_at,basket_id,product_id,quantity,amount,store_id\n"
DECEMBER = HEADER + "m1,2017-12-30 10:00,b1,p1,1,2.50,s1\nm1,2017-12-30 10:00,b1,p1,2,5.00,s1\n"
JANUARY = HEADER + "m1,2017-01-02 10:00,b0,p2,1,1.00,s1\n"


def _receipts(place: ImportTarget) -> list[tuple[str, Decimal, Decimal]]:
    return place.rows("SELECT basket_id, quantity, amount FROM receipts ORDER BY basket_id")


def test_the_same_purchases_again_change_nothing(place: ImportTarget) -> None:
    assert place.bring("purchases", DECEMBER).stored == 2
    before = place.warehouse.manifest()
    again = place.bring("purchases", DECEMBER)
    assert (again.read, again.stored, again.unchanged, again.rejected) == (2, 0, 2, 0)
    assert place.warehouse.manifest() == before


def test_other_months_are_left_alone(place: ImportTarget) -> None:
    place.bring("purchases", DECEMBER)
    before = place.warehouse.manifest().parts("purchases")
    place.bring("purchases", JANUARY)
    after = place.warehouse.manifest().parts("purchases")
    assert after["2017-12"] == before["2017-12"]
    assert _receipts(place) == [("b0", 1, 1), ("b1", 3, Decimal("7.50"))]


def test_a_corrected_line_replaces_the_one_it_corrects(place: ImportTarget) -> None:
    place.bring("purchases", DECEMBER)
    report = place.bring("purchases", DECEMBER.replace("5.00", "4.00"))
    assert (report.stored, report.unchanged) == (1, 1)
    assert _receipts(place) == [("b1", 3, Decimal("6.50"))]


def test_the_rest_of_a_basket_may_come_later(place: ImportTarget) -> None:
    place.bring("purchases", DECEMBER)
    place.bring("purchases", HEADER + "m1,2017-12-30 10:00,b1,p7,1,1.50,s1\n")
    assert _receipts(place) == [("b1", 4, Decimal("9.00"))]
    assert place.rows("SELECT count(*) FROM purchase_lines") == [(3,)]


def test_a_return_is_a_negative_line(place: ImportTarget) -> None:
    place.bring("purchases", HEADER + "m1,2017-12-30 10:00,b1,p1,-1,-2.50,s1\n")
    assert _receipts(place) == [("b1", -1, Decimal("-2.50"))]


INSTANTS = [
    ("2017-12-30 10:00", "2017-12-30 08:00:00"),
    ("2017-07-30T10:00:30", "2017-07-30 07:00:30"),
    ("2017-07-30", "2017-07-29 21:00:00"),
    ("2017-12-30T10:00:00Z", "2017-12-30 10:00:00"),
    ("2017-12-30 10:00:00.250+05:30", "2017-12-30 04:30:00.25"),
    ("2017-12-30 10:00-0100", "2017-12-30 11:00:00"),
    ("2017-10-29 03:30", "2017-10-29 01:30:00"),  # comes twice: the second time
    ("2017-03-26 03:30", "2017-03-26 01:30:00"),  # does not exist: the clocks have gone forward
]


@pytest.mark.parametrize(("written", "expected"), INSTANTS)
def test_a_time_without_a_zone_is_the_workspaces(place: ImportTarget, written: str, expected: str) -> None:
    place.bring("purchases", HEADER + f"m1,{written},b1,p1,1,2.50,s1\n")
    assert place.rows("SELECT purchased_at::VARCHAR FROM receipts") == [(expected,)]


def test_parquet_and_csv_bring_the_same(place: ImportTarget) -> None:
    rows = {
        "member_id": pa.array([7, None], pa.int64()),
        "purchased_at": pa.array(["2017-12-30T10:00:00", "2017-12-30T08:00:00Z"]),
        "basket_id": pa.array(["b1", "b2"]).dictionary_encode(),
        "product_id": pa.array([1, 2]),
        "quantity": pa.array([1.0, 0.25]),
        "amount": pa.array([Decimal("2.50"), Decimal("-1.00")]),
        "store_id": pa.array([330, 330], pa.int16()),
    }
    path = place.root / "lines.bin"
    pq.write_table(pa.table(rows), path)
    assert place.bring_file("purchases", path).stored == 2
    again = place.bring(
        "purchases",
        HEADER + "7,2017-12-30 10:00,b1,1,1,2.5,330\n,2017-12-30 10:00,b2,2,.250,-1,330\n",
    )
    assert (again.stored, again.unchanged) == (0, 2)


def test_parquet_timestamps_follow_the_same_rule(place: ImportTarget) -> None:
    columns = HEADER.strip().split(",")
    ten = pa.array(["2017-12-30T10:00:00"]).cast(pa.timestamp("us"))
    naive, aware = ten, ten.cast(pa.timestamp("us", "UTC"))
    for basket, at in (("b1", naive), ("b2", aware)):
        path = place.root / f"{basket}.parquet"
        values = [["m1"], at, [basket], ["p1"], [1], [1.5], ["s1"]]
        pq.write_table(pa.table(dict(zip(columns, values, strict=True))), path)
        place.bring_file("purchases", path)
    assert place.rows("SELECT purchased_at::VARCHAR FROM receipts ORDER BY basket_id") == [
        ("2017-12-30 08:00:00",),
        ("2017-12-30 10:00:00",),
    ]


def test_a_file_that_is_not_there_or_damaged_is_refused(place: ImportTarget) -> None:
    with pytest.raises(UserError, match="no such file"):
        place.bring_file("members", place.root / "nothing.csv")
    with pytest.raises(UserError, match="damaged"):
        place.bring("members", b"PAR1 and nothing more")


def test_contact_goes_to_the_ledger_and_profile_to_the_warehouse(place: ImportTarget) -> None:
    place.bring(
        "members",
        "member_id,register,first_name,language,birth_date,email,street,postal_code,region,bonus,student\n"
        "m1,owners, Aino  Maria ,sv,1970-02-28,aino@Example.org,Katu 1,00100,Lappi,12.5,true\n",
    )
    contact = "SELECT register, first_name, language, email, address_key FROM contact"
    assert place.ledger_rows(contact) == [("owners", "Aino Maria", "sv", "aino@example.org", "katu 1|00100")]
    profile = "SELECT register, language, birth_date, region, bonus, student FROM members"
    assert place.rows(profile) == [("owners", "sv", date(1970, 2, 28), "Lappi", Decimal("12.5000"), True)]


def test_columns_that_a_file_lacks_stay_as_they_are(place: ImportTarget) -> None:
    place.bring("members", "member_id,register,first_name,email,bonus\nm1,owners,Aino,aino@example.org,3\n")
    report = place.bring("members", "member_id,register,email\nm1,household,\nm2,owners,\n")
    assert report.stored == 2
    known = "SELECT register, first_name, email, language FROM contact ORDER BY member_id"
    assert place.ledger_rows(known) == [("household", "Aino", None, "fi"), ("owners", None, None, "fi")]
    assert place.rows("SELECT bonus, language FROM members ORDER BY member_id") == [(3, "fi"), (None, "fi")]


def test_the_same_members_again_change_nothing(place: ImportTarget) -> None:
    file = "member_id,register,email,phone\nm1,owners,Aino@EXAMPLE.org,040 123 4567\nm2,owners,,\n"
    assert place.bring("members", file).stored == 2
    before = place.warehouse.manifest()
    again = place.bring("members", file)
    assert (again.stored, again.unchanged) == (0, 2)
    assert place.warehouse.manifest() == before


def test_a_member_counts_once_whether_contact_or_profile_changed(place: ImportTarget) -> None:
    file = "member_id,register,city,household_size\nm1,owners,Oulu,1\nm2,owners,Oulu,1\nm3,owners,Oulu,1\n"
    place.bring("members", file)
    changed = file.replace("m1,owners,Oulu,1", "m1,owners,Pori,2").replace("m2,owners,Oulu,1", "m2,owners,Oulu,2")
    report = place.bring("members", changed)
    assert (report.stored, report.unchanged) == (2, 1)


def test_choices_keep_wording_source_and_instant(place: ImportTarget) -> None:
    place.bring(
        "choices",
        "member_id,choice,state,at,source,wording,language,agent\n"
        "m1,email_own,on,2017-05-01 10:00,desk,2017-1,sv,agent 7\n"
        "m1,newsletter:food,on,2017-05-01 10:00,import,,,\n",
    )
    at = datetime(2017, 5, 1, 7, tzinfo=UTC)
    with place.ledger.read() as connection:
        assert entries_of(connection, ["m1"])["m1"] == [
            ConsentEntry("m1", "email_own", True, at, ConsentSource.DESK, "2017-1", "sv", "agent 7"),
            ConsentEntry("m1", "newsletter:food", True, at, ConsentSource.IMPORT),
        ]
        assert consent_state_of(connection, "m1") == ConsentState(frozenset({Choice.EMAIL_OWN}), frozenset({"food"}))


def test_c12_an_import_never_resurrects_a_withdrawn_permission(place: ImportTarget) -> None:
    head = "member_id,choice,state,at,source\n"
    place.bring("choices", head + "m1,email_own,on,2017-01-01,web\nm1,email_own,off,2017-06-01,one_click\n")
    report = place.bring("choices", head + "m1,email_own,on,2017-03-01,web\nm1,email_own,on,2017-12-01,import\n")
    assert report.stored == 2
    with place.ledger.read() as connection:
        assert consent_state_of(connection, "m1") == ConsentState(withdrawn=frozenset({"email_own"}))


def test_a_wrong_header_leaves_everything_untouched(place: ImportTarget) -> None:
    for kind in ("members", "choices", "purchases", "products", "suppressions"):
        with pytest.raises(UserError, match="unknown_column"):
            place.bring(kind, "nothing,of,this\n1,2,3\n")
    assert place.ledger_rows("SELECT count(*) FROM contact") == [(0,)]
    assert not place.warehouse.root.exists()
    assert not (place.root / "rejects").exists()


def test_a_file_without_bad_rows_removes_the_list_of_the_earlier_ones(place: ImportTarget) -> None:
    listed = place.bring("members", "member_id,register\nm1,nobody\n").rejects_path
    assert listed == place.root / "rejects" / "members-file.csv"
    assert listed.is_file()
    assert place.bring("members", "member_id,register\nm1,owners\n").rejects_path is None
    assert not listed.exists()


def test_the_staged_rows_are_gone_afterwards(place: ImportTarget) -> None:
    place.bring("members", "member_id,register\nm1,owners\n")
    assert [path.name for path in place.warehouse.root.iterdir() if path.is_dir()] == []


def test_progress_goes_from_the_beginning_to_the_end_of_the_file(place: ImportTarget, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("member_id,register\n" + "".join(f"m{number},owners\n" for number in range(60_000)))
    told: list[tuple[int, int]] = []
    report = import_file(
        "members",
        path,
        ledger=place.ledger,
        warehouse=place.warehouse,
        settings=SETTINGS,
        clock=Clock(read=lambda: NOW),
        signer=SIGNER,
        rejects=tmp_path / "rejects",
        on_progress=lambda done, whole: told.append((done, whole)),
    )
    assert report.stored == 60_000
    assert len(told) == 2
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size,) * 2


def test_no_address_stands_in_the_list_of_rejects(place: ImportTarget) -> None:
    report = place.bring("members", "member_id,register,email\nm1,owners,aino@@example.org\n")
    assert report.rejects_path is not None
    assert "aino" not in report.rejects_path.read_text()


def test_suppressions_are_compared_as_addresses_are_stored(place: ImportTarget) -> None:
    head = "kind,value,reason,scope,at,source\n"
    place.bring("suppressions", head + "email,Aino@Example.ORG,suppressed_complaint,,2017-05-01,old system\n")
    stored = place.ledger_rows("SELECT kind, value, reason, scope, source FROM suppression")
    assert stored == [("email", "aino@example.org", "suppressed_complaint", "all", "old system")]


def test_the_manifest_names_files_that_exist(place: ImportTarget) -> None:
    place.bring("purchases", DECEMBER)
    stored = json.loads((place.warehouse.root / "manifest.json").read_text())
    files = [name for parts in stored["tables"].values() for names in parts.values() for name in names]
    assert files
    assert all((place.warehouse.root / name).is_file() for name in files)
