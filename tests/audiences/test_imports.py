"""Imports: repeated files, partial files and corrections, time zones, and reports."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from audiences.consent.choices import consent_state_of, entries_of
from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState
from audiences.imports.import_file import import_file
from audiences.imports.import_report import ImportProgress
from audiences.tables import CONTACT
from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Choice
from tests.support.import_target import NOW, SETTINGS, SIGNER, ImportTarget

HEADER = "member_id,purchased_at,basket_id,product_id,quantity,amount,store_id\n"
DECEMBER = HEADER + "m1,2017-12-30 10:00,b1,p1,1,2.50,s1\nm1,2017-12-30 10:00,b1,p1,2,5.00,s1\n"
JANUARY = HEADER + "m1,2017-01-02 10:00,b0,p2,1,1.00,s1\n"


def _receipts(target: ImportTarget) -> list[tuple[str, Decimal, Decimal]]:
    return target.rows("SELECT basket_id, quantity, amount FROM receipts ORDER BY basket_id")


def test_repeated_purchases_change_nothing(target: ImportTarget) -> None:
    assert target.import_content("purchases", DECEMBER).stored == 2
    before = target.warehouse.manifest()
    again = target.import_content("purchases", DECEMBER)
    assert (again.read, again.stored, again.unchanged, again.rejected) == (2, 0, 2, 0)
    assert target.warehouse.manifest() == before


def test_import_leaves_other_months_unchanged(target: ImportTarget) -> None:
    target.import_content("purchases", DECEMBER)
    before = target.warehouse.manifest().parts("purchases")
    target.import_content("purchases", JANUARY)
    after = target.warehouse.manifest().parts("purchases")
    assert after["2017-12"] == before["2017-12"]
    assert _receipts(target) == [("b0", 1, 1), ("b1", 3, Decimal("7.50"))]


def test_corrected_line_replaces_the_earlier_one(target: ImportTarget) -> None:
    target.import_content("purchases", DECEMBER)
    report = target.import_content("purchases", DECEMBER.replace("5.00", "4.00"))
    assert (report.stored, report.unchanged) == (1, 1)
    assert _receipts(target) == [("b1", 3, Decimal("6.50"))]


def test_rest_of_a_basket_may_arrive_later(target: ImportTarget) -> None:
    target.import_content("purchases", DECEMBER)
    target.import_content("purchases", HEADER + "m1,2017-12-30 10:00,b1,p7,1,1.50,s1\n")
    assert _receipts(target) == [("b1", 4, Decimal("9.00"))]
    assert target.rows("SELECT count(*) FROM purchase_lines") == [(3,)]


def test_return_is_a_negative_line(target: ImportTarget) -> None:
    target.import_content("purchases", HEADER + "m1,2017-12-30 10:00,b1,p1,-1,-2.50,s1\n")
    assert _receipts(target) == [("b1", -1, Decimal("-2.50"))]


INSTANTS = [
    ("2017-12-30 10:00", "2017-12-30 08:00:00"),
    ("2017-07-30T10:00:30", "2017-07-30 07:00:30"),
    ("2017-07-30", "2017-07-29 21:00:00"),
    ("2017-12-30T10:00:00Z", "2017-12-30 10:00:00"),
    ("2017-12-30 10:00:00.250+05:30", "2017-12-30 04:30:00.25"),
    ("2017-12-30 10:00-0100", "2017-12-30 11:00:00"),
    ("2017-10-29 03:30", "2017-10-29 01:30:00"),  # occurs twice: the second time
    ("2017-03-26 03:30", "2017-03-26 01:30:00"),  # does not exist: the clocks have gone forward
]


@pytest.mark.parametrize(("text", "expected"), INSTANTS)
def test_time_without_a_zone_is_in_the_workspace_zone(target: ImportTarget, text: str, expected: str) -> None:
    target.import_content("purchases", HEADER + f"m1,{text},b1,p1,1,2.50,s1\n")
    assert target.rows("SELECT purchased_at::VARCHAR FROM receipts") == [(expected,)]


def test_parquet_and_csv_import_the_same_rows(target: ImportTarget) -> None:
    rows = {
        "member_id": pa.array([7, None], pa.int64()),
        "purchased_at": pa.array(["2017-12-30T10:00:00", "2017-12-30T08:00:00Z"]),
        "basket_id": pa.array(["b1", "b2"]).dictionary_encode(),
        "product_id": pa.array([1, 2]),
        "quantity": pa.array([1.0, 0.25]),
        "amount": pa.array([Decimal("2.50"), Decimal("-1.00")]),
        "store_id": pa.array([330, 330], pa.int16()),
    }
    path = target.root / "lines.bin"
    pq.write_table(pa.table(rows), path)
    assert target.import_file("purchases", path).stored == 2
    again = target.import_content(
        "purchases",
        HEADER + "7,2017-12-30 10:00,b1,1,1,2.5,330\n,2017-12-30 10:00,b2,2,.250,-1,330\n",
    )
    assert (again.stored, again.unchanged) == (0, 2)


def test_parquet_timestamps_follow_the_same_zone_rule(target: ImportTarget) -> None:
    columns = HEADER.strip().split(",")
    ten = pa.array(["2017-12-30T10:00:00"]).cast(pa.timestamp("us"))
    naive, aware = ten, ten.cast(pa.timestamp("us", "UTC"))
    for basket, at in (("b1", naive), ("b2", aware)):
        path = target.root / f"{basket}.parquet"
        values = [["m1"], at, [basket], ["p1"], [1], [1.5], ["s1"]]
        pq.write_table(pa.table(dict(zip(columns, values, strict=True))), path)
        target.import_file("purchases", path)
    assert target.rows("SELECT purchased_at::VARCHAR FROM receipts ORDER BY basket_id") == [
        ("2017-12-30 08:00:00",),
        ("2017-12-30 10:00:00",),
    ]


def test_missing_or_damaged_file_is_refused(target: ImportTarget) -> None:
    with pytest.raises(UserError, match="no such file"):
        target.import_file("members", target.root / "nothing.csv")
    with pytest.raises(UserError, match="damaged"):
        target.import_content("members", b"PAR1 and nothing more")


def test_contact_goes_to_the_ledger_and_profile_to_the_warehouse(target: ImportTarget) -> None:
    target.import_content(
        "members",
        "member_id,register,first_name,language,birth_date,email,street,postal_code,region,bonus,student\n"
        "m1,owners, Aino  Maria ,sv,1970-02-28,aino@Example.org,Katu 1,00100,Lappi,12.5,true\n",
    )
    contact = "SELECT register, first_name, language, email, address_key FROM contact"
    assert target.ledger_rows(contact) == [("owners", "Aino Maria", "sv", "aino@example.org", "katu 1|00100")]
    profile = "SELECT register, language, birth_date, region, bonus, student FROM members"
    assert target.rows(profile) == [("owners", "sv", date(1970, 2, 28), "Lappi", Decimal("12.5000"), True)]


def test_columns_missing_from_a_file_keep_their_values(target: ImportTarget) -> None:
    target.import_content("members", "member_id,register,first_name,email,bonus\nm1,owners,Aino,aino@example.org,3\n")
    report = target.import_content("members", "member_id,register,email\nm1,household,\nm2,owners,\n")
    assert report.stored == 2
    query = "SELECT register, first_name, email, language FROM contact ORDER BY member_id"
    assert target.ledger_rows(query) == [("household", "Aino", None, "fi"), ("owners", None, None, "fi")]
    assert target.rows("SELECT bonus, language FROM members ORDER BY member_id") == [(3, "fi"), (None, "fi")]


def test_repeated_members_change_nothing(target: ImportTarget) -> None:
    file = "member_id,register,email,phone\nm1,owners,Aino@EXAMPLE.org,040 123 4567\nm2,owners,,\n"
    assert target.import_content("members", file).stored == 2
    before = target.warehouse.manifest()
    again = target.import_content("members", file)
    assert (again.stored, again.unchanged) == (0, 2)
    assert target.warehouse.manifest() == before


def test_member_counts_once_whether_contact_or_profile_changed(target: ImportTarget) -> None:
    file = "member_id,register,city,household_size\nm1,owners,Oulu,1\nm2,owners,Oulu,1\nm3,owners,Oulu,1\n"
    target.import_content("members", file)
    changed = file.replace("m1,owners,Oulu,1", "m1,owners,Pori,2").replace("m2,owners,Oulu,1", "m2,owners,Oulu,2")
    report = target.import_content("members", changed)
    assert (report.stored, report.unchanged) == (2, 1)


def test_choices_keep_text_version_source_and_time(target: ImportTarget) -> None:
    target.import_content(
        "choices",
        "member_id,choice,state,at,source,wording,language,agent\n"
        "m1,email_own,on,2017-05-01 10:00,desk,2017-1,sv,agent 7\n"
        "m1,newsletter:food,on,2017-05-01 10:00,import,,,\n",
    )
    at = datetime(2017, 5, 1, 7, tzinfo=UTC)
    with target.ledger.read() as connection:
        assert entries_of(connection, ["m1"])["m1"] == [
            ConsentEntry("m1", "email_own", True, at, ConsentSource.DESK, "2017-1", "sv", "agent 7"),
            ConsentEntry("m1", "newsletter:food", True, at, ConsentSource.IMPORT),
        ]
        assert consent_state_of(connection, "m1") == ConsentState(frozenset({Choice.EMAIL_OWN}), frozenset({"food"}))


def test_c12_import_never_restores_a_withdrawn_permission(target: ImportTarget) -> None:
    head = "member_id,choice,state,at,source\n"
    target.import_content("choices", head + "m1,email_own,on,2017-01-01,web\nm1,email_own,off,2017-06-01,one_click\n")
    report = target.import_content(
        "choices", head + "m1,email_own,on,2017-03-01,web\nm1,email_own,on,2017-12-01,import\n"
    )
    assert report.stored == 2
    with target.ledger.read() as connection:
        assert consent_state_of(connection, "m1") == ConsentState(withdrawn=frozenset({"email_own"}))


def test_wrong_header_changes_nothing(target: ImportTarget) -> None:
    for kind in ("members", "choices", "purchases", "products", "suppressions"):
        with pytest.raises(UserError, match="foreign_header"):
            target.import_content(kind, "nothing,of,this\n1,2,3\n")
    assert target.ledger_rows("SELECT count(*) FROM contact") == [(0,)]
    assert not target.warehouse.root.exists()
    assert not (target.root / "rejects").exists()


def test_file_without_bad_rows_removes_the_earlier_list_of_rejects(target: ImportTarget) -> None:
    rejects = target.import_content("members", "member_id,register\nm1,nobody\n").rejects_path
    assert rejects == target.root / "rejects" / "members-file.csv"
    assert rejects.is_file()
    assert target.import_content("members", "member_id,register\nm1,owners\n").rejects_path is None
    assert not rejects.exists()


def test_staged_rows_are_removed_after_the_import(target: ImportTarget) -> None:
    target.import_content("members", "member_id,register\nm1,owners\n")
    assert [path.name for path in target.warehouse.root.iterdir() if path.is_dir()] == []


@pytest.mark.long
def test_progress_grows_to_the_size_of_the_file(target: ImportTarget, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("member_id,register\n" + "".join(f"m{number},owners\n" for number in range(60_000)))
    progress: list[ImportProgress] = []
    report = import_file(
        "members",
        path,
        ledger=target.ledger,
        warehouse=target.warehouse,
        settings=SETTINGS,
        clock=Clock(read=lambda: NOW),
        signer=SIGNER,
        rejects=tmp_path / "rejects",
        on_progress=progress.append,
    )
    size = path.stat().st_size
    assert report.stored == 60_000
    assert list(dict.fromkeys(each.step for each in progress)) == ["reading", "checking", "storing"]
    reading, storing = ([each for each in progress if each.step == step] for step in ("reading", "storing"))
    assert [(each.rows, each.whole) for each in reading] == [(50_000, size), (60_000, size)]
    assert [reading[0].done < size, reading[1].done] == [True, size]
    assert [(each.done, each.whole) for each in storing] == [(done, 60_000) for done in range(0, 60_000, 1000)]


def test_list_of_rejects_holds_no_address(target: ImportTarget) -> None:
    report = target.import_content("members", "member_id,register,email\nm1,owners,aino@@example.org\n")
    assert report.rejects_path is not None
    assert "aino" not in report.rejects_path.read_text()


def test_suppressed_address_is_normalised_like_a_stored_one(target: ImportTarget) -> None:
    head = "kind,value,reason,scope,at,source\n"
    target.import_content("suppressions", head + "email,Aino@Example.ORG,suppressed_complaint,,2017-05-01,old system\n")
    stored = target.ledger_rows("SELECT kind, value, reason, scope, source FROM suppression")
    assert stored == [("email", "aino@example.org", "suppressed_complaint", "all", "old system")]


def test_manifest_names_files_that_exist(target: ImportTarget) -> None:
    target.import_content("purchases", DECEMBER)
    stored = json.loads((target.warehouse.root / "manifest.json").read_text())
    files = [name for parts in stored["tables"].values() for names in parts.values() for name in names]
    assert files
    assert all((target.warehouse.root / name).is_file() for name in files)


def test_numbers_of_countries_not_served_are_stored_and_reported(target: ImportTarget) -> None:
    members = "member_id,register,phone\nm1,owners,+46701234567\nm2,owners,0401234567\nm3,owners,+18765551234\n"
    report = target.import_content("members", members)
    assert (report.stored, report.rejected, report.emptied, report.not_served) == (3, 0, 0, 2)
    assert report.rejects_path is not None
    assert "2,phone,a number of a country that the settings do not serve: stored" in report.rejects_path.read_text()
    with target.ledger.read() as connection:
        rows = connection.execute(select(CONTACT.c.phone, CONTACT.c.phone_class).order_by(CONTACT.c.member_id)).all()
    assert [tuple(row) for row in rows] == [
        ("+46701234567", "SE mobile"),
        ("+358401234567", "FI mobile"),
        ("+18765551234", "JM mobile"),
    ]


def test_member_of_a_workspace_of_norway_has_its_postal_code_and_number(target: ImportTarget) -> None:
    target = replace(target, settings=target.settings.model_copy(update={"country": "NO"}))
    report = target.import_content(
        "members",
        "member_id,register,phone,street,postal_code,city\nm1,owners,412 34 567,Storgata 1,150,Oslo\n"
        "m2,owners,,Storgata 2,00100,Oslo\n",
    )
    with target.ledger.read() as connection:
        rows = connection.execute(select(CONTACT.c.phone, CONTACT.c.postal_code).order_by(CONTACT.c.member_id)).all()
    assert [tuple(row) for row in rows] == [("+4741234567", "0150"), (None, None)]
    assert [str(reason) for reason in report.reasons] == [
        "1 row, `postal_code`: not a postal code of four digits; the member is stored without one (first in line 3)"
    ]
