"""Returned call lists: each answer counts once and takes effect; only rows of our own calls are accepted (FI-08)."""

import csv
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from audiences.consent.choices import entries_of
from audiences.consent.consent_state import ConsentSource
from audiences.tables import SUPPRESSION
from campaigns.channels.call_dispositions import DISPOSITION_WORDS, parse_disposition
from campaigns.channels.events import EventKind
from campaigns.channels.folder_outbox import spreadsheet_csv
from campaigns.core.errors import UserError
from campaigns.results.feedback.call_results import CallResults, read_call_results
from campaigns.store.people.people_tables import AUDIT, NOTICE
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.sent_run import SMS, send_run
from tests.support.shell import Shell

AINO, OTHER = MEMBERS[0], MEMBERS[1]
CALLS = """\
purpose: survey
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [phone]
content: {phone: survey_script}
"""


class CallList:
    """A call list that was handed over, and the files that callers return."""

    def __init__(self, workspace: SampleWorkspace) -> None:
        self.workspace, self.run = workspace, workspace.engine.queries.recent_runs()[0]
        (self.handed_over,) = workspace.root.glob("outbox/*/phone-1/calls.csv")
        with self.handed_over.open(encoding="utf-8-sig", newline="") as file:
            self.rows = list(csv.DictReader(file, delimiter=";"))

    def reference(self, member: str) -> str:
        position = self.workspace.deliveries(self.run)[member]["position"]
        return self.workspace.engine.context.signer.delivery_reference(self.run.number or 0, position)

    def filled_file(self, answers: Mapping[str, str], **changes: str) -> Path:
        """Write the list with answers by member, and `changes` in the rows of those members."""
        by_reference = {self.reference(member): answer for member, answer in answers.items()}
        rows = [
            {**row, "answer": by_reference[row["reference"]], **changes} if row["reference"] in by_reference else row
            for row in self.rows
        ]
        return self.write_file(spreadsheet_csv(rows[0], (row.values() for row in rows)))

    def write_file(self, content: bytes) -> Path:
        path = self.workspace.root / "back.csv"
        path.write_bytes(content)
        return path

    def read(self, path: Path) -> CallResults:
        return read_call_results(self.workspace.engine.context, path)

    def event_kinds(self) -> dict[str, list[str]]:
        """Return the kinds of each member's events, in their order."""
        kinds: dict[str, list[str]] = {}
        with self.workspace.engine.context.ledger.read() as connection:
            for row in connection.execute(select(EVENT).order_by(EVENT.c.number)).mappings():
                kinds.setdefault(row["member_id"], []).append(row["word"])
        return kinds

    def count(self, table) -> int:
        with self.workspace.engine.context.ledger.read() as connection:
            return len(connection.execute(select(table)).all())


