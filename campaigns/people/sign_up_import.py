"""Import of confirmed newsletter sign-ups into the warehouse, so that plans find them.

Sign-ups are imported in batches.
"""

import csv
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from audiences.people import sign_ups
from campaigns.workspace.context import Context
from campaigns.workspace.import_data import import_data

_BATCH_WAIT: Final = timedelta(minutes=15)
"""Wait of the oldest sign-up for others: an import rewrites the whole profile table."""


def import_sign_ups(context: Context) -> int:
    """Import confirmed sign-ups once the oldest has waited long enough; return how many.

    Raises UserError while another import writes: the sign-ups wait. After a crash they are imported again, which
    changes nothing.
    """
    now = context.clock.now()
    with context.ledger.read() as connection:
        if not sign_ups.confirmed_members(connection, now - _BATCH_WAIT):
            return 0
        members = sign_ups.confirmed_members(connection, now)
    with TemporaryDirectory(dir=context.workspace.data) as folder:
        file = Path(folder) / "sign-ups.csv"
        with file.open("w", encoding="utf-8", newline="") as output:
            writer = csv.DictWriter(output, list(members[0]))
            writer.writeheader()
            writer.writerows(members)
        import_data(context, "members", file)
    with context.ledger.write() as connection:
        sign_ups.delete_imported(connection, [member["member_id"] for member in members])
    return len(members)
