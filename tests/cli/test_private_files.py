"""Files about members belong to one account: no command leaves anything that others can read, whatever the umask."""

import shutil
import stat
import subprocess
from pathlib import Path
from typing import Final

import pytest

from campaigns.operations.doctor.file_modes import check_file_modes
from campaigns.operations.doctor.finding import FindingLevel
from tests.support.open_umask import run_under_open_umask, shared_paths
from tests.support.sample_workspace import SampleWorkspace
from tests.support.viesti_process import VIESTI

_HEAD: Final = "title: {fi: Hei, sv: Hej, en: Hello}\n"
_CAMPAIGN: Final = """\
purpose: PURPOSE
schedule: {at: "2018-01-05 10:30"}
audience: {register: owners}
channels: [CHANNEL]
content: {CHANNEL: TEMPLATE}
"""
_CAMPAIGNS: Final = {
    "mail": ("marketing", "email", "hello"),
    "texts": ("marketing", "sms", "hello"),
    "letters": ("survey", "post", "survey"),
    "calls": ("survey", "phone", "survey_script"),
}
_FEED: Final = (
    "id,title_fi,title_sv,title_en,text_fi,text_sv,text_en,price,valid_from,valid_to,department,product_category,"
    "product_category_fi,product_category_sv,product_category_en,image\n"
    "coffee,x,x,x,x,x,x,1.00,2017-12-20,2018-01-31,FOOD,COFFEE,kahvi,kaffe,coffee,o/any.png\n"
)
_BAD_ROWS: Final = "member_id,register\n../../../../x,owners\n"

FILES: Final = {
    "ledger": "data/ledger.sqlite",
    "write-ahead log of the ledger": "data/ledger.sqlite-wal",
    "shared memory of the ledger": "data/ledger.sqlite-shm",
    "signing key": "data/signing.key",
    "clock": "data/clock.json",
    "check cache": "data/findings/**/*.json",
    "warehouse": "data/warehouse/*.parquet",
    "manifest of the warehouse": "data/warehouse/manifest.json",
    "lock of the warehouse": "data/warehouse/lock.sqlite",
    "rejected rows": "data/rejects/*.csv",
    "definition of a run": "data/runs/*/definition/config/campaigns/*.yaml",
    "frozen fields of a run": "data/runs/*/fields.parquet",
    "preview": "data/previews/*/*/message.html",
    "gallery": "data/previews/_galleries/*/gallery.html",
    "members of a gallery": "data/previews/_galleries/*/members.json",
    "preview of a letter": "data/previews/*/*/letter.pdf",
    "calibration sheet": "data/previews/*.pdf",
    "e-mail": "outbox/mail*/email/*.eml",
    "text messages": "outbox/texts*/sms.jsonl",
    "letters": "outbox/letters*/post-1/*.pdf",
    "address list": "outbox/letters*/post-1/addresses.csv",
    "call list": "outbox/calls*/phone-1/calls.csv",
    "manifest of a bundle": "outbox/*/post-1/manifest.json",
    "proof": "outbox/proof-*/email/*.eml",
    "one-time code in a mail": "outbox/notes/email/*.eml",
    "one-time code in a text message": "outbox/notes/sms.jsonl",
    "export as JSON": "made/export.json",
    "export as CSV": "made/export.zip",
    "export as a page": "made/export.html",
    "backup": "made/deep/backup.sqlite",
    "list of uncertain messages": "made/uncertain.csv",
    "copy of the ledger": "made/copy.sqlite",
}


