"""Path of the installed `viesti` command, for tests that start it as a process."""

import sys
from pathlib import Path
from typing import Final

VIESTI: Final = str(Path(sys.executable).with_name("viesti"))
