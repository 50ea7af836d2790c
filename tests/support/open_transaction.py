"""Process that keeps a writing transaction of the ledger open."""

import subprocess
import sys
from typing import Final

_SCRIPT: Final = """
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
    """Start the process; PostgreSQL ends its transaction after `patience` without a statement."""
    process = subprocess.Popen([sys.executable, "-c", _SCRIPT, address, patience], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    return process
