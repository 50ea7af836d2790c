"""Commands `coupons`: the file for the tills, and the keys of pools."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.errors import report_write_errors

coupons = typer.Typer(help="Export coupons for the tills, and rotate the keys of codes.", no_args_is_help=True)


@coupons.command()
def export(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN|RUN", help="Campaign, for its last run; or name of a run.")],
    out: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Output file; default: coupons-RUN.csv.")
    ] = None,
    offers: Annotated[
        bool, typer.Option("--offers", help="One row an offer, without members: for tills that hold the keys of codes.")
    ] = False,
    json: open_workspace.JsonOption = False,
) -> None:
    """Write the coupons of a run's sent messages as CSV for the tills; the audit log records it."""
    from campaigns.core.private_files import write_named_parts
    from campaigns.core.safe_names import safe_file_name
    from campaigns.people.privacy.written_files import register_file
    from campaigns.results.redemptions.coupon_export import CouponExport
    from campaigns.store.people.kept_files import KeptFileKind

    with open_workspace.open_engine(context) as engine:
        coupon_export = CouponExport.open(engine, name)
        file = out or Path(f"coupons-{safe_file_name(coupon_export.run.run_id)}.csv")
        with report_write_errors(file):
            lines = coupon_export.offer_lines() if offers else coupon_export.lines()
            write_named_parts(file, (line.encode() for line in lines))
        coupon_export.note()
        if not offers:
            register_file(engine.context, KeptFileKind.COUPONS, file)
    what = "offers" if offers else "coupons"
    written = {"run": coupon_export.run.run_id, "file": str(file), what: coupon_export.rows}
    output.print_result(f"{coupon_export.rows} {what} of {coupon_export.run.run_id} are in {file}", written, json=json)


@coupons.command()
def rotate_key(
    context: typer.Context,
    pool: Annotated[str, typer.Argument(metavar="POOL", help="Pool of codes, as in `coupon: {pool: coffee}`.")],
    json: open_workspace.JsonOption = False,
) -> None:
    """Make a pool's first key, or a new one for later plans; codes of earlier keys stay valid."""
    from campaigns.offers.coupons.rotate_key import rotate_key as rotate

    with open_workspace.open_engine(context) as engine:
        number = rotate(engine.context, pool)
        file = engine.context.workspace.coupon_keys
    text = f"key {number} of pool {pool} is in {file}; give it to the tills before the next plan"
    output.print_result(text, {"pool": pool, "key": number, "file": str(file)}, json=json)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(coupons, name="coupons")
