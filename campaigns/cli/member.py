"""Commands for one member: show, why, erase, merge. Export and choices are in `member_rights`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from campaigns.cli import member_rights, open_workspace, output
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from campaigns.runs.planning.explain import Explanation, Predicate

app = typer.Typer(help="Show, explain and change the data of one member.", rich_markup_mode=None, no_args_is_help=True)

MemberArgument = Annotated[str, typer.Argument(metavar="M", help="Member id.")]

_FIELDS: Final = {"phone": "phone number"}  # the code `phone` is a call
_VALUES = {True: "yes", False: "no", None: "unknown"}


@app.command("show")
def show_member(
    context: typer.Context,
    member: MemberArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Show a member's contact and choices."""
    from campaigns.people.accounts import audit_log

    with open_workspace.open_engine(context) as engine:
        facts = engine.queries.member(member)
        audit_log.note_look_up(engine.context, member, "member show")
    if json:
        output.print_json(facts)
        return
    phrases = Phrases(language)
    rows = [(phrases.code(_FIELDS.get(name, name)), _fact(name, value, phrases)) for name, value in facts.items()]
    output.print_table(phrases.text("Member {member}", member=member), phrases.texts("field", "value"), rows)


@app.command("why")
def why(
    context: typer.Context,
    member: MemberArgument,
    campaign: Annotated[
        str | None,
        typer.Option("--campaign", metavar="C", help="Explain the decision of this campaign, condition by condition."),
    ] = None,
    as_of: open_workspace.AsOfOption = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Explain a member's past messages, or the decision of one campaign about them."""
    from campaigns.people.accounts import audit_log

    with open_workspace.open_engine(context) as engine:
        engine.queries.member(member)
        audit_log.note_look_up(engine.context, member, "member why")
        if campaign is None:
            _show_history(engine.queries.decisions_for_member(member, language), Phrases(language), json=json)
            return
        draft, _ = engine.context.repository.campaign_definition(campaign)
        explanation = engine.queries.explain(draft, member, open_workspace.parse_as_of(as_of, engine.context), language)
    if json:
        output.print_json(asdict(explanation))
        return
    _show_explanation(explanation, Phrases(language))


@app.command("erase")
def erase(
    context: typer.Context,
    member: MemberArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    despite_wait: open_workspace.DespiteWaitOption = False,
    language: open_workspace.OutputLanguageOption = Language.EN,
) -> None:
    """Erase a member's contact, profile and purchases for good; no import brings them back."""
    from campaigns.people.privacy import erasure
    from campaigns.rendering.notice_writer import copy_lines

    phrases = Phrases(language)
    with open_workspace.open_engine(context) as engine:
        engine.queries.member(member)
        if not yes:
            typer.confirm(phrases.text("Erase {member}? This cannot be undone", member=member), abort=True)
        copies = erasure.erase(engine.context, member, despite_wait=despite_wait)
        lines = copy_lines(copies.days(), language, engine.context.repository.settings)
    output.print_line(
        phrases.text("erased; `viesti retention`, or the nightly job, deletes the last rows from the files")
    )
    for line in (phrases.text("what to tell the member:"), *lines) if lines else ():
        output.print_line(line)


@app.command("merge")
def merge(
    context: typer.Context,
    member: MemberArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="Id to keep.")],
    approve: Annotated[
        bool, typer.Option("--approve", help="As a supervisor, merge although fewer than two facts agree.")
    ] = False,
    language: open_workspace.OutputLanguageOption = Language.EN,
) -> None:
    """Merge two ids of one person; every opt-out of either id stays in force.

    Two of date of birth, name, e-mail, telephone and postal address must agree. `member unmerge` undoes it for 30 days.
    """
    from campaigns.cli.required_roles import REQUIRED_BY_OPTIONS
    from campaigns.people.accounts import staff_accounts
    from campaigns.people.privacy import merging

    with open_workspace.open_engine(context) as engine:
        if approve:
            staff_accounts.require_permission(engine.context, REQUIRED_BY_OPTIONS["member merge --approve"])
        moved = merging.merge(engine.context, member, into, approved=approve)
    sentence = "{member} is {into} now; {moved} purchases, receipts and earlier messages were moved"
    output.print_line(Phrases(language).text(sentence, member=member, into=into, moved=moved))


