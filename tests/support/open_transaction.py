"""A process that has written in a transaction of the ledger and does not end it."""

import subprocess
import sys
from typing import Final

_HOLDS: Final = """
import sys, time
from campaigns.store.ledger import postgresql as ledger_postgresql
from campaigns.store.ledger.connection import Ledger
from sqlalchemy import text
ledger_postgresql._ONE_WRITER = ledger_postgresql._ONE_WRITER.replace("10s", sys.argv[2])
with Ledger(sys.argv[1]).write() as connection:
    connection.execute(text("INSERT INTO pace VALUES ('half', '2018-01-01 08:00:00.000000', 0)"))
    print("holds", flush=True)
    time.sleep(60)
"""


def hold_transaction(address: str, patience: str = "10s") -> subprocess.Popen[str]:
    """Start one; PostgreSQL ends it when it has said nothing for so long."""
    started = subprocess.Popen([sys.executable, "-c", _HOLDS, address, patience], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "holds\n"
    return started
