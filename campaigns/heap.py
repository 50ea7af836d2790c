"""What the C library keeps of freed memory: large messages that go leave holes between small things that stay."""

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """Return the pages of such holes to the system, in some milliseconds; only glibc has a way to (`malloc_trim`)."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl gives back by itself
            ctypes.CDLL(None).malloc_trim(0)
