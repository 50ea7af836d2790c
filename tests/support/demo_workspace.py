"""Workspace with the demonstration's data, imported once a test run, read-only.

A fixture of scope `session` calls `imported_demo`; parallel workers wait for the first.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from campaigns.demo.run_demo import import_demo_files
from campaigns.runs.engine import Engine
from campaigns.workspace.scaffold import create_demo_workspace


def imported_demo(factory: pytest.TempPathFactory) -> Path:
    """Return the root of the workspace; copy it before changing anything."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    root = shared / "demonstration"
    with closing(sqlite3.connect(shared / "demonstration.lock", timeout=600, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        if not root.exists():
            _import_into(shared / "demonstration.new").rename(root)
    return root


def _import_into(root: Path) -> Path:
    engine = Engine.open(create_demo_workspace(root), "tester")
    for name, report in import_demo_files(engine.context, lambda _: None):
        assert report.read == report.stored, f"{name}: {report}"
    engine.close()
    return root
