"""Views of the warehouse: the rows they show, and the data they withhold."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audiences.people.member_erasure import tombstone_members
from audiences.warehouse import columns
from audiences.warehouse.warehouse import WHOLE_TABLE
from campaigns.core.errors import UserError
from tests.support.import_target import CATALOGUE, MEMBERS, NOW, PRODUCTS, PURCHASES, ImportTarget, open_import_target


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a filled ledger and warehouse. For copying only."""
    root = tmp_path_factory.mktemp("filled") / "folder"
    root.mkdir()
    with open_import_target(root) as target:
        target.import_content("products", PRODUCTS)
        target.import_content("purchases", PURCHASES)
        target.import_content("members", MEMBERS)
    return root


@pytest.fixture
def filled_target(filled_folder: Path, tmp_path: Path) -> Iterator[ImportTarget]:
    with open_import_target(shutil.copytree(filled_folder, tmp_path / "filled")) as target:
        yield target


def test_empty_warehouse_has_empty_typed_views(target: ImportTarget) -> None:
    views = {
        "members": columns.member_columns(CATALOGUE),
        "receipts": columns.RECEIPTS,
        "products": columns.product_columns(CATALOGUE),
    }
    for view, types in views.items():
        described = {row[0]: row[1] for row in target.rows(f"DESCRIBE {view}")}
        assert described == types
        assert target.rows(f"FROM {view}") == []
    assert target.rows("FROM purchase_lines") == []
    assert target.warehouse.categories() == {}


def test_purchase_lines_have_the_columns_of_their_product(filled_target: ImportTarget) -> None:
    names = [row[0] for row in filled_target.rows("DESCRIBE purchase_lines")]
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


def test_fi12_special_goods_are_in_no_view_but_their_amount_is_in_the_receipt(filled_target: ImportTarget) -> None:
    lines = filled_target.rows(
        "SELECT product_id, product_category FROM purchase_lines WHERE basket_id = 'b1' ORDER BY ALL"
    )
    assert lines == [("p1", "CHEESE"), ("p5", None), (None, None)]  # the register does not know the last one
    assert filled_target.rows("SELECT product_id FROM products ORDER BY ALL") == [("p1",), ("p5",)]
    assert [str(amount) for (amount,) in filled_target.rows("SELECT amount FROM receipts WHERE basket_id = 'b1'")] == [
        "27.00"
    ]


def test_fi12_special_class_columns_are_in_no_view_and_no_profile_file(filled_target: ImportTarget) -> None:
    assert "diagnosis" not in [row[0] for row in filled_target.rows("DESCRIBE members")]
    assert "health_mark" not in [row[0] for row in filled_target.rows("DESCRIBE products")]
    (file,) = filled_target.warehouse.manifest().files("members")
    assert b"secret" not in (filled_target.warehouse.root / file).read_bytes()


def test_contact_is_not_copied_into_the_warehouse(filled_target: ImportTarget) -> None:
    assert [row[0] for row in filled_target.rows("DESCRIBE members")] == [
        "member_id",
        "register",
        "household_id",
        "language",
        "birth_date",
        "region",
        "household_size",
        "bonus",
        "home_store",
        "student",
    ]


def test_fi11_expired_lines_are_hidden_and_receipts_have_their_own_retention(filled_target: ImportTarget) -> None:
    lines = "SELECT basket_id FROM purchase_lines WHERE member_id = 'm2' ORDER BY ALL"
    assert filled_target.rows(lines) == [("b2",)]
    assert filled_target.rows(lines, NOW + timedelta(days=2)) == []
    receipts = "SELECT basket_id FROM receipts WHERE member_id = 'm2' ORDER BY ALL"
    assert filled_target.rows(receipts) == [("b2",), ("b3",)]
    assert filled_target.rows(receipts, NOW + timedelta(days=700)) == []


def test_anonymous_purchases_are_kept(filled_target: ImportTarget) -> None:
    assert filled_target.rows("SELECT quantity FROM purchase_lines WHERE member_id IS NULL")[0][0] == 2
    assert filled_target.rows("SELECT count(*) FROM receipts WHERE member_id IS NULL") == [(1,)]


def test_column_without_imported_values_has_no_categories(target: ImportTarget) -> None:
    target.import_content("members", MEMBERS)
    assert target.warehouse.categories() == {}


def test_manifest_lists_categories_without_special_values(filled_target: ImportTarget) -> None:
    assert filled_target.warehouse.categories() == {
        "department": {"GROCERY", "DRUG GM"},
        "brand": {"Private"},
        "product_category": {"CHEESE"},
    }


def test_column_declared_after_the_import_is_unknown(filled_target: ImportTarget) -> None:
    (file,) = filled_target.warehouse.manifest().files("members")
    with filled_target.warehouse.write_lock(), filled_target.warehouse.connect(NOW) as connection:
        older = filled_target.warehouse.new_file_path("members")
        connection.execute(f"COPY (SELECT * EXCLUDE (bonus) FROM members) TO '{older}' (FORMAT parquet)")
        filled_target.warehouse.publish_state({"members": {WHOLE_TABLE: [older]}}, NOW)
    assert file not in filled_target.warehouse.manifest().files("members")
    assert filled_target.rows("SELECT bonus FROM members") == [(None,), (None,)]


