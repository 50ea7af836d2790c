"""Commands for the audit log: verify, show."""

from typing import Annotated

import typer

from campaigns.cli import open_workspace, output

app = typer.Typer(help="Show and verify the audit log.", rich_markup_mode=None, no_args_is_help=True)


@app.command("verify")
def verify(
    context: typer.Context,
    expected_seal: Annotated[
        str | None,
        typer.Option("--kept", metavar="SEAL", help="Seal printed by an earlier run and kept elsewhere."),
    ] = None,
    json: open_workspace.JsonOption = False,
) -> None:
    """Seal the newest rows and report the first row that was changed, removed or inserted."""
    from campaigns.people.accounts import audit_log

    with open_workspace.open_engine(context) as engine:
        verdict = audit_log.verify(engine.context, expected_seal)
    fault = verdict.fault
    if json:
        fault_fields = None if fault is None else {"row": fault.row, "because": fault.reason, "seal": fault.seal}
        last = None if verdict.last is None else str(verdict.last)
        output.print_json(
            {
                "fits": fault is None,
                "rows": verdict.rows,
                "sealed_now": verdict.newly_sealed,
                "seal": last,
                "fault": fault_fields,
            }
        )
    elif fault is None:
        output.print_line(f"{output.format_number(verdict.rows)} rows are unchanged")
        if verdict.newly_sealed:
            newest = output.format_number(verdict.newly_sealed)
            output.print_line(f"the last {newest} were sealed only now: an earlier change would not show")
        output.print_line(f"newest seal, to be kept elsewhere: {verdict.last or 'none'}")
    else:
        of_seal = "" if fault.seal is None else f"seal {fault.seal}, "
        output.print_line(
            f"{of_seal}row {fault.row}: {fault.reason}; the {output.format_number(verdict.rows)} rows before it fit"
        )
    if fault is not None:
        raise typer.Exit(1)


@app.command("show")
def show_rows(
    context: typer.Context,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="M", help="Only rows about this member, run, campaign or account."),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Maximum number of rows.")] = 100,
    json: open_workspace.JsonOption = False,
) -> None:
    """Show the newest rows, newest first."""
    from campaigns.people.accounts import audit_log

    with open_workspace.open_engine(context) as engine:
        rows = audit_log.list_rows(engine.context, subject, most)
        zone = engine.context.repository.settings.zone
    if json:
        output.print_json([{**row, "at": row["at"].isoformat()} for row in rows])
        return
    head = ("row", "at", "who", "what", "whom", "more")
    cells = [
        (
            str(row["seq"]),
            f"{row['at'].astimezone(zone):%Y-%m-%d %H:%M:%S}",
            row["actor"],
            row["action"],
            row["subject"],
            ", ".join(f"{name}={value}" for name, value in row["detail"].items()),
        )
        for row in rows
    ]
    output.print_table("", head, cells)


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="audit")
