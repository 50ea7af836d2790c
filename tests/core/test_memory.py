"""Freed memory between things that stay goes back to the system."""

import platform
import re
import subprocess
import sys

import pytest

_HOLES = """
from pathlib import Path
from campaigns.core.memory import give_back
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1])
blocks = [bytes(50_000) if number % 2 else bytes(600) for number in range(4_000)]
kept, blocks = blocks[::2], None
before = resident()
give_back()
print(before, resident())
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed and gives it back when asked"
)
def test_what_large_messages_left_between_small_things_goes_back():
    told = subprocess.run([sys.executable, "-c", _HOLES], capture_output=True, text=True, check=True).stdout
    before, after = map(int, re.findall(r"\d+", told))
    assert (before - after) * 4096 > 50_000_000  # of the hundred million bytes that were freed


_PLANNED = """
from pathlib import Path
import pyarrow as pa
from campaigns.core.memory import give_back
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1])
columns = [pa.repeat(1, 1_000_000) for _ in range(20)]
taken, columns = resident(), None
give_back()
print(taken, resident())
"""


def test_what_a_plan_took_goes_back():
    told = subprocess.run([sys.executable, "-c", _PLANNED], capture_output=True, text=True, check=True).stdout
    taken, left = map(int, re.findall(r"\d+", told))
    assert (taken - left) * 4096 > 100_000_000  # of the hundred and sixty million bytes that were freed