@pytest.fixture(scope="module")
def called_workspace(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has handed a call list over. For copying only."""
    root = shutil.copytree(base_workspace, tmp_path_factory.mktemp("calls") / "workspace")
    with closing(SampleWorkspace(root)) as workspace:
        assert workspace.send(workspace.start("calls", CALLS)).closed
    return root


@pytest.fixture
def calls(called_workspace: Path, tmp_path: Path) -> Iterator[CallList]:
    with closing(SampleWorkspace(shutil.copytree(called_workspace, tmp_path / "workspace"))) as workspace:
        yield CallList(workspace)


def problem_lines(answers: CallResults) -> list[tuple[int, str]]:
    return [(problem.place.line, problem.code) for problem in answers.problems]


@pytest.mark.parametrize(
    ("kind", "answer"), [(kind, answer) for kind, answers in DISPOSITION_WORDS.items() for answer in answers]
)
def test_answer_is_understood_in_three_languages(kind, answer):
    assert parse_disposition(f"  {answer.upper()} ") is kind
    assert parse_disposition(answer.replace(" ", "_")) is kind


def test_answers_are_stored_once_however_often_the_list_is_read(calls):
    answers = {MEMBERS[0]: "reached", MEMBERS[1]: "Ei vastannut", MEMBERS[2]: "ring senare"}
    path = calls.filled_file(answers)
    first, again = calls.read(path), calls.read(path)
    assert first.new == {EventKind.REACHED: 1, EventKind.NOT_REACHED: 1, EventKind.CALL_LATER: 1}
    assert (again.new, again.read_before, first.problems, again.problems) == ({}, 3, [], [])
    assert calls.event_kinds() == {MEMBERS[0]: ["reached"], MEMBERS[1]: ["not_reached"], MEMBERS[2]: ["call_later"]}


def test_list_may_return_in_parts_and_answers_may_change(calls):
    calls.read(calls.filled_file({AINO: "call later"}))
    results = calls.read(calls.filled_file({AINO: "reached", OTHER: "no answer"}))
    assert results.new == {EventKind.REACHED: 1, EventKind.NOT_REACHED: 1}
    assert calls.event_kinds() == {AINO: ["call_later", "reached"], OTHER: ["not_reached"]}


def test_c15_do_not_call_ends_calls_and_is_confirmed_and_audited(calls):
    workspace = calls.workspace
    path = calls.filled_file({AINO: "do not call"})
    calls.read(path)
    calls.read(path)
    with workspace.engine.context.ledger.read() as connection:
        entries = [entry for entry in entries_of(connection, [AINO])[AINO] if entry.choice == "no_surveys_or_phone"]
        notices = connection.execute(select(NOTICE.c.kind, NOTICE.c.member_id)).all()
        audited = {row["action"]: row for row in connection.execute(select(AUDIT)).mappings()}
    assert [(entry.on, entry.source, entry.agent) for entry in entries] == [(True, ConsentSource.PHONE, "tester")]
    assert [tuple(notice) for notice in notices] == [("choices", AINO)]
    assert audited["change_choices"]["detail"] == {"choices": ["no_surveys_or_phone"], "source": "phone"}
    assert AINO not in str(audited)
    assert (audited["read calls"]["subject"], audited["read calls"]["detail"]) == (
        calls.run.run_id,
        {"no_more_calls": 1},
    )
    _, tally = workspace.plan("again", CALLS)
    assert tally.sent == len(MEMBERS) - 1


def test_later_opt_in_is_not_undone_by_reading_the_list_again(calls):
    path = calls.filled_file({AINO: "do not call"})
    calls.read(path)
    calls.workspace.clock.advance(days=1)
    calls.workspace.record_choices(AINO, "no_surveys_or_phone", on=False)
    calls.read(path)
    assert calls.workspace.plan("again", CALLS)[1].sent == len(MEMBERS)


def test_wrong_number_is_suppressed_for_calls_and_texts(calls):
    calls.read(calls.filled_file({AINO: "wrong number"}))
    with calls.workspace.engine.context.ledger.read() as connection:
        (row,) = connection.execute(select(SUPPRESSION)).mappings().all()
    assert (row["kind"], row["value"], row["reason"]) == ("phone", "+358401230001", "suppressed_invalid")
    assert calls.workspace.skips(calls.workspace.plan("again", CALLS)[0])[AINO] == "suppressed_invalid"


@pytest.mark.parametrize("number", ["040 1230002", "", "=1+1", "999", "0" * 5000])
def test_number_that_is_not_the_members_is_not_suppressed(calls, number):
    calls.read(calls.filled_file({AINO: "wrong number"}, number=number))
    assert calls.event_kinds() == {AINO: ["wrong_number"]}
    assert calls.count(SUPPRESSION) == 0


def test_new_number_of_a_member_is_not_suppressed(calls):
    path = calls.filled_file({AINO: "wrong number"})
    calls.workspace.change_contact(AINO, phone="+358409999999")
    calls.read(path)
    assert calls.count(SUPPRESSION) == 0


def test_member_erased_meanwhile_gets_no_notice(calls):
    path = calls.filled_file({AINO: "do not call", OTHER: "reached"})
    calls.workspace.erase(AINO)
    assert calls.read(path).new == {EventKind.NO_MORE_CALLS: 1, EventKind.REACHED: 1}
    assert calls.count(NOTICE) == 0


def test_bad_rows_are_named_and_block_no_other(calls):
    good = calls.reference(AINO)
    head = "number;name;language;script;reference;answer"
    rows = [
        f"040 1230001;A;fi;s;{good};reached",
        f"040 1230001;A;fi;s;{good};no answer",  # another answer for the same call
        "040 1230002;B;fi;s;abc;reached",
        "040 1230003;C;fi;s;;reached",
        f"040 1230004;D;fi;s;{calls.reference(OTHER)};perhaps",
        "too;few",
        f"040 1230001;A;fi;s;{good};reached",  # the same answer again
        "040 1230005;E;fi;s;not answered yet;",
        "\x00;\x1b[2J;fi;s;\u202ex;reached",
    ]
    answers = calls.read(calls.write_file("\r\n".join([head, *rows]).encode()))
    assert problem_lines(answers) == [
        (3, "two_answers"),
        (4, "unknown_reference"),
        (5, "unknown_reference"),
        (6, "unknown_answer"),
        (7, "no_row"),
        (10, "unknown_reference"),
    ]
    assert calls.event_kinds() == {AINO: ["reached"]}
    assert (answers.new, answers.read_before) == ({EventKind.REACHED: 1}, 0)
    assert all(
        problem.message and str(problem.place).startswith(str(calls.workspace.root)) for problem in answers.problems
    )


def test_only_handed_over_calls_are_accepted(calls):
    """Valid references of a text message or of an unknown delivery are no calls."""
    text = send_run(calls.workspace, SMS, "texts")
    signer = calls.workspace.engine.context.signer
    names = [text.name(AINO), signer.delivery_reference(calls.run.number or 0, 999), signer.delivery_reference(77, 1)]
    cells = ({"number": "040 1230001", "reference": name, "answer": "do not call"} for name in names)
    rows = [[row.get(column, "") for column in calls.rows[0]] for row in cells]
    answers = calls.read(calls.write_file(spreadsheet_csv(calls.rows[0], rows)))
    assert [code for _, code in problem_lines(answers)] == ["unknown_reference"] * 3
    assert calls.count(NOTICE) == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"name;answer\n", "missing_column"),
        (b"number;reference;reference;answer\n", "missing_column"),
        (b"number;reference;answer\n1;2;n\x81dd\n", "encoding"),
        (b"PK\x03\x04\xff\xfe a workbook", "workbook"),
        (b"PAR1 and no more", "parquet"),
        (b"number;reference;answer\n" + b"x" * (32 * 1024 * 1024), "too_large"),
    ],
)
def test_file_that_is_no_call_list_is_refused_whole(calls, content, code):
    with pytest.raises(UserError) as raised:
        calls.read(calls.write_file(content))
    assert {problem.code for problem in raised.value.problems} == {code}
    assert calls.event_kinds() == {}


def test_calls_command_status_and_report_show_the_answers(calls, capsys):
    viesti = Shell(calls.workspace.root, capsys)
    output = viesti("calls", calls.filled_file({AINO: "reached", OTHER: "maybe"}), code=1)
    assert "1 reached" in output.out
    assert "unknown_answer" in output.err
    assert "040 123" not in output.err
    assert viesti("calls", calls.filled_file({AINO: "reached"}), "--json").json["read_before"] == 1
    assert "reached" in viesti("status", calls.run.run_id).out
    assert "reached" in viesti("report", calls.run.run_id).out


def test_list_names_the_allowed_answers(calls):
    output = (calls.handed_over.parent / "answers.md").read_text("utf-8")
    assert "- do not call / ei soittoja / ring inte" in output
