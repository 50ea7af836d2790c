"""Timing and printing of measurements."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time


def time_work(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall-clock and CPU seconds of some work."""
    start, cpu_start = perf_counter(), process_time()
    work()
    return perf_counter() - start, process_time() - cpu_start


def cpu_seconds(process: int) -> float:
    """Return the CPU seconds used by another process."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def best_of_rounds(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the best of several rounds, each running all works in turn: comparable on a shared machine."""
    measured = [{name: time_work(work) for name, work in jobs.items()} for _ in range(rounds)]
    return {
        name: (min(timings[name][0] for timings in measured), min(timings[name][1] for timings in measured))
        for name in jobs
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that the fraction `share` of the values lie below."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def peak_megabytes() -> float:
    """Return this process's peak memory; not `ru_maxrss`, which starts with the parent's peak."""
    (peak,) = (line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def print_figure(name: str, figure: str) -> None:
    """Print one figure."""
    print(f"{name:<64} {figure:>20}", flush=True)
