"""The command `proof`."""

from typing import Annotated

import typer

from campaigns.cli import opened, show
from campaigns.cli.planning import Campaign
from campaigns.spec.words import Language


def proof(
    context: typer.Context,
    campaign: Campaign,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="An e-mail address or number of your own.")],
    member: Annotated[
        str | None, typer.Option("--member", metavar="M", help="What this member would get; without, the sample.")
    ] = None,
    language: Annotated[Language | None, typer.Option("--language", help="The language that it is written in.")] = None,
    variant: Annotated[str | None, typer.Option("--variant", metavar="V", help="The variant to show.")] = None,
) -> None:
    """Send one message to one of your own addresses, to look at; it is counted nowhere."""
    from campaigns.proofing import Wanted, send_proof

    with opened.engine(context) as engine:
        draft, warnings = engine.library.draft(campaign)
        show.problems(warnings)
        sent = send_proof(engine, draft, Wanted(to, member, language, variant))
    show.line(f"sent; the provider calls it {sent.provider_id}" if sent.provider_id else "sent")


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(proof)
