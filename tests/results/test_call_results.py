"""Call lists that come back: each answer once, heeded, and no row believed that is not of a call of ours (FI-08)."""

import csv
from collections.abc import Mapping
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
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import AUDIT, NOTICE
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
    """The call list of a run that was handed over, and what callers make of it."""

    def __init__(self, workspace: SampleWorkspace) -> None:
        self.workspace, self.run = workspace, workspace.start("calls", CALLS)
        assert workspace.send(self.run).closed
        (self.handed_over,) = workspace.root.glob("outbox/*/phone-1/calls.csv")
        with self.handed_over.open(encoding="utf-8-sig", newline="") as file:
            self.rows = list(csv.DictReader(file, delimiter=";"))

    def reference(self, member: str) -> str:
        position = self.workspace.deliveries(self.run)[member]["position"]
        return self.workspace.engine.context.signer.delivery_reference(self.run.number or 0, position)

    def filled(self, answers: Mapping[str, str], **changes: str) -> Path:
        """The file with answers by member; `changes` are made to the rows of those members."""
        by_reference = {self.reference(member): answer for member, answer in answers.items()}
        rows = [
            {**row, "answer": by_reference[row["reference"]], **changes} if row["reference"] in by_reference else row
            for row in self.rows
        ]
        return self.written(spreadsheet_csv(rows[0], (row.values() for row in rows)))

    def written(self, content: bytes) -> Path:
        path = self.workspace.root / "back.csv"
        path.write_bytes(content)
        return path

    def read(self, path: Path) -> CallResults:
        return read_call_results(self.workspace.engine.context, path)

    def told(self) -> dict[str, list[str]]:
        """The words of each member's events, in their order."""
        found: dict[str, list[str]] = {}
        with self.workspace.engine.context.ledger.read() as connection:
            for row in connection.execute(select(EVENT).order_by(EVENT.c.number)).mappings():
                found.setdefault(row["member_id"], []).append(row["word"])
        return found

    def count(self, of) -> int:
        with self.workspace.engine.context.ledger.read() as connection:
            return len(connection.execute(select(of)).all())


@pytest.fixture
def calls(workspace: SampleWorkspace) -> CallList:
    return CallList(workspace)


def codes(answers: CallResults) -> list[tuple[int, str]]:
    return [(problem.place.line, problem.code) for problem in answers.problems]


@pytest.mark.parametrize(
    ("word", "answer"), [(word, each) for word, words in DISPOSITION_WORDS.items() for each in words]
)
def test_an_answer_is_understood_in_three_languages(word, answer):
    assert parse_disposition(f"  {answer.upper()} ") is word
    assert parse_disposition(answer.replace(" ", "_")) is word


def test_answers_are_kept_once_however_often_they_are_read(calls):
    answers = {MEMBERS[0]: "reached", MEMBERS[1]: "Ei vastannut", MEMBERS[2]: "ring senare"}
    path = calls.filled(answers)
    first, again = calls.read(path), calls.read(path)
    assert first.new == {EventKind.REACHED: 1, EventKind.NOT_REACHED: 1, EventKind.CALL_LATER: 1}
    assert (again.new, again.read_before, first.problems, again.problems) == ({}, 3, [], [])
    assert calls.told() == {MEMBERS[0]: ["reached"], MEMBERS[1]: ["not_reached"], MEMBERS[2]: ["call_later"]}


def test_a_list_may_come_back_in_parts_and_an_answer_may_become_another(calls):
    calls.read(calls.filled({AINO: "call later"}))
    found = calls.read(calls.filled({AINO: "reached", OTHER: "no answer"}))
    assert found.new == {EventKind.REACHED: 1, EventKind.NOT_REACHED: 1}
    assert calls.told() == {AINO: ["call_later", "reached"], OTHER: ["not_reached"]}


def test_c15_do_not_call_closes_calls_and_is_confirmed_and_audited(calls):
    workspace = calls.workspace
    path = calls.filled({AINO: "do not call"})
    calls.read(path)
    calls.read(path)
    with workspace.engine.context.ledger.read() as connection:
        entries = [each for each in entries_of(connection, [AINO])[AINO] if each.choice == "no_surveys_or_phone"]
        notes = connection.execute(select(NOTICE.c.kind, NOTICE.c.member_id)).all()
        audited = {row["action"]: row for row in connection.execute(select(AUDIT)).mappings()}
    assert [(each.on, each.source, each.agent) for each in entries] == [(True, ConsentSource.PHONE, "tester")]
    assert [tuple(note) for note in notes] == [("choices", AINO)]
    assert audited["change_choices"]["detail"] == {"choices": ["no_surveys_or_phone"], "source": "phone"}
    assert AINO not in str(audited)
    assert (audited["read calls"]["subject"], audited["read calls"]["detail"]) == (
        calls.run.run_id,
        {"no_more_calls": 1},
    )
    _, tally = workspace.plan("again", CALLS)
    assert tally.sent == len(MEMBERS) - 1


def test_a_yes_that_a_member_gave_since_then_is_not_undone_by_reading_again(calls):
    path = calls.filled({AINO: "do not call"})
    calls.read(path)
    calls.workspace.clock.advance(days=1)
    calls.workspace.record_choices(AINO, "no_surveys_or_phone", on=False)
    calls.read(path)
    assert calls.workspace.plan("again", CALLS)[1].sent == len(MEMBERS)


