"""Stores: imported by id, read as a mapping, named by the members' `home_store`."""

from tests.support.import_target import ImportTarget

STORES = """store_id,name,street,postal_code,city,hours,url,parking
s1,Lähdemarket Puistokatu,Puistokatu 50,70100,Kuopio,7–22,https://lahde.example.org/s1,true
s2,Lähdepuoti Torikatu,,,,,,
"""
MEMBERS = "member_id,register,home_store\nm1,owners,s1\nm2,owners,s9\nm3,owners,\n"


def test_imported_stores_are_read_by_their_id(target: ImportTarget) -> None:
    report = target.import_content("stores", STORES)
    assert (report.read, report.stored, report.rejected) == (2, 2, 0)
    assert target.warehouse.stores() == {
        "s1": {
            "store_id": "s1",
            "name": "Lähdemarket Puistokatu",
            "street": "Puistokatu 50",
            "postal_code": "70100",
            "city": "Kuopio",
            "hours": "7–22",
            "url": "https://lahde.example.org/s1",
            "parking": True,
        },
        "s2": dict.fromkeys(("street", "postal_code", "city", "hours", "url", "parking"), None)
        | {"store_id": "s2", "name": "Lähdepuoti Torikatu"},
    }


def test_a_store_is_read_anew_after_its_import(target: ImportTarget) -> None:
    assert target.warehouse.stores() == {}
    target.import_content("stores", STORES)
    target.import_content("stores", "store_id,name,hours\ns2,Lähdepuoti Kauppatori,8–21\n")
    assert (target.warehouse.stores()["s2"]["name"], target.warehouse.stores()["s2"]["hours"]) == (
        "Lähdepuoti Kauppatori",
        "8–21",
    )
    assert target.import_content("stores", STORES.replace("s2,Lähdepuoti Torikatu,,,,,,\n", "")).unchanged == 1


def test_a_store_without_a_name_or_with_a_foreign_address_is_set_aside(target: ImportTarget) -> None:
    report = target.import_content(
        "stores", "store_id,name,url\ns1,,\ns2,A,javascript:alert(1)\ns/3,B,\ns4,C,https://x.example\ns4,D,\n"
    )
    assert (report.stored, report.rejected) == (1, 4)
    assert report.rejects_path is not None
    assert report.rejects_path.read_text(encoding="utf-8").splitlines()[1:] == [
        "2,name,missing",
        "3,url,not a web address like https://example.org/store",
        '4,store_id,"an id has 1 to 64 letters a-z or digits, between them also . _ - + :, and no `..`"',
        "6,store_id,the same id stood in line 5",
    ]


def test_members_of_unknown_home_stores_are_stored_and_counted(target: ImportTarget) -> None:
    assert target.import_content("members", MEMBERS).unknown == {}  # no stores: nothing to compare with
    target.import_content("stores", STORES)
    report = target.import_content("members", MEMBERS)
    assert (report.read, report.rejected, report.unknown) == (3, 0, {"home_store": 1})
    assert target.rows("SELECT member_id, home_store FROM members ORDER BY 1") == [
        ("m1", "s1"),
        ("m2", "s9"),
        ("m3", None),
    ]


def test_rows_of_unknown_members_and_products_are_counted(target: ImportTarget) -> None:
    target.import_content("members", MEMBERS)
    target.import_content("products", "product_id,department,brand,product_category,product_type\np1,A,B,C,D\n")
    lines = "m1,2017-12-30 10:00,b1,p1,1,1,s1\nm8,2017-12-30 10:00,b2,p1,1,1,s1\nm8,2017-12-30 10:00,b3,p7,1,1,s1\n"
    lines += ",2017-12-30 10:00,b4,p8,1,1,s1\n"
    header = "member_id,purchased_at,basket_id,product_id,quantity,amount,store_id\n"
    assert target.import_content("purchases", header + lines).unknown == {"member_id": 2, "product_id": 2}
    choice = "member_id,choice,state,at,source\nm7,email_own,on,2017-05-01 10:00,web\n"
    assert target.import_content("choices", choice).unknown == {"member_id": 1}
