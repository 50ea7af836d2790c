"""How a measurement is taken and told."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long work takes by the clock, and how much of the cores it uses, in seconds."""
    began, used = perf_counter(), process_time()
    work()
    return perf_counter() - began, process_time() - used


def cpu(process: int) -> float:
    """The seconds of the cores that another process has used."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def best(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """The least of several rounds, each of all works in turn: on a shared machine only such figures compare."""
    taken = [{name: seconds(work) for name, work in works.items()} for _ in range(rounds)]
    return {name: (min(each[name][0] for each in taken), min(each[name][1] for each in taken)) for name in works}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values lie below."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def peak_megabytes() -> float:
    """The most memory that this process has had; not `ru_maxrss`, which begins with that of the process before it."""
    (line,) = (each for each in Path("/proc/self/status").read_text("ascii").splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def tell(what: str, figure: str) -> None:
    """Print one figure."""
    print(f"{what:<64} {figure:>20}", flush=True)
