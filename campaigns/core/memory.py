"""Freed memory that is kept: by the C library, where large messages that go leave holes between small things that stay,
and by Arrow, all that a plan ever took.
"""

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """Return it to the system, in some milliseconds; of the C libraries only glibc has a way to (`malloc_trim`)."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl gives back by itself
            ctypes.CDLL(None).malloc_trim(0)
