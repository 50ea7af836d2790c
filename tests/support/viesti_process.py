"""The program as it is installed, for tests that need a process of its own."""

import sys
from pathlib import Path
from typing import Final

VIESTI: Final = str(Path(sys.executable).with_name("viesti"))
