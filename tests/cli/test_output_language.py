"""One language for all of an output: headings, cells and sentences; every phrase in three languages."""

import ast
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
import typer

from campaigns.channels.events import EventKind
from campaigns.cli.main import app
from campaigns.cli.operations import _line
from campaigns.cli.output_phrases import Phrases, translated_phrases
from campaigns.core.model.enums import Channel, Choice, Language, Register
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.results.feedback.resolve_uncertain import CSV_COLUMNS
from campaigns.results.reports.offer_results import UnreadPurchases
from campaigns.results.reports.run_report import WithheldReason
from campaigns.store.runs.decisions import OutcomeCounts
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import DeliveryState, RunState
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import MONDAYS, Shell

CLI: Final = Path(__file__).parents[2] / "campaigns" / "cli"
CODES: Final = {
    code.value
    for code in chain(Channel, SkipReason, EndReason, RunState, DeliveryState, EventKind, Choice, Register, RequestKind)
}
RUN: Final = "letter-20180101T0800Z"
AT: Final = ("--as-of", "2018-01-01T10:00")
COMMANDS: Final = (
    ("status",), ("status", RUN), ("plan", "other", *AT), ("report", "letter"), ("report", "letter", "--all"),
    ("calendar",), ("calendar", "--list"), ("audience", "count", "coffee", "--explain", *AT), ("member", "show", "m01"),
    ("member", "why", "m01"), ("member", "why", "m01", "--campaign", "other", *AT), ("member", "why", "m04"),
    ("member", "choices", "m01"), ("requests",), ("uncertain", RUN), ("publish", "other"),
    ("members", RUN), ("members", RUN, "--reason", "all"),
)  # fmt: skip
PRINTING_SENTENCES: Final = (
    "plan", "run", "send", "publish", "unpublish", "approve", "calendar", "status", "report", "pause", "resume",
    "cancel", "uncertain", "audience count", "member show", "member why", "member choices", "member merge",
    "member unmerge", "member erase", "members", "requests",
)  # fmt: skip


def texts(language: Language) -> list[str]:
    return [Phrases(language).text(english) for english in translated_phrases()]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d]+", text.casefold())


def literals() -> Iterator[str]:
    """Yield the texts in the modules of the commands, and those that other rooms pass to them."""
    yield from (reason.value for reason in chain(WithheldReason, UnreadPurchases))
    for module in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def phrase_arguments() -> Iterator[str]:
    """Yield the literals in the arguments of `phrases.text` and `phrases.texts`."""
    for module in CLI.glob("*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(call, ast.Call) and re.match(r"(phrases|Phrases\(.*\))\.texts?$", ast.unparse(call.func)):
                yield from (
                    node.value
                    for argument in call.args
                    for node in ast.walk(argument)
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip()
                )


def test_every_phrase_and_code_is_translated() -> None:
    assert {*phrase_arguments(), *CODES} - set(translated_phrases()) == set()


def test_no_translation_is_left_over() -> None:
    stored = {"address_key", "name_key", "mailbox", "phone_class", "member_id", "household_id", "first_name",
              "last_name", "street", "postal_code", "city", "newsletters", "too_late", "skip", "newsletter",
              "marketing", "owner_post", "survey", "magazine", "service", "rights", *CSV_COLUMNS,
              "settled by events", "settled by the provider", "marked accepted", "marked refused"}  # fmt: skip
    assert set(translated_phrases()) - {*literals(), *CODES, *stored} == set()


def test_a_translation_has_the_placeholders_and_commands_of_its_phrase() -> None:
    fixed = re.compile(r"{\w+}|`[^`]+`")
    for english, translations in translated_phrases().items():
        for text in translations:
            assert sorted(fixed.findall(text)) == sorted(fixed.findall(english)), english


@pytest.mark.parametrize("name", PRINTING_SENTENCES)
def test_a_command_that_prints_sentences_takes_a_language(name: str) -> None:
    command: object = typer.main.get_command(app)
    for part in name.split():
        command = command.commands[part]  # type: ignore[attr-defined]
    assert "--language" in {option for parameter in command.params for option in parameter.opts}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def sent_root(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace with a sent run, a planned campaign of text messages, and an audience."""
    root = shutil.copytree(base_workspace, tmp_path_factory.mktemp("language") / "workspace")
    with closing(SampleWorkspace(root)) as workspace:
        workspace.add_setting('clock: {start: "2018-01-01 10:00"}')
        workspace.add_setting("per_member: [{messages: 1, per: week}]")
        workspace.record_choices("m05", "no_marketing")
        workspace.record_choices("m02", "email_own", on=False)
        workspace.write_campaign("other", MONDAYS.replace("content: {email: hello}", "content: {sms: hello}"))
        workspace.send(workspace.start("letter", MONDAYS + "holdout: 20 percent\n"))
    (root / "config" / "audiences" / "coffee.yaml").write_text(
        "title: {fi: Kahvi, sv: Kaffe, en: Coffee}\nmatch: {all: [{age: {from: 30}}, {register: owners}]}\n", "utf-8"
    )
    return root


@pytest.mark.parametrize(
    "language", [Language.FI, *(pytest.param(each, marks=pytest.mark.long) for each in (Language.SV, Language.EN))]
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_output_has_no_words_of_another_language(
    command: tuple[str, ...], language: Language, sent_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Shell(sent_root, capsys)(*command, "--language", language.value).out
    if command[:2] == ("member", "choices"):  # names of choices are typed with `--set`; texts are what is offered
        out = "\n".join(out.splitlines()[:2])
    own = {word for text in texts(language) for word in words(text)}
    others = [text for other in Language if other is not language for text in texts(other)]
    out_words = f" {' '.join(words(re.sub(r'`[^`]*`', '', out)))} "
    foreign = [text for text in others if not set(words(text)) <= own and f" {' '.join(words(text))} " in out_words]
    assert foreign == [], out


def test_a_stored_english_sentence_is_in_no_table_of_another_language() -> None:
    run = Run(
        run_id=RUN, campaign="letter", purpose="marketing", due_at=datetime(2018, 1, 1, tzinfo=UTC), scheduled=True,
        state="paused", reason="9 of 1000 recipients complained",
    )  # fmt: skip
    outcomes = OutcomeCounts((("email", "pending", "", 3),))
    assert _line(run, outcomes, Phrases(Language.EN))[-1] == "9 of 1000 recipients complained, 3 pending"
    assert _line(run, outcomes, Phrases(Language.FI))[-1] == "3 odottaa"


def test_the_language_comes_from_the_environment_too(
    sent_root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIESTI_LANGUAGE", "sv")
    shell = Shell(sent_root, capsys)
    assert shell("status").out.startswith("körning")
    assert shell("status", "--language", "en").out.startswith("run")


@pytest.mark.parametrize(("language", "share"), [("en", "16.7%"), ("fi", "16,7 %"), ("sv", "16,7 %")])
def test_a_share_is_written_as_in_the_language(language: str, share: str) -> None:
    assert Phrases(Language(language)).share(1, 6) == share
    assert Phrases(Language(language)).share(0, 0) == "–"
