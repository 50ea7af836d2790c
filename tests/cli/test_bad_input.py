"""Bad input: every problem is printed with its position and code, exit 1, and stored state is unchanged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.shell import MONDAYS, TITLE, Shell

LATIN = "Mäki".encode("latin-1")
CAMPAIGNS: dict[str, tuple[bytes, str]] = {
    "broken YAML": (b"title: {fi: a", ":1:8: this `{` is not closed [syntax]"),
    "a tab": (b"title:\n\tfi: a\n", ":2:1: "),
    "an empty file": (b"", ": the file is empty [empty_file]"),
    "not UTF-8": (b"title: {fi: " + LATIN + b"}\n", ":1:14: this byte is not UTF-8 [not_utf8]"),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00", ":1:1: this byte is not UTF-8 [not_utf8]"),
    "a bare string": (b"hello\n", ":1:1: the file is not a mapping"),
    "an unknown key": (b"tone: warm\n", ":6:1: `tone` is not a known key [extra_forbidden]"),
    "a duplicate key": (b"purpose: survey\n", ":6:1: "),
    "an unknown field": (
        b"AUDIENCE {agee: {from: 18}}",
        ":4:12: there is no field or condition `agee` [unknown_field]",
    ),
    "an unknown audience": (b"AUDIENCE {audience: nobody}", ":4:22: "),
    "a day of no month": (b'SCHEDULE {cron: "0 9 30 2 *"}', ":3:18: `0 9 30 2 *` is not a time that cron knows"),
    "an hour of no day": (b'SCHEDULE {cron: "0 25 * * *"}', ":3:18: `0 25 * * *` is not a time that cron knows"),
    "an hour skipped by summer time": (b'SCHEDULE {at: "2018-03-25 03:30"}', ":3:16: 2018-03-25 03:30 does not exist"),
    "an unknown zone": (
        b'SCHEDULE {cron: "0 9 * * *", timezone: Mars/Phobos}',
        ":3:41: `Mars/Phobos` is not a time",
    ),
    "a template outside the workspace": (b"CONTENT {email: ../../etc}", ":5:18: "),
}


def campaign_file(change: bytes) -> bytes:
    """Return a campaign file with one key changed, with one more line, or with `change` alone."""
    lines = (TITLE + MONDAYS).encode().splitlines()
    index = {b"SCHEDULE": 2, b"AUDIENCE": 3, b"CONTENT": 4}.get(change.split(b" ")[0])
    if index is not None:
        lines[index] = lines[index].split(b" ")[0] + b" " + change.split(b" ", 1)[1]
        return b"\n".join(lines)
    return b"\n".join([*lines, change]) if change.startswith((b"tone", b"purpose")) else change


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_bad_campaign_file_is_refused_with_its_position(name: str, viesti: Shell) -> None:
    change, expected = CAMPAIGNS[name]
    path = viesti.write("bad", "")
    path.write_bytes(campaign_file(change))
    before = viesti.stored_state()
    for command in ("check", "plan", "run", "publish"):
        result = viesti(command, path, code=1)
        assert f"{path}{expected}" in result.err
        assert "Traceback" not in result.err
    assert (viesti.stored_state(), viesti.delivered_files()) == (before, [])


def test_a_problem_is_printed_with_line_caret_and_hint(viesti: Shell) -> None:
    path = viesti.write("bad", MONDAYS + "max_send: 5\nquiet_hour: 9\n")
    result = viesti("check", path, code=1)
    assert result.out == ""
    assert result.err == (
        f"{path}:6:1: `max_send` is not a known key [extra_forbidden]\n"
        "  6 | max_send: 5\n"
        "    | ^\n"
        "  try: `max_sends`\n"
        f"{path}:7:1: `quiet_hour` is not a known key [extra_forbidden]\n"
        "  7 | quiet_hour: 9\n"
        "    | ^\n"
        "  try: `quiet_hours`\n"
    )
    first, _ = viesti("check", path, "--json", code=1).json
    assert (first["file"], first["line"], first["column"], first["code"]) == (str(path), 6, 1, "extra_forbidden")


def with_undefined_variable(text: str) -> str:
    return text.replace("{{ member.first_name }}", "{{ membr.first_name }}")


def with_address(text: str) -> str:
    return text.replace("{{ member.first_name }}", "{{ member.email }}")


def with_unknown_tag(text: str) -> str:
    return text.replace("<mj-text>", "<mj-blink>").replace("</mj-text>", "</mj-blink>")


def with_unclosed_tag(text: str) -> str:
    return text.replace("</mj-text>", "")


def without_endif(text: str) -> str:
    return text.replace("{% endif %}", "")


@pytest.mark.parametrize(
    ("name", "hint"), [("helo", "`hello`"), ("nothing", "make the folder templates/email/nothing")]
)
def test_a_missing_template_is_reported_at_its_reference(name: str, hint: str, viesti: Shell) -> None:
    path = viesti.write("letter", MONDAYS.replace("hello", name))
    before = viesti.stored_state()
    for command in ("check", "plan", "publish"):
        result = viesti(command, path, code=1).err
        assert f"{path}:5:18: there is no template `{name}` for `email` [unknown_template]\n" in result
        assert result.endswith(f"  try: {hint}\n")
    assert viesti.stored_state() == before


def test_invalid_offers_stop_a_plan_before_anything_is_stored(viesti: Shell) -> None:
    path = viesti.write("letter", MONDAYS.replace("email: hello", "email: offers"))
    offers = viesti.root / "config" / "offers.yaml"
    offers.write_text(offers.read_text("utf-8").replace("price: 2.50", "price: cheap", 1), "utf-8")
    before = viesti.stored_state()
    for command in ("check", "plan", "publish"):
        assert f"{offers}:2:" in viesti(command, path, code=1).err
    assert viesti.stored_state() == before


TEMPLATES: dict[str, tuple[Callable[[str], str], str]] = {
    "an undefined variable": (with_undefined_variable, "[unknown_variable]"),
    "an address, which plans may not store": (with_address, "there is no value `member.email` [unknown_variable]"),
    "an unknown MJML tag": (with_unknown_tag, "[mjml_"),
    "unclosed MJML": (with_unclosed_tag, "[mjml_"),
    "unclosed Jinja": (without_endif, "body.mjml:1:"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_bad_template_is_refused_with_its_position(name: str, viesti: Shell) -> None:
    alter, code = TEMPLATES[name]
    body = viesti.root / "templates" / "email" / "hello" / "body.mjml"
    body.write_text(alter(body.read_text("utf-8")), "utf-8")
    path = viesti.write("letter", MONDAYS)
    before = viesti.stored_state()
    for command in ("check", "plan", "run"):
        result = viesti(command, path, code=1)
        assert "email/hello/body.mjml:1:" in result.err
        assert code in result.err
        assert "Traceback" not in result.err
    assert (viesti.stored_state(), viesti.delivered_files()) == (before, [])


HEADER = b"member_id,register,first_name,birth_date\n"
FILES: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", ": the file is empty"),
    "a wrong header": (b"member_id,register,frist_name\n1,owners,A\n", ":1:20: `frist_name` is not a column"),
    "a missing column": (b"member_id\n1\n", ":1:1: the column `register` is missing"),
    "UTF-8 with a damaged byte": (HEADER + "1,owners,Päivi".encode() + b"\xe4,\n", ":2:"),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00", ": this is no table of text: it is a picture"),
}


@pytest.mark.parametrize("name", FILES)
def test_an_unreadable_import_file_changes_nothing(name: str, viesti: Shell, tmp_path: Path) -> None:
    content, expected = FILES[name]
    file = tmp_path / "members.csv"
    file.write_bytes(content)
    before = viesti.stored_state()
    result = viesti("import", "members", file, code=1)
    assert f"{file}{expected}" in result.err
    assert "Traceback" not in result.err
    assert viesti.stored_state() == before


def test_valid_rows_are_stored_and_invalid_ones_rejected_with_their_position(viesti: Shell, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    rows = (
        b"n1,owners,Aino,1970-02-28\nn2,owners,Eino,1970-02-30\nn1,owners,Aino,1970-02-28\nn3,owls,Uuno,\nn4,owners,,\n"
    )
    file.write_bytes(HEADER + rows)
    report = viesti("import", "members", file, "--json").json
    assert (report["read"], report["stored"], report["rejected"]) == (5, 2, 3)
    rejects = Path(report["rejects_path"]).read_text("utf-8").splitlines()
    assert [line.split(",")[:2] for line in rejects[1:]] == [["3", "birth_date"], ["4", "member_id"], ["5", "register"]]
    assert not any("Eino" in line for line in rejects)
    viesti("member", "show", "n1")
    viesti("member", "show", "n2", code=1)
    second_report = viesti("import", "members", file, "--json").json
    assert (second_report["stored"], second_report["unchanged"], second_report["rejected"]) == (0, 2, 3)