def test_a_wrong_number_is_called_and_texted_no_more(calls):
    calls.read(calls.filled({AINO: "wrong number"}))
    with calls.workspace.engine.context.ledger.read() as connection:
        (row,) = connection.execute(select(SUPPRESSION)).mappings().all()
    assert (row["kind"], row["value"], row["reason"]) == ("phone", "+358401230001", "suppressed_invalid")
    assert calls.workspace.skips(calls.workspace.plan("again", CALLS)[0])[AINO] == "suppressed_invalid"


@pytest.mark.parametrize("number", ["040 1230002", "", "=1+1", "999", "0" * 5000])
def test_a_number_that_is_not_the_members_is_not_suppressed(calls, number):
    calls.read(calls.filled({AINO: "wrong number"}, number=number))
    assert calls.told() == {AINO: ["wrong_number"]}
    assert calls.count(SUPPRESSION) == 0


def test_a_member_who_has_a_new_number_keeps_it(calls):
    path = calls.filled({AINO: "wrong number"})
    calls.workspace.change_contact(AINO, phone="+358409999999")
    calls.read(path)
    assert calls.count(SUPPRESSION) == 0


def test_who_was_erased_meanwhile_is_left_alone(calls):
    path = calls.filled({AINO: "do not call", OTHER: "reached"})
    calls.workspace.erase(AINO)
    assert calls.read(path).new == {EventKind.NO_MORE_CALLS: 1, EventKind.REACHED: 1}
    assert calls.count(NOTICE) == 0


def test_bad_rows_are_named_and_cost_no_other(calls):
    good = calls.reference(AINO)
    head = "number;name;language;script;reference;answer"
    rows = [
        f"040 1230001;A;fi;s;{good};reached",
        f"040 1230001;A;fi;s;{good};no answer",  # another answer about the same call
        "040 1230002;B;fi;s;abc;reached",
        "040 1230003;C;fi;s;;reached",
        f"040 1230004;D;fi;s;{calls.reference(OTHER)};perhaps",
        "too;few",
        f"040 1230001;A;fi;s;{good};reached",  # the same once more
        "040 1230005;E;fi;s;not answered yet;",
        "\x00;\x1b[2J;fi;s;\u202ex;reached",
    ]
    answers = calls.read(calls.written("\r\n".join([head, *rows]).encode()))
    assert codes(answers) == [
        (3, "two_answers"),
        (4, "unknown_reference"),
        (5, "unknown_reference"),
        (6, "unknown_answer"),
        (7, "no_row"),
        (10, "unknown_reference"),
    ]
    assert calls.told() == {AINO: ["reached"]}
    assert (answers.new, answers.read_before) == ({EventKind.REACHED: 1}, 0)
    assert all(
        problem.message and str(problem.place).startswith(str(calls.workspace.root)) for problem in answers.problems
    )


def test_only_calls_that_were_handed_over_are_believed(calls):
    """A text message's name and a delivery that never was are no calls, though the names are well made."""
    text = send_run(calls.workspace, SMS, "texts")
    signer = calls.workspace.engine.context.signer
    names = [text.name(AINO), signer.delivery_reference(calls.run.number or 0, 999), signer.delivery_reference(77, 1)]
    rows = [["040 1230001", "", "fi", "s", name, "do not call"] for name in names]
    answers = calls.read(calls.written(spreadsheet_csv(calls.rows[0], rows)))
    assert [code for _, code in codes(answers)] == ["unknown_reference"] * 3
    assert calls.count(NOTICE) == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"name;answer\n", "missing_column"),
        (b"number;reference;reference;answer\n", "missing_column"),
        ("number;reference;answer\n1;2;n\u00e5dd\n".encode("latin-1"), "encoding"),
        (b"PK\x03\x04\xff\xfe a workbook", "encoding"),
        (b"PAR1 and no more", "parquet"),
        (b"number;reference;answer\n" + b"x" * (32 * 1024 * 1024), "too_large"),
    ],
)
def test_what_is_no_call_list_is_refused_whole(calls, content, code):
    with pytest.raises(UserError) as refused:
        calls.read(calls.written(content))
    assert {problem.code for problem in refused.value.problems} == {code}
    assert calls.told() == {}


def test_the_command_shows_what_was_read_and_status_and_report_show_what_became(calls, capsys):
    viesti = Shell(calls.workspace.root, capsys)
    said = viesti("calls", calls.filled({AINO: "reached", OTHER: "maybe"}), code=1)
    assert "1 reached" in said.out
    assert "unknown_answer" in said.err
    assert "040 123" not in said.err
    assert viesti("calls", calls.filled({AINO: "reached"}), "--json").json["read_before"] == 1
    assert "reached" in viesti("status", calls.run.run_id).out
    assert "reached" in viesti("report", calls.run.run_id).out


def test_the_list_says_what_may_be_answered(calls):
    said = (calls.handed_over.parent / "answers.md").read_text("utf-8")
    assert "- do not call / ei soittoja / ring inte" in said
