"""What readers of the warehouse see, and what they never see."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from audiences.people.member_erasure import tombstone_members
from audiences.warehouse import columns
from audiences.warehouse.warehouse import WHOLE_TABLE
from campaigns.core.errors import UserError
from tests.support.import_target import CATALOGUE, MEMBERS, NOW, PRODUCTS, PURCHASES, ImportTarget


@pytest.fixture
def filled(place: ImportTarget) -> ImportTarget:
    place.bring("products", PRODUCTS)
    place.bring("purchases", PURCHASES)
    place.bring("members", MEMBERS)
    return place


def test_an_empty_warehouse_has_empty_typed_views(place: ImportTarget) -> None:
    views = {
        "members": columns.member_columns(CATALOGUE),
        "receipts": columns.RECEIPTS,
        "products": columns.product_columns(CATALOGUE),
    }
    for view, types in views.items():
        described = {row[0]: row[1] for row in place.rows(f"DESCRIBE {view}")}
        assert described == types
        assert place.rows(f"FROM {view}") == []
    assert place.rows("FROM purchase_lines") == []
    assert place.warehouse.categories() == {}


def test_purchase_lines_carry_their_product(filled: ImportTarget) -> None:
    names = [row[0] for row in filled.rows("DESCRIBE purchase_lines")]
    assert names == [
        "member_id",
        "purchased_at",
        "basket_id",
        "product_id",
        "quantity",
        "amount",
        "store_id",
        "department",
        "brand",
        "product_category",
        "product_type",
    ]


def test_fi12_special_goods_are_in_no_view_and_their_amount_in_the_receipt(filled: ImportTarget) -> None:
    bought = filled.rows("SELECT product_id, product_category FROM purchase_lines WHERE basket_id = 'b1' ORDER BY ALL")
    assert bought == [("p1", "CHEESE"), ("p5", None), ("p9", None)]
    assert filled.rows("SELECT product_id FROM products ORDER BY ALL") == [("p1",), ("p5",)]
    assert [str(amount) for (amount,) in filled.rows("SELECT amount FROM receipts WHERE basket_id = 'b1'")] == ["27.00"]


def test_fi12_columns_of_the_special_class_are_in_no_view_and_in_no_profile_file(filled: ImportTarget) -> None:
    assert "diagnosis" not in [row[0] for row in filled.rows("DESCRIBE members")]
    assert "health_mark" not in [row[0] for row in filled.rows("DESCRIBE products")]
    (file,) = filled.warehouse.manifest().files("members")
    assert b"secret" not in (filled.warehouse.root / file).read_bytes()


def test_contact_is_not_copied_into_the_warehouse(filled: ImportTarget) -> None:
    assert [row[0] for row in filled.rows("DESCRIBE members")] == [
        "member_id",
        "register",
        "household_id",
        "language",
        "birth_date",
        "region",
        "household_size",
        "bonus",
        "student",
    ]


def test_fi11_lines_past_their_retention_are_out_of_sight_and_receipts_have_their_own(filled: ImportTarget) -> None:
    seen = "SELECT basket_id FROM purchase_lines WHERE member_id = 'm2' ORDER BY ALL"
    assert filled.rows(seen) == [("b2",)]
    assert filled.rows(seen, NOW + timedelta(days=2)) == []
    receipts = "SELECT basket_id FROM receipts WHERE member_id = 'm2' ORDER BY ALL"
    assert filled.rows(receipts) == [("b2",), ("b3",)]
    assert filled.rows(receipts, NOW + timedelta(days=700)) == []


def test_anonymous_purchases_are_kept(filled: ImportTarget) -> None:
    assert filled.rows("SELECT quantity FROM purchase_lines WHERE member_id IS NULL")[0][0] == 2
    assert filled.rows("SELECT count(*) FROM receipts WHERE member_id IS NULL") == [(1,)]


def test_a_column_that_nothing_was_imported_into_has_no_categories_to_hold_rules_to(place: ImportTarget) -> None:
    place.bring("members", MEMBERS)
    assert place.warehouse.categories() == {}


def test_categories_stand_in_the_manifest_without_special_values(filled: ImportTarget) -> None:
    assert filled.warehouse.categories() == {
        "department": {"GROCERY", "DRUG GM"},
        "brand": {"Private"},
        "product_category": {"CHEESE"},
    }


def test_a_column_declared_after_the_import_is_unknown(filled: ImportTarget) -> None:
    (file,) = filled.warehouse.manifest().files("members")
    with filled.warehouse.write_lock(), filled.warehouse.connect(NOW) as connection:
        older = filled.warehouse.new_file_path("members")
        connection.execute(f"COPY (SELECT * EXCLUDE (bonus) FROM members) TO '{older}' (FORMAT parquet)")
        filled.warehouse.publish_state({"members": {WHOLE_TABLE: [older]}}, NOW)
    assert file not in filled.warehouse.manifest().files("members")
    assert filled.rows("SELECT bonus FROM members") == [(None,), (None,)]


def test_a_reader_keeps_the_state_in_which_it_connected(filled: ImportTarget) -> None:
    with filled.warehouse.connect(NOW) as connection:
        filled.bring("members", "member_id,register\nm3,owners\n")
        assert connection.execute("SELECT count(*) FROM members").fetchall() == [(2,)]
    assert filled.rows("SELECT count(*) FROM members") == [(3,)]


def test_a_crash_before_the_swap_leaves_the_present_state(
    filled: ImportTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.warehouse.manifest()

    def power_cut(self: Path, target: Path) -> Path:
        raise OSError("no power")

    monkeypatch.setattr(Path, "replace", power_cut)
    with pytest.raises(OSError, match="power"):
        filled.bring("members", "member_id,register\nm3,owners\n")
    monkeypatch.undo()
    assert filled.warehouse.manifest() == before
    assert filled.rows("SELECT count(*) FROM members") == [(2,)]
    assert filled.bring("members", "member_id,register\nm3,owners\n").stored == 1


def test_the_manifest_is_readable_by_others(filled: ImportTarget) -> None:
    stored = json.loads((filled.warehouse.root / "manifest.json").read_text(encoding="utf-8"))
    assert stored["tables"]["purchases"].keys() == {"2016-11", "2017-12"}


def test_a_second_writer_is_refused(filled: ImportTarget) -> None:
    with filled.warehouse.write_lock(), pytest.raises(UserError, match="another import"):
        filled.bring("members", MEMBERS)


def test_sweeping_deletes_what_is_superseded_only(filled: ImportTarget) -> None:
    filled.bring("members", "member_id,register\nm3,owners\n")
    (filled.warehouse.root / "staging-killed").mkdir()
    with filled.warehouse.write_lock():
        assert filled.warehouse.delete_superseded() == 1
    assert not (filled.warehouse.root / "staging-killed").exists()
    assert filled.rows("SELECT count(*) FROM members") == [(3,)]


def _sights(place: ImportTarget) -> list[int]:
    tables = ("members", "receipts", "purchase_lines")
    return [place.rows(f"SELECT count(*) FROM {table} WHERE member_id = 'm1'")[0][0] for table in tables]


def test_gd12_a_buried_member_is_out_of_sight_at_once(filled: ImportTarget) -> None:
    assert _sights(filled) == [1, 1, 3]
    tombstone_members(filled.warehouse, ["m1"], NOW)
    assert _sights(filled) == [0, 0, 0]
    assert filled.rows("SELECT count(*) FROM receipts") == [(3,)]


def test_gd12_an_import_brings_no_buried_member_back(filled: ImportTarget) -> None:
    tombstone_members(filled.warehouse, ["m1"], NOW)
    report = filled.bring("members", MEMBERS)
    assert (report.stored, report.unchanged, report.rejected) == (0, 1, 1)
    filled.bring("purchases", PURCHASES.replace("2017-12-30", "2017-12-29"))
    assert _sights(filled) == [0, 0, 0]


def test_what_is_asked_about_one_member_opens_no_file_that_they_are_not_in(filled: ImportTarget) -> None:
    manifest = filled.warehouse.manifest()
    opened = {member: manifest.files_with_members("receipts", [member]) for member in ("m1", "m2", "m3")}
    assert [[name[:16] for name in opened[member]] for member in opened] == [
        ["receipts-2017-12"],
        ["receipts-2016-11"],
        [],
    ]
    assert len(manifest.files("receipts")) == 2


@pytest.mark.parametrize("at_once", [False, True])
def test_the_views_about_one_member_hold_their_rows_and_no_others(filled: ImportTarget, *, at_once: bool) -> None:
    tombstone_members(filled.warehouse, ["m2"], NOW)
    for view in ("members", "receipts", "purchase_lines"):
        for member in ("m1", "m2"):
            theirs = filled.rows(f"FROM {view} WHERE member_id = '{member}' ORDER BY ALL")
            with filled.warehouse.connect_for_members([member], NOW, eager=at_once) as connection:
                assert connection.execute(f"FROM {view} ORDER BY ALL").fetchall() == theirs
                assert bool(theirs) is (member == "m1")


def test_a_file_of_which_it_is_not_known_who_is_in_it_is_opened_for_everybody(filled: ImportTarget) -> None:
    filled.bring("purchases", PURCHASES.splitlines()[0] + "\n,2017-11-30 10:00,b9,p1,2,4.00,s1\n", "nobody.csv")
    manifest = filled.warehouse.manifest()
    assert manifest.files_with_members("receipts", ["m3"]) == manifest.parts("receipts")["2017-11"]
    path = filled.warehouse.root / "manifest.json"
    older = {name: value for name, value in json.loads(path.read_text("utf-8")).items() if name != "spans"}
    path.write_text(json.dumps(older), encoding="utf-8")
    assert filled.warehouse.manifest().files_with_members("receipts", ["m3"]) == manifest.files("receipts")
