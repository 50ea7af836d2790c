"""The command `proof`."""

from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.planning import Campaign
from campaigns.core.model.enums import Language


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
    from campaigns.runs.proofs.send_proof import Wanted, send_proof

    with open_workspace.engine(context) as engine:
        draft, warnings = engine.library.draft(campaign)
        output.problems(warnings)
        sent = send_proof(engine, draft, Wanted(to, member, language, variant))
    output.line(f"sent; the provider calls it {sent.provider_id}" if sent.provider_id else "sent")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(proof)