def test_reader_keeps_the_state_of_its_connection_time(filled_target: ImportTarget) -> None:
    with filled_target.warehouse.connect(NOW) as connection:
        filled_target.import_content("members", "member_id,register\nm3,owners\n")
        assert connection.execute("SELECT count(*) FROM members").fetchall() == [(2,)]
    assert filled_target.rows("SELECT count(*) FROM members") == [(3,)]


def test_crash_before_the_swap_leaves_the_current_state(
    filled_target: ImportTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled_target.warehouse.manifest()

    def power_cut(self: Path, target: Path) -> Path:
        raise OSError("no power")

    monkeypatch.setattr(Path, "replace", power_cut)
    with pytest.raises(OSError, match="power"):
        filled_target.import_content("members", "member_id,register\nm3,owners\n")
    monkeypatch.undo()
    assert filled_target.warehouse.manifest() == before
    assert filled_target.rows("SELECT count(*) FROM members") == [(2,)]
    assert filled_target.import_content("members", "member_id,register\nm3,owners\n").stored == 1


def test_manifest_is_readable_json(filled_target: ImportTarget) -> None:
    stored = json.loads((filled_target.warehouse.root / "manifest.json").read_text(encoding="utf-8"))
    assert stored["tables"]["purchases"].keys() == {"2016-11", "2017-12"}


def test_second_writer_is_refused(filled_target: ImportTarget) -> None:
    with filled_target.warehouse.write_lock(), pytest.raises(UserError, match="another import"):
        filled_target.import_content("members", MEMBERS)


def test_sweeping_deletes_only_superseded_files(filled_target: ImportTarget) -> None:
    filled_target.import_content("members", "member_id,register\nm3,owners\n")
    (filled_target.warehouse.root / "staging-killed").mkdir()
    with filled_target.warehouse.write_lock():
        assert filled_target.warehouse.delete_superseded() == 1
    assert not (filled_target.warehouse.root / "staging-killed").exists()
    assert filled_target.rows("SELECT count(*) FROM members") == [(3,)]


def _visible_rows(target: ImportTarget) -> list[int]:
    tables = ("members", "receipts", "purchase_lines")
    return [target.rows(f"SELECT count(*) FROM {table} WHERE member_id = 'm1'")[0][0] for table in tables]


def test_gd12_tombstoned_member_is_hidden_at_once(filled_target: ImportTarget) -> None:
    assert _visible_rows(filled_target) == [1, 1, 3]
    tombstone_members(filled_target.warehouse, ["m1"], NOW)
    assert _visible_rows(filled_target) == [0, 0, 0]
    assert filled_target.rows("SELECT count(*) FROM receipts") == [(3,)]


def test_gd12_import_does_not_restore_a_tombstoned_member(filled_target: ImportTarget) -> None:
    tombstone_members(filled_target.warehouse, ["m1"], NOW)
    report = filled_target.import_content("members", MEMBERS)
    assert (report.stored, report.unchanged, report.rejected) == (0, 1, 1)
    filled_target.import_content("purchases", PURCHASES.replace("2017-12-30", "2017-12-29"))
    assert _visible_rows(filled_target) == [0, 0, 0]


def test_query_about_one_member_opens_only_files_with_their_rows(filled_target: ImportTarget) -> None:
    manifest = filled_target.warehouse.manifest()
    opened = {member: manifest.files_with_members("receipts", [member]) for member in ("m1", "m2", "m3")}
    assert [[name[:16] for name in opened[member]] for member in opened] == [
        ["receipts-2017-12"],
        ["receipts-2016-11"],
        [],
    ]
    assert len(manifest.files("receipts")) == 2


@pytest.mark.parametrize("eager", [False, True])
def test_views_of_one_member_hold_only_their_rows(filled_target: ImportTarget, *, eager: bool) -> None:
    tombstone_members(filled_target.warehouse, ["m2"], NOW)
    for view in ("members", "receipts", "purchase_lines"):
        for member in ("m1", "m2"):
            expected = filled_target.rows(f"FROM {view} WHERE member_id = '{member}' ORDER BY ALL")
            with filled_target.warehouse.connect_for_members([member], NOW, eager=eager) as connection:
                assert connection.execute(f"FROM {view} ORDER BY ALL").fetchall() == expected
                assert bool(expected) is (member == "m1")


def test_file_without_member_spans_is_opened_for_every_member(filled_target: ImportTarget) -> None:
    filled_target.import_content(
        "purchases", PURCHASES.splitlines()[0] + "\n,2017-11-30 10:00,b9,p1,2,4.00,s1\n", "nobody.csv"
    )
    manifest = filled_target.warehouse.manifest()
    assert manifest.files_with_members("receipts", ["m3"]) == manifest.parts("receipts")["2017-11"]
    path = filled_target.warehouse.root / "manifest.json"
    older = {name: value for name, value in json.loads(path.read_text("utf-8")).items() if name != "spans"}
    path.write_text(json.dumps(older), encoding="utf-8")
    assert filled_target.warehouse.manifest().files_with_members("receipts", ["m3"]) == manifest.files("receipts")
