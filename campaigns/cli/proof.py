"""Command `proof`."""

from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.planning import CampaignArgument
from campaigns.core.model.enums import Language


def proof(
    context: typer.Context,
    campaign: CampaignArgument,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="E-mail address or phone number of your own.")],
    member: Annotated[
        str | None,
        typer.Option("--member", metavar="M", help="Write the message of this member; default: the template's sample."),
    ] = None,
    language: Annotated[Language | None, typer.Option("--language", help="Language of the message.")] = None,
    variant: Annotated[str | None, typer.Option("--variant", metavar="V", help="Variant to send.")] = None,
) -> None:
    """Send one message to an address of your own for review; it counts in no plan, cap or report."""
    from campaigns.runs.proofs.send_proof import ProofRequest, send_proof

    with open_workspace.open_engine(context) as engine:
        draft, warnings = engine.context.repository.campaign_definition(campaign)
        output.print_problems(warnings)
        sent = send_proof(engine.queries, draft, ProofRequest(to, member, language, variant))
    output.print_line(f"sent; provider id {sent.provider_id}" if sent.provider_id else "sent")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(proof)
