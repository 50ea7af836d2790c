"""Check that no other account of the machine can read data about members."""

import shlex
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Final

from campaigns.core.private_files import loose_paths
from campaigns.operations.doctor.finding import Finding, fail, ok

_SHOWN: Final = 3


def check_file_modes(places: Iterable[Path]) -> Finding:
    """Check these files, and the folders with all that is in them."""
    loose = list(islice(chain.from_iterable(map(loose_paths, places)), _SHOWN + 1))
    if not loose:
        return ok("files", "only this account can read data, outbox, backups and exports")
    paths = ", ".join(map(str, loose[:_SHOWN]))
    more = " and others" if len(loose) > _SHOWN else ""
    tops = [path for path in loose if not any(path != other and path.is_relative_to(other) for other in loose)]
    step = f"chmod -R go-rwx {shlex.join(map(str, tops))}"
    return fail("files", f"others can read {paths}{more}", f"`{step}`, and run Viesti as one account")
