"""Those who signed up on the web brought into the warehouse, so that plans find them: some at a time, by an import."""

import csv
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from audiences.people import sign_ups
from campaigns.runs.engine import Engine

_GATHERED: Final = timedelta(minutes=15)
"""How long the first of them waits for others: an import writes the whole profile anew."""


def admit(engine: Engine) -> int:
    """Bring in whoever confirmed a while ago, if anybody did; returns how many.

    AuthorError while another import writes: they wait. After a crash they are brought in again, which changes nothing.
    """
    now = engine.clock.now()
    with engine.ledger.read() as connection:
        if not sign_ups.confirmed(connection, now - _GATHERED):
            return 0
        members = sign_ups.confirmed(connection, now)
    with TemporaryDirectory(dir=engine.workspace.data) as folder:
        file = Path(folder) / "sign-ups.csv"
        with file.open("w", encoding="utf-8", newline="") as sheet:
            writer = csv.DictWriter(sheet, list(members[0]))
            writer.writeheader()
            writer.writerows(members)
        engine.import_file("members", file, lambda _done, _whole: None)
    with engine.ledger.write() as connection:
        sign_ups.settle(connection, [each["member_id"] for each in members])
    return len(members)