@pytest.fixture(scope="module")
def used_workspace(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a child process under the umask 0 ran one command of each kind."""
    root = tmp_path_factory.mktemp("used") / "workspace"
    shutil.copytree(base_workspace, root)
    shutil.rmtree(root / "data")
    settings = root / "config" / "settings.yaml"
    more = 'clock: {start: "2018-01-01 10:00"}\ninternal_addresses: [proofs@kyla.example.org]\n'
    settings.write_text(settings.read_text("utf-8") + more, "utf-8")
    for name, (purpose, channel, template) in _CAMPAIGNS.items():
        text = _CAMPAIGN.replace("PURPOSE", purpose).replace("CHANNEL", channel).replace("TEMPLATE", template)
        (root / "config" / "campaigns" / f"{name}.yaml").write_text(_HEAD + text, "utf-8")
    (root / "bad.csv").write_text(_BAD_ROWS, "utf-8")
    made = root / "made"
    made.mkdir()
    run_ids = {name: f"{name}-20180101T0800Z" for name in _CAMPAIGNS}
    lines = [
        *(["import", kind, str(root / f"{kind}.csv")] for kind in ("members", "choices", "products", "purchases")),
        ["import", "members", str(root / "bad.csv")],
        ["check"],
        *(["plan", name, "--as-of", "2018-01-01T10:00"] for name in _CAMPAIGNS),
        *(["preview", name, "--member", "m01"] for name in ("mail", "letters")),
        ["preview", "mail"],
        ["proof", "mail", "--to", "proofs@kyla.example.org"],
        ["calibrate"],
        *(["send", run] for run in run_ids.values()),
        ["plan", "mail", "--as-of", "2018-01-02T10:00"],
        ["member", "export", "m01", "--out", str(made / "export.json")],
        ["member", "export", "m01", "--format", "csv", "--out", str(made / "export.zip")],
        ["member", "export", "m01", "--format", "html", "--out", str(made / "export.html")],
        ["uncertain", run_ids["mail"], "--export", str(made / "uncertain.csv")],
        ["db", "backup", str(made / "deep" / "backup.sqlite")],
        ["ledger", "copy", "--to", f"sqlite:///{made / 'copy.sqlite'}"],
    ]
    (root / "log").write_text(run_under_open_umask(root, lines), "utf-8")
    return root


@pytest.mark.child_process
@pytest.mark.hostile
@pytest.mark.parametrize("pattern", FILES.values(), ids=FILES)
def test_another_account_cannot_read(used_workspace: Path, pattern: str) -> None:
    files = list(used_workspace.glob(pattern))
    assert files, (used_workspace / "log").read_text("utf-8")
    made = used_workspace / "made"  # the folder of the operator's own: its mode is theirs
    assert [loose for file in files for loose in shared_paths(file, used_workspace) if loose[0] != str(made)] == []


@pytest.mark.child_process
@pytest.mark.hostile
@pytest.mark.parametrize("folder", ["data", "outbox"])
def test_another_account_can_enter_nothing_below(used_workspace: Path, folder: str) -> None:
    paths = [used_workspace / folder, *(used_workspace / folder).rglob("*")]
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


@pytest.mark.child_process
@pytest.mark.parametrize("umask", [0o022, 0o002], ids=["022", "002"])
def test_files_of_the_marketer_keep_the_modes_of_the_shell(tmp_path: Path, umask: int) -> None:
    root = tmp_path / "workspace"
    subprocess.run([VIESTI, "init", str(root)], check=True, capture_output=True, umask=umask)
    assert stat.S_IMODE(root.stat().st_mode) == 0o777 & ~umask
    assert stat.S_IMODE((root / "config" / "settings.yaml").stat().st_mode) & 0o044 == 0o044
    assert stat.S_IMODE((root / ".gitignore").stat().st_mode) == 0o666 & ~umask


@pytest.mark.long
@pytest.mark.child_process
def test_files_that_commands_write_for_the_team_keep_the_modes_of_the_shell(
    base_workspace: Path, tmp_path: Path
) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(base_workspace, root)
    (root / "config" / "reviewed_categories.csv").unlink()
    (root / "feed.csv").write_text(_FEED, "utf-8")
    for line in (["import", "offers", "feed.csv"], ["catalogue", "review", "--done", "--name", "Maija"]):
        subprocess.run([VIESTI, *line], check=True, capture_output=True, umask=0o022, cwd=root)
    for name in ("config/offers.yaml", "config/labels/price_feed.yaml", "config/reviewed_categories.csv"):
        assert stat.S_IMODE((root / name).stat().st_mode) == 0o644, name


@pytest.mark.hostile
def test_a_looser_ledger_of_an_earlier_version_is_tightened_when_it_is_opened(viesti) -> None:
    ledger = viesti.root / "data" / "ledger.sqlite"
    ledger.chmod(0o644)
    ledger.parent.chmod(0o755)
    viesti("status")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (ledger, ledger.parent)] == [0o600, 0o700]


@pytest.mark.hostile
def test_a_looser_signing_key_is_tightened_when_it_is_read(viesti) -> None:
    key = viesti.root / "data" / "signing.key"
    key.chmod(0o644)
    viesti("member", "export", "m01")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.hostile
@pytest.mark.parametrize("name", ["data/warehouse/manifest.json", "outbox/forgotten.eml", "data/previews/m01/old.html"])
def test_doctor_names_a_loose_path_and_the_command_that_closes_it(workspace: SampleWorkspace, name: str) -> None:
    path = workspace.root / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.touch()
    places = (workspace.root / "data", workspace.root / "outbox")
    places[1].mkdir(exist_ok=True)
    for each in (each for place in places for each in (place, *place.rglob("*"))):
        each.chmod(0o700 if each.is_dir() else 0o600)
    assert check_file_modes(places).level is FindingLevel.OK
    path.chmod(0o640)
    finding = check_file_modes(places)
    assert (finding.level, finding.said) == (FindingLevel.FAIL, f"others can read {path}")
    assert finding.step.startswith(f"`chmod -R go-rwx {path}`")
