"""Commands about coupons: the file for the tills, the redemptions that come back, and the keys of pools."""

import csv
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from campaigns.cli.required_roles import REQUIRED_PERMISSIONS
from campaigns.core.coupon_keys import KEYS_VARIABLE
from campaigns.core.model.roles import ROLE_PERMISSIONS, Permission, Role, is_permitted
from tests.support.coupon_run import AFTER, CARD, CouponRun, add_coupons
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import Shell


@pytest.fixture(scope="module")
def coupon_folder(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a sent run of coupons, a week later. For copying only."""
    workspace = SampleWorkspace(shutil.copytree(base_workspace, tmp_path_factory.mktemp("coupons") / "workspace"))
    add_coupons(workspace)
    CouponRun.send(workspace)
    workspace.close()
    settings = workspace.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + 'clock: {start: "2018-01-08 12:00"}\n', "utf-8")
    return workspace.root


@pytest.fixture
def shell(coupon_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(shutil.copytree(coupon_folder, tmp_path / "workspace"), capsys)


@pytest.fixture
def coupon_run(shell: Shell) -> Iterator[CouponRun]:
    with closing(SampleWorkspace(shell.root)) as workspace:
        workspace.clock.time = AFTER
        yield CouponRun(workspace, workspace.engine.queries.recent_runs()[0])


def test_the_file_for_the_tills_is_private_registered_and_audited(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "tills.csv"
    answer = shell("coupons", "export", "coupons", "--output", file, "--json").json
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert answer == {"run": "coupons-20180101T0800Z", "file": str(file), "coupons": len(rows)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    audit = shell("audit", "show", "--json").json
    assert [(row["action"], row["subject"]) for row in audit[:1]] == [("coupons export", "coupons-20180101T0800Z")]


def test_the_file_is_deleted_when_its_retention_is_over(shell: Shell, tmp_path: Path) -> None:
    from campaigns.people.privacy import written_files

    file = tmp_path / "tills.csv"
    shell("coupons", "export", "coupons", "--output", file)
    with closing(SampleWorkspace(shell.root)) as workspace:
        workspace.clock.time = AFTER
        workspace.clock.advance(days=29)
        written_files.delete_old_files(workspace.engine.context)
        assert file.exists()
        workspace.clock.advance(days=2)
        written_files.delete_old_files(workspace.engine.context)
        assert not file.exists()


def test_a25_coupons_are_exported_by_those_who_send() -> None:
    assert REQUIRED_PERMISSIONS["coupons export"] is Permission.SEND
    assert [role for role in ROLE_PERMISSIONS if is_permitted([role], Permission.SEND)] == [Role.SENDER]


def test_redemptions_are_imported_and_reported(shell: Shell, coupon_run: CouponRun) -> None:
    rows = [
        {"code": coupon_run.code("m01"), "member_id": "", "offer_id": "", "redeemed_at": "2018-01-03"},
        {"code": "", "member_id": "m02", "offer_id": CARD, "redeemed_at": "2018-01-03"},
        {"code": "ABC", "member_id": "", "offer_id": "", "redeemed_at": "2018-01-03"},
    ]
    file = coupon_run.write_rows(rows)
    out = shell("import", "redemptions", file).out
    assert "3 rows: 2 stored, 0 unchanged, 1 rejected" in out
    assert "`code`: is no code of ours: they have 16 letters and digits, or 13 digits (first in line 4)" in out
    assert "3 rows: 0 stored, 2 unchanged, 1 rejected" in shell("import", "redemptions", file).out
    report = shell("report", "coupons", "--language", "fi").out
    assert "Lunastetut kupongit" in report
    coupons = shell("report", "coupons", "--json").json["coupons"]
    assert coupons["redeemed"] == 2
    assert [(each["offer"], each["redeemed"]) for each in coupons["by_offer"]] == [
        ("cheese-b", 1),
        ("coffee-c", 1),
        ("soap-a", 0),
    ]
    assert sum(sum((each["arms"] or {}).values()) for each in coupons["by_offer"]) == 2


def test_a_file_without_times_names_the_missing_column(shell: Shell) -> None:
    file = shell.root / "tills.csv"
    file.write_text("code\nABC\n", "utf-8")
    err = shell("import", "redemptions", file, code=1).err
    assert "redeemed_at" in err


def test_a_new_key_gets_the_next_number_and_is_audited(shell: Shell) -> None:
    assert shell("coupons", "rotate-key", "cheese", "--json").json["key"] == 2
    assert shell("coupons", "rotate-key", "tea", "--json").json["key"] == 1
    out = shell("audit", "show", "--json").json
    assert [(row["action"], row["subject"], row["detail"]) for row in out[:1]] == [
        ("rotate coupon key", "tea", {"key": 1})
    ]


def test_keys_of_the_environment_are_not_changed_and_never_printed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEYS_VARIABLE, f"cheese:1:{'ab' * 32}")
    err = shell("coupons", "rotate-key", "cheese", code=1).err
    assert "the keys are in the environment" in err
    assert "ab" * 32 not in err


@pytest.mark.parametrize("pool", ["Coffee", "../x", ""])
def test_a_name_that_no_pool_has_is_refused(shell: Shell, pool: str) -> None:
    assert "a pool has small letters" in shell("coupons", "rotate-key", pool, code=1).err


def test_a_row_for_each_offer_lets_tills_with_the_keys_read_the_codes(shell: Shell, coupon_run: CouponRun) -> None:
    from campaigns.core.coupon_keys import CouponKeys
    from campaigns.offers.coupons.coupon_codes import CodeMaker

    file = shell.root / "offers.csv"
    assert shell("coupons", "export", "coupons", "--offers", "--output", file, "--json").json["offers"] == 3
    with file.open(encoding="utf-8", newline="") as lines:
        rows = {row["offer_id"]: row for row in csv.DictReader(lines)}
    row = rows["cheese-b"]
    key = CouponKeys.load({}, shell.root / "data" / "coupon.keys").numbered(row["pool"], int(row["key"]))
    serial = CodeMaker(key, row["run"], int(row["offers"]), 29).read(coupon_run.code("m01"))
    assert serial is not None
    assert serial.offer_number == int(row["offer_number"])
    assert 0 < serial.position <= int(row["messages"])
    assert (rows[CARD]["kind"], rows[CARD]["pool"], rows[CARD]["key"]) == ("card", "", "")
