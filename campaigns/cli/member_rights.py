"""Commands for a member's privacy rights: export, choices."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.errors import UserError, closest_match, report_write_errors
from campaigns.core.private_files import write_named
from campaigns.core.safe_names import safe_file_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from campaigns.core.model.enums import Language
    from campaigns.people.privacy.subject_access import SubjectAccessExport
    from campaigns.runs.engine import Engine
    from campaigns.web.members.choice_list import ChoiceItem
    from campaigns.workspace.context import Context

_STATES = {"on": True, "off": False}


class ExportFormat(StrEnum):
    """File format of an export."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"


class ChoiceSource(StrEnum):
    """Source of a change of choices: desk or phone."""

    DESK = "desk"
    PHONE = "phone"


def export(
    context: typer.Context,
    member: Annotated[str, typer.Argument(metavar="M", help="Member id.")],
    form: Annotated[
        ExportFormat, typer.Option("--format", help="json, csv (a ZIP archive of files) or html.")
    ] = ExportFormat.JSON,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Output file; default: standard output for JSON, else export-M.zip or export-M.html.",
        ),
    ] = None,
    language: open_workspace.DocumentLanguageOption = None,
    despite_wait: open_workspace.DespiteWaitOption = False,
) -> None:
    """Export everything held about a member, for the member; the audit log records it."""
    from campaigns.people.privacy.subject_access import export_with_audit
    from campaigns.people.privacy.written_files import register_file
    from campaigns.store.people.kept_files import KeptFileKind

    with open_workspace.open_engine(context) as engine:
        whole = export_with_audit(engine.queries, member, form.value, engine.context.actor, despite_wait=despite_wait)
        content = _file_content(
            engine.context, whole, form, language or engine.context.repository.settings.default_language
        )
        file = None if out is None and form is ExportFormat.JSON else out or _default_file(member, form)
        if file is not None:
            with report_write_errors(file):
                write_named(file, content)
            register_file(engine.context, KeptFileKind.EXPORT, file, member)
    output.print_line(content.decode() if file is None else str(file))


def _default_file(member: str, form: ExportFormat) -> Path:
    return Path(f"export-{safe_file_name(member)}.{'zip' if form is ExportFormat.CSV else form.value}")


def _file_content(context: "Context", whole: "SubjectAccessExport", form: ExportFormat, language: "Language") -> bytes:
    from campaigns.web.members.data_pages import DataPages
    from campaigns.web.page_renderer import PageRenderer

    return DataPages(PageRenderer(context.repository.settings), context.repository.catalogue).file_content(
        whole, form.value, language
    )


def choices(
    context: typer.Context,
    member: Annotated[str, typer.Argument(metavar="M", help="Member id.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="CHOICE=STATE",
            help="New state of a choice, such as email_own=off or newsletter:food=on; may be repeated.",
        ),
    ] = None,
    source: Annotated[
        ChoiceSource, typer.Option("--source", help="Source of a change of choices: desk or phone.")
    ] = ChoiceSource.DESK,
    json: open_workspace.JsonOption = False,
) -> None:
    """Show a member's choices with their consent texts, or change them on the member's behalf."""
    from campaigns.people.accounts import audit_log

    with open_workspace.open_engine(context) as engine:
        offered = _offered_items(engine, member)
        audit_log.note_look_up(engine.context, member, "member choices")
        if changes:
            _change(engine.context, member, [_read(change, offered) for change in changes], source)
        facts = engine.queries.member(member)
    subscribed = {f"newsletter:{name}" for name in _strings(facts["newsletters"])}
    states = {name: name in subscribed or facts.get(name) is True for name in offered}
    if json:
        output.print_json(states)
        return
    rows = [(name, "on" if on else "off", offered[name].consent_text.text) for name, on in states.items()]
    output.print_table(f"Choices of {member}", ("choice", "state", "offered as"), rows)


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _offered_items(engine: "Engine", member_id: str) -> "Mapping[str, ChoiceItem]":
    """Return the choices offered to a member, in their language; first store the texts that a consent will name."""
    from audiences.consent import consent_texts
    from campaigns.core.model.enums import Language
    from campaigns.web.members.choice_list import all_consent_texts, choice_items
    from campaigns.web.page_renderer import PageRenderer

    pages: PageRenderer = PageRenderer(engine.context.repository.settings)
    language = Language(str(engine.queries.member(member_id)["language"]))
    with engine.context.ledger.write() as connection:
        consent_texts.publish_texts(connection, all_consent_texts(pages), engine.context.clock.now())
    return choice_items(pages, language)


def _read(change: str, offered: "Mapping[str, ChoiceItem]") -> "tuple[ChoiceItem, bool]":
    name, _, state = change.partition("=")
    if name not in offered:
        hint = closest_match(name, offered) or f"one of {', '.join(f'`{choice}`' for choice in offered)}"
        raise UserError.about(change, "there is no such choice", "unknown_choice", hint)
    if state not in _STATES:
        raise UserError.about(change, "a choice is `on` or `off`", "unknown_state", f"`{name}=off`")
    return offered[name], _STATES[state]


def _change(context: "Context", member_id: str, changes: "list[tuple[ChoiceItem, bool]]", source: ChoiceSource) -> None:
    from audiences.consent.consent_state import ConsentSource
    from audiences.consent.opt_out import ConsentContext
    from campaigns.people.desk.changes import change_choices

    now = context.clock.now()
    entries = [
        ConsentContext(now, ConsentSource(source.value), item.language, item.wording).entry(member_id, item.choice, on)
        for item, on in changes
    ]
    change_choices(context, member_id, entries)


def add_to(member: typer.Typer) -> None:
    """Put the commands into the group of one member."""
    member.command("export")(export)
    member.command("choices")(choices)
