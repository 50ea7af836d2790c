"""Merges and undos that are killed at each step, on either ledger: another call completes them (C-12)."""

from typing import Any

import pytest
from sqlalchemy import select

from audiences.people import merge_members, merge_records, merged_purchases
from audiences.tables import CONTACT
from campaigns.core.errors import UserError
from campaigns.people.privacy import merging, subject_access
from campaigns.store.people import reassign
from tests.support.merged_members import KEPT, MERGED, ledger_rows, merge, purchases
from tests.support.sample_workspace import SampleWorkspace

pytestmark = pytest.mark.long


class Killed(BaseException):
    """Stands for SIGKILL at one line."""


def kill(*_arguments: object, **_options: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("module", "function"),
    [(merge_members, "merge_purchases"), (merge_members, "merge_members"), (reassign, "merge"),
     (merge_records, "close_record")],
    ids=lambda part: getattr(part, "__name__", part),
)  # fmt: skip
def test_a_killed_merge_is_completed_by_another_call_and_can_be_undone(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, module: Any, function: str
) -> None:
    before, bought = ledger_rows(workspace), purchases(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(module, function, kill)
        with pytest.raises(Killed):
            merge(workspace, approved=True)
    merge(workspace, approved=True)
    merging.unmerge(workspace.engine.context, MERGED)
    after = ledger_rows(workspace)
    assert purchases(workspace) == bought
    assert before["contact"] == after["contact"]
    assert before["choice_entry"] == after["choice_entry"]
    assert after["merge_record"] == []


@pytest.mark.parametrize(
    ("module", "function"),
    [(merged_purchases, "return_purchases"), (merge_records, "restore_members"), (reassign, "unmerge")],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_a_killed_undo_is_completed_by_another_call(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, module: Any, function: str
) -> None:
    before, bought = ledger_rows(workspace), purchases(workspace)
    merge(workspace, approved=True)
    with monkeypatch.context() as patch:
        patch.setattr(module, function, kill)
        with pytest.raises(Killed):
            merging.unmerge(workspace.engine.context, MERGED)
    merging.unmerge(workspace.engine.context, MERGED)
    assert purchases(workspace) == bought
    assert ledger_rows(workspace)["contact"] == before["contact"]


def test_a_merge_killed_before_the_ledger_had_it_can_be_undone(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = purchases(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(merge_members, "merge_members", kill)
        with pytest.raises(Killed):
            merge(workspace, approved=True)
    assert purchases(workspace) != bought
    merging.unmerge(workspace.engine.context, MERGED)
    assert purchases(workspace) == bought
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.member_id == MERGED)).scalar_one()


@pytest.mark.hostile
def test_an_interrupted_merge_hands_nothing_out_and_is_continued_into_no_other_id(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(merge_members, "merge_members", kill)
        with pytest.raises(Killed):
            merge(workspace, approved=True)
    bought = purchases(workspace)
    with pytest.raises(UserError, match="waits until"):
        subject_access.export_with_audit(workspace.engine.queries, KEPT, "json", "member")
    with pytest.raises(UserError, match="interrupted"):
        merging.merge(workspace.engine.context, MERGED, "m05", approved=True)
    assert purchases(workspace) == bought


@pytest.mark.hostile
def test_of_two_merges_of_one_id_at_once_the_second_leaves_nothing_behind(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, bought, compare = workspace.engine.context, purchases(workspace), merging.compare

    def compare_too_early(*ids: Any) -> merging.MergeComparison:
        comparison = compare(*ids)
        monkeypatch.undo()
        merging.merge(context, MERGED, "m05", approved=True)
        return comparison

    monkeypatch.setattr(merging, "compare", compare_too_early)
    with pytest.raises(UserError, match="no member"):
        merge(workspace, approved=True)
    assert [row["into_id"] for row in ledger_rows(workspace)["merge_record"]] == ["m05"]
    assert merging.unmerge(context, MERGED) == "m05"
    assert purchases(workspace) == bought


def test_a_merge_that_is_refused_during_an_import_leaves_nothing_behind(workspace: SampleWorkspace) -> None:
    before = ledger_rows(workspace)
    with workspace.engine.context.repository.warehouse.write_lock(), pytest.raises(UserError, match="import"):
        merge(workspace, approved=True)
    assert ledger_rows(workspace) == before
