"""Command `doctor`."""

from dataclasses import asdict

import typer

from campaigns.cli import open_workspace, output


def doctor(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """Check keys, senders, DNS, providers, clock, disk and data, and say how to fix problems."""
    from campaigns.operations.doctor.dns import Resolver
    from campaigns.operations.doctor.finding import FindingLevel
    from campaigns.operations.doctor.run_checks import run_checks

    with open_workspace.open_engine(context) as engine:
        findings = list(run_checks(engine.context, Resolver()))
    if json:
        output.print_json([asdict(finding) for finding in findings])
    else:
        output.print_table(
            "",
            ("", "check", "", "next step"),
            [(finding.level, finding.check, finding.said, finding.step) for finding in findings],
        )
    if any(finding.level is FindingLevel.FAIL for finding in findings):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(doctor)
