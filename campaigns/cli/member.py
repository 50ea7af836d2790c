"""Commands about one member: show, why, erase, merge; export and choices are in `member_rights`."""

from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import member_rights, open_workspace, output

if TYPE_CHECKING:
    from campaigns.runs.planning.explain import Explanation, Predicate

app = typer.Typer(help="What is known and was decided about one member.", rich_markup_mode=None, no_args_is_help=True)

Member = Annotated[str, typer.Argument(metavar="M", help="The member's id.")]

_VALUES = {True: "yes", False: "no", None: "unknown"}


@app.command("show")
def show_member(context: typer.Context, member: Member, json: open_workspace.AsJson = False) -> None:
    """Show a member's contact and choices."""
    from campaigns.people.accounts import audit_log

    with open_workspace.engine(context) as engine:
        facts = engine.member(member)
        audit_log.looked_up(engine, member, "member show")
    if json:
        output.as_json(facts)
        return
    output.table(f"Member {member}", ("field", "value"), [(name, value) for name, value in facts.items()])


@app.command("why")
def why(
    context: typer.Context,
    member: Member,
    campaign: Annotated[
        str | None,
        typer.Option("--campaign", metavar="C", help="What this campaign would decide, condition by condition."),
    ] = None,
    as_of: open_workspace.AsOf = None,
    language: open_workspace.InLanguage = None,
    json: open_workspace.AsJson = False,
) -> None:
    """Say why a member got what they got, or would get a campaign's message or not."""
    from campaigns.people.accounts import audit_log

    with open_workspace.engine(context) as engine:
        spoken = language or engine.library.settings.default_language
        engine.member(member)
        audit_log.looked_up(engine, member, "member why")
        if campaign is None:
            _show_history(engine.decisions_about(member), spoken.value, json=json)
            return
        draft, _ = engine.library.draft(campaign)
        explained = engine.explain(draft, member, open_workspace.moment(as_of, engine), spoken)
    if json:
        from dataclasses import asdict

        output.as_json(asdict(explained))
        return
    _show_explanation(explained)


@app.command("erase")
def erase(
    context: typer.Context,
    member: Member,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a member at once and for good: contact, profile, purchases; no import brings the person back."""
    from campaigns.people.privacy import erasure

    with open_workspace.engine(context) as engine:
        engine.member(member)
        if not yes:
            typer.confirm(f"Forget {member}? This cannot be undone", abort=True)
        erasure.erase(engine, member)
    output.line("forgotten; `viesti retention`, or the nightly job, deletes the last rows from the files")


@app.command("merge")
def merge(
    context: typer.Context,
    member: Member,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The id that stays.")],
) -> None:
    """Make two ids of one person one; what either refused stays refused."""
    from campaigns.people.privacy import erasure

    with open_workspace.engine(context) as engine:
        moved = erasure.merge(engine, member, into)
    output.line(f"{member} is {into} now; {moved} purchases, receipts and earlier messages went over")


def _show_history(decided: list[dict[str, object]], language: str, *, json: bool) -> None:
    if json:
        output.as_json(decided)
        return
    head = ("run", "decision", "variant", "channel", "reason", "delivery", "because")
    rows = [
        (
            row["run_id"],
            row["kind"],
            row["variant"] or "",
            row["channel"] or "",
            row["reason"] or "",
            row["state"] or "",
            _because(row["evidence"], language),
        )
        for row in decided
    ]
    output.table("", head, rows)


def _because(evidence: object, language: str) -> str:
    said = evidence.get("audience") if isinstance(evidence, dict) else None
    return str(said[language]) if isinstance(said, dict) else ""


def _show_explanation(explained: "Explanation") -> None:
    if not explained.processed:
        output.line("not looked at: this member allows no marketing, or is restricted, or has died")
        return
    _show_rule("audience", explained.audience)
    for variant, predicates in explained.variants.items():
        _show_rule(f"\nvariant {variant}", predicates)
    decision = explained.decision
    if decision is None:
        output.line("\ngets nothing: the audience does not take them")
    elif decision["reason"] is not None:
        output.line(f"\ngets nothing: {decision['reason']}")
    else:
        output.line(f"\ngets the variant {decision['variant']} by {decision['channel']}")


def _show_rule(title: str, predicates: "tuple[Predicate, ...]") -> None:
    rows = [
        ("  " * each.depth + each.said, _VALUES[each.value], "← the first that blocks" if each.blocks else "")
        for each in predicates
    ]
    output.table(title, ("condition", "holds", ""), rows)


def add_to(main: typer.Typer) -> None:
    """Put the commands into the command line."""
    member_rights.add_to(app)
    main.add_typer(app, name="member")
