"""A sent run whose offers have coupons, made once, and copied for each test."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.coupon_run import AFTER, CouponRun, add_coupons
from tests.support.sample_workspace import SampleWorkspace


@pytest.fixture(scope="session")
def sent_folder(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a sent run of coupons. For copying only."""
    workspace = SampleWorkspace(shutil.copytree(base_workspace, tmp_path_factory.mktemp("coupons") / "workspace"))
    add_coupons(workspace)
    CouponRun.send(workspace)
    workspace.close()
    return workspace.root


@pytest.fixture
def coupon_run(sent_folder: Path, tmp_path: Path) -> Iterator[CouponRun]:
    with closing(SampleWorkspace(shutil.copytree(sent_folder, tmp_path / "workspace"))) as workspace:
        workspace.clock.time = AFTER
        yield CouponRun(workspace, workspace.engine.queries.recent_runs()[0])
