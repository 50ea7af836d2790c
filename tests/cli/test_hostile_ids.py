"""Ids that would lead elsewhere: refused at import with rule and line, harmless where the ledger has them already."""

import csv
import re
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from audiences.imports import choices, members
from audiences.imports.staging import RowCheck
from campaigns.core.errors import UserError
from campaigns.core.safe_names import ID_RULE, safe_file_name
from campaigns.people.privacy import erasure
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.import_data import import_data
from tests.support.hostile_ids import HOSTILE
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import Shell

EMPTIED: Final = {"empty", "space"}
"""Cells that are empty: another reason refuses them."""

CLEANED: Final = {"line end", "trailing space"}
"""Cells whose white space is removed before anything else: the id is a plain one."""

VALID: Final = {
    "drive of Windows",
    "device of Windows",
    "device of Windows in capitals",
    "device of Windows with a suffix",
}
"""Ids that a register may have, and that no file is named by."""

STORED_EARLIER: Final = [
    name for name, id_ in HOSTILE.items() if re.fullmatch(r"[^\s|]{1,64}", id_) and id_.isprintable()
]
"""Ids that imports of earlier versions accepted."""

COLUMNS: Final = {
    "members.member_id": ("members", {"member_id": "", "register": "owners"}),
    "members.household_id": ("members", {"member_id": "m01", "register": "owners", "household_id": ""}),
    "choices.member_id": (
        "choices",
        {"member_id": "", "choice": "email_own", "state": "on", "at": "2017-06-01T10:00", "source": "web"},
    ),
    "products.product_id": (
        "products",
        {"product_id": "", "department": "FOOD", "brand": "x", "product_category": "x", "product_type": "x"},
    ),
    **{
        f"purchases.{column}": (
            "purchases",
            {
                "member_id": "m01",
                "purchased_at": "2017-12-10T12:00",
                "basket_id": "b",
                "product_id": "BEER",
                "quantity": "1",
                "amount": "5.00",
                "store_id": "s1",
                column: "",
            },
        )
        for column in ("member_id", "product_id", "store_id")
    },
    "sent.member_id": (
        "sent",
        {"member_id": "", "campaign": "x", "purpose": "marketing", "channel": "email", "sent_at": "2017-12-10T12:00"},
    ),
}


def import_id(workspace: SampleWorkspace, place: str, id_: str) -> str:
    """Import one row with this id in a column; return the rejected rows."""
    kind, row = COLUMNS[place]
    file = workspace.root / "hostile.csv"
    with file.open("w", encoding="utf-8", newline="", errors="surrogatepass") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow({**row, place.partition(".")[2]: id_})
    report = import_data(workspace.engine.context, kind, file)
    return report.rejects_path.read_text("utf-8") if report.rejects_path else ""


@pytest.mark.hostile
@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in EMPTIED | CLEANED | VALID])
def test_a_hostile_member_id_is_refused_with_its_line_and_the_rule(workspace: SampleWorkspace, name: str) -> None:
    before = workspace.engine.context.repository.warehouse.manifest()
    try:
        rejects = import_id(workspace, "members.member_id", HOSTILE[name])
    except UserError as error:  # the whole file is unreadable
        assert name == "lone surrogate", error  # noqa: PT017
    else:
        assert f'2,member_id,"{ID_RULE}"' in rejects
    assert workspace.engine.context.repository.warehouse.manifest() == before


@pytest.mark.hostile
@pytest.mark.parametrize("place", COLUMNS)
@pytest.mark.parametrize("id_", ["../../../../x", "/etc/x", "a/b", "..", "ｍ01", "a b"])
def test_every_id_that_gets_into_names_is_refused_by_the_rule(workspace: SampleWorkspace, place: str, id_: str) -> None:
    assert f'2,{place.partition(".")[2]},"{ID_RULE}"' in import_id(workspace, place, id_)


@pytest.mark.parametrize("id_", ["1", "m01", "A-17", "2469.1", "x_y", "urn:9", "3+4", "z" * 64])
def test_ids_of_registers_are_accepted(workspace: SampleWorkspace, id_: str) -> None:
    assert import_id(workspace, "members.member_id", id_) == ""


@pytest.mark.hostile
@pytest.mark.parametrize("name", STORED_EARLIER)
def test_a_hostile_id_in_the_ledger_is_previewed_inside_the_workspace(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    draft = add_member_of_an_earlier_version(workspace, monkeypatch, HOSTILE[name])
    before = tree(workspace.root.parent)
    preview = workspace.engine.queries.preview(draft, HOSTILE[name], workspace.clock.time).file
    new = tree(workspace.root.parent) - before
    previews = workspace.root / "data" / "previews"
    assert preview in new
    assert {path for path in new if not path.is_relative_to(previews) and "warehouse" not in path.parts} == set()
    assert preview.resolve().is_relative_to(previews.resolve())


@pytest.mark.hostile
@pytest.mark.parametrize("name", STORED_EARLIER)
def test_erasing_a_hostile_id_deletes_its_own_previews_only(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    draft = add_member_of_an_earlier_version(workspace, monkeypatch, HOSTILE[name])
    previews = [
        workspace.engine.queries.preview(draft, id_, workspace.clock.time).file for id_ in (HOSTILE[name], "m06")
    ]
    before = tree(workspace.root)
    erasure.erase(workspace.engine.context, HOSTILE[name])
    assert [path.exists() for path in previews] == [False, True]
    assert all(path.is_relative_to(previews[0].parents[1]) for path in before - tree(workspace.root))


@pytest.mark.hostile
@pytest.mark.parametrize("name", ["folder above", "absolute path", "only dots", "glob"])
def test_the_export_of_a_hostile_id_gets_a_plain_name(
    viesti: Shell, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(viesti.root)
    with closing(SampleWorkspace(viesti.root)) as workspace:
        add_member_of_an_earlier_version(workspace, monkeypatch, HOSTILE[name])
    file = Path(viesti("member", "export", HOSTILE[name], "--format", "html").out.strip())
    assert file.name == f"export-{safe_file_name(HOSTILE[name])}.html"
    assert (viesti.root / file).resolve().parent == viesti.root.resolve()


def add_member_of_an_earlier_version(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, id_: str
) -> CampaignDefinition:
    """Store a member whose id no import accepts today; return a campaign that takes them."""
    with monkeypatch.context() as earlier:
        for module in (members, choices):
            earlier.setattr(module, "invalid_id_check", lambda column: RowCheck(column, "false", ""))
        member = {
            "member_id": id_,
            "register": "owners",
            "language": "fi",
            "birth_date": "1950-01-01",
            "first_name": "Aino",
            "bonus_last_month": "1.50",
        }
        workspace.import_rows("members", [{**member, "email": "x@example.org"}])
        choice = {"member_id": id_, "choice": "email_own", "state": "on", "at": "2017-06-01T10:00", "source": "web"}
        workspace.import_rows("choices", [choice])
    workspace.write_campaign("hi", MARKETING)
    return workspace.engine.context.repository.campaign_definition("hi")[0]


def tree(root: Path) -> set[Path]:
    """Return every file, but not those of the ledger, which come and go."""
    return {path for path in root.rglob("*") if path.is_file() and not path.name.startswith("ledger.sqlite")}