@app.command("unmerge")
def unmerge(
    context: typer.Context, member: MemberArgument, language: open_workspace.OutputLanguageOption = Language.EN
) -> None:
    """Undo the merge of a member id within 30 days; what was refused since binds both ids."""
    from campaigns.people.privacy import merging

    with open_workspace.open_engine(context) as engine:
        into = merging.unmerge(engine.context, member)
    output.print_line(Phrases(language).text("{member} and {into} are two members again", member=member, into=into))


def _show_history(decisions: list[dict[str, Any]], phrases: Phrases, *, json: bool) -> None:
    if json:
        output.print_json(decisions)
        return
    head = phrases.texts("run", "decision", "variant", "channel", "reason", "delivery", "because")
    rows = [
        (
            row["run_id"],
            phrases.code(str(row["kind"])),
            row["variant"] or "",
            *(phrases.code(_text(row[name])) for name in ("channel", "reason", "state")),
            _because(row["evidence"], phrases.language),
        )
        for row in decisions
    ]
    output.print_table("", head, rows, none=phrases.text("none"))
    for row in decisions:
        if row["offers"]:
            _show_offers(f"\n{phrases.text('offers of {run}', run=row['run_id'])}", row["offers"], phrases)


def _show_offers(title: str, offers: "Iterable[Mapping[str, str | None]]", phrases: Phrases) -> None:
    rows = [(offer["title"], offer["reason"] or phrases.text("not by purchases")) for offer in offers]
    output.print_table(title, phrases.texts("offer", "because"), rows)


def _fact(name: str, value: object, phrases: Phrases) -> str:
    if name == "register":
        return phrases.code(_text(value))
    if isinstance(value, bool):
        return phrases.text(_VALUES[value])
    return ", ".join(map(str, value)) if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _because(evidence: object, language: Language) -> str:
    texts = evidence.get("audience") if isinstance(evidence, dict) else None
    return str(texts[language.value]) if isinstance(texts, dict) else ""


def _show_explanation(explanation: "Explanation", phrases: Phrases) -> None:
    if not explanation.processed:
        reasons = "not processed: this member allows no marketing, or is restricted, or has died"
        output.print_line(phrases.text(reasons))
        return
    _show_rule(phrases.text("audience"), explanation.audience, phrases)
    for variant, predicates in explanation.variants.items():
        _show_rule(f"\n{phrases.text('variant {name}', name=variant)}", predicates, phrases)
    decision = explanation.decision
    if decision is None:
        line = phrases.text("gets nothing: not in the audience")
    elif decision["reason"] is not None:
        line = phrases.text("gets nothing: {reason}", reason=phrases.code(decision["reason"]))
    else:
        values = {"name": decision["variant"], "channel": phrases.code(decision["channel"])}
        line = phrases.text("gets the variant {name} by {channel}", **values)
    output.print_line(f"\n{line}")
    if explanation.offers:
        _show_offers(f"\n{phrases.text('offers')}", [asdict(offer) for offer in explanation.offers], phrases)


def _show_rule(title: str, predicates: "tuple[Predicate, ...]", phrases: Phrases) -> None:
    rows = [
        (
            "  " * predicate.depth + predicate.said,
            phrases.text(_VALUES[predicate.value]),
            f"← {phrases.text('first blocking condition')}" if predicate.blocks else "",
        )
        for predicate in predicates
    ]
    output.print_table(title, phrases.texts("condition", "holds", ""), rows, none=phrases.text("none"))


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    member_rights.add_to(app)
    main.add_typer(app, name="member")
