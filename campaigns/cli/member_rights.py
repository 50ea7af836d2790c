"""Commands of a member's rights: export, choices."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.errors import AuthorError, nearest, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from campaigns.core.model.enums import Language
    from campaigns.people.privacy.subject_access import Dossier
    from campaigns.runs.engine import Engine
    from campaigns.web.members.choice_list import Item

_STATES = {"on": True, "off": False}


class Form(StrEnum):
    """How an export is written."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"


class Heard(StrEnum):
    """Where the member said it."""

    DESK = "desk"
    PHONE = "phone"


def export(
    context: typer.Context,
    member: Annotated[str, typer.Argument(metavar="M", help="The member's id.")],
    form: Annotated[Form, typer.Option("--format", help="json, csv (an archive of files) or html.")] = Form.JSON,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Without it JSON is printed, the rest goes to export-M.zip or .html."
        ),
    ] = None,
    language: open_workspace.InLanguage = None,
) -> None:
    """Write everything that is held about a member, for the member; the audit log says that it was done."""
    from campaigns.people.privacy.subject_access import hand_out

    with open_workspace.engine(context) as engine:
        whole = hand_out(engine, member, form.value, engine.actor)
        content = _written(engine, whole, form, language or engine.library.settings.default_language)
    if out is None and form is Form.JSON:
        typer.echo(content.decode())
        return
    file = out or Path(f"export-{quote(member, safe='')}.{'zip' if form is Form.CSV else form.value}")
    with writing(file):
        file.touch(mode=0o600)
        file.write_bytes(content)
    output.line(str(file))


def _written(engine: "Engine", whole: "Dossier", form: Form, language: "Language") -> bytes:
    from campaigns.web.members.data_pages import Shown
    from campaigns.web.page_renderer import Pages

    return Shown(Pages(engine.library.settings), engine.library.catalogue).file(whole, form.value, language)


def choices(
    context: typer.Context,
    member: Annotated[str, typer.Argument(metavar="M", help="The member's id.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="CHOICE=STATE", help="email_own=off, newsletter:food=on …; may be repeated."),
    ] = None,
    source: Annotated[Heard, typer.Option("--source", help="Where the member said it.")] = Heard.DESK,
    json: open_workspace.AsJson = False,
) -> None:
    """Show a member's choices with the texts they are offered under; or change them on the member's behalf."""
    from campaigns.people.accounts import audit_log

    with open_workspace.engine(context) as engine:
        offered = _offered(engine, member)
        audit_log.looked_up(engine, member, "member choices")
        if changes:
            _change(engine, member, [_read(change, offered) for change in changes], source)
        facts = engine.member(member)
    subscribed = {f"newsletter:{name}" for name in _texts(facts["newsletters"])}
    states = {name: name in subscribed or facts.get(name) is True for name in offered}
    if json:
        output.as_json(states)
        return
    rows = [(name, "on" if on else "off", offered[name].offered.shown) for name, on in states.items()]
    output.table(f"Choices of {member}", ("choice", "state", "offered as"), rows)


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _offered(engine: "Engine", member_id: str) -> "Mapping[str, Item]":
    """What is offered to a member, in their language; the texts are kept first, so that a grant can name them."""
    from audiences.consent import consent_texts
    from campaigns.core.model.enums import Language
    from campaigns.web.members.choice_list import every_wording, offered_items
    from campaigns.web.page_renderer import Pages

    pages: Pages = Pages(engine.library.settings)
    language = Language(str(engine.member(member_id)["language"]))
    with engine.ledger.write() as connection:
        consent_texts.publish(connection, every_wording(pages), engine.clock.now())
    return offered_items(pages, language)


def _read(change: str, offered: "Mapping[str, Item]") -> "tuple[Item, bool]":
    name, _, state = change.partition("=")
    if name not in offered:
        hint = nearest(name, offered) or f"one of {', '.join(f'`{each}`' for each in offered)}"
        raise AuthorError.about(change, "there is no such choice", "unknown_choice", hint)
    if state not in _STATES:
        raise AuthorError.about(change, "a choice is `on` or `off`", "unknown_state", f"`{name}=off`")
    return offered[name], _STATES[state]


def _change(engine: "Engine", member_id: str, changes: "list[tuple[Item, bool]]", source: Heard) -> None:
    from audiences.consent.consent_state import Source
    from audiences.consent.opt_out import Saying
    from campaigns.people.desk.changes import change_choices

    now = engine.clock.now()
    entries = [
        Saying(now, Source(source.value), item.language, item.wording).entry(member_id, item.choice, on)
        for item, on in changes
    ]
    change_choices(engine, member_id, entries)


def add_to(member: typer.Typer) -> None:
    """Put the commands into the group of one member."""
    member.command("export")(export)
    member.command("choices")(choices)
