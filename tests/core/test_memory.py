"""Release of freed memory to the operating system."""

import platform
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.child_process
_FRAGMENTED = """
from pathlib import Path
from campaigns.core.memory import release_memory
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1])
blocks = [bytes(50_000) if number % 2 else bytes(600) for number in range(4_000)]
small, blocks = blocks[::2], None
before = resident()
release_memory()
print(before, resident())
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory and releases it on request"
)
def test_memory_freed_between_small_objects_is_released():
    output = subprocess.run([sys.executable, "-c", _FRAGMENTED], capture_output=True, text=True, check=True).stdout
    before, after = map(int, re.findall(r"\d+", output))
    assert (before - after) * 4096 > 50_000_000  # of about a hundred million freed bytes


_ARROW = """
from pathlib import Path
import pyarrow as pa
from campaigns.core.memory import release_memory
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1])
columns = [pa.repeat(1, 1_000_000) for _ in range(20)]
before, columns = resident(), None
release_memory()
print(before, resident())
"""


def test_memory_freed_by_arrow_is_released():
    output = subprocess.run([sys.executable, "-c", _ARROW], capture_output=True, text=True, check=True).stdout
    before, after = map(int, re.findall(r"\d+", output))
    assert (before - after) * 4096 > 100_000_000  # of about 160 million freed bytes
