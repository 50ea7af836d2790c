"""Command `proof`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.planning import CampaignArgument
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from campaigns.runs.proofs.send_proof import SentProof


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
    every: Annotated[bool, typer.Option("--all", help="Send every variant in every language.")] = False,
    json: open_workspace.JsonOption = False,
) -> None:
    """Send one message to an address of your own for review; it counts in no plan, cap or report."""
    from campaigns.runs.proofs.send_proof import ProofRequest, send_proof, send_proofs

    with open_workspace.open_engine(context) as engine:
        draft, warnings = engine.context.repository.campaign_definition(campaign)
        output.print_problems(warnings)
        request = ProofRequest(to, member, language, variant)
        sent = send_proofs(engine.queries, draft, request) if every else [send_proof(engine.queries, draft, request)]
    if json:
        output.print_json({"campaign": draft.campaign.name, "proofs": [asdict(proof) for proof in sent]})
        return
    for proof in sent:
        output.print_line(_line(proof))


def _line(proof: "SentProof") -> str:
    """Return where a proof went."""
    where = f"by {proof.channel} to {proof.address}, by the provider `{proof.provider}`"
    name = f": {proof.file}" if proof.file else f" as {proof.provider_id}" if proof.provider_id else ""
    return f"sent variant {proof.variant} in {proof.language} {where}{name}"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(proof)
