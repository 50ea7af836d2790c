"""Release of freed memory to the operating system.

Two allocators hold on to it: the C library, where large messages leave holes between small objects that stay, and
Arrow, which keeps all that a plan ever allocated.
"""

import ctypes
import sys
from contextlib import suppress


def release_memory() -> None:
    """Release freed memory, in some milliseconds; of the C libraries only glibc offers it (`malloc_trim`)."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl releases memory by itself
            ctypes.CDLL(None).malloc_trim(0)
