"""Test tiers `unit`, `integration` and `e2e`, derived from fixtures and marks, and `smoke`, a part of `e2e`."""

from collections.abc import Sequence
from typing import Final

import pytest

from tests.support.xdist_groups import group_of, require_group

TIERS: Final = ("e2e", "integration", "unit")
"""Order of execution: long tests first, so that no worker waits for another at the end."""

E2E_FIXTURES: Final = frozenset({"browser", "demo_files", "demonstration", "postgresql_server"})
E2E_MARKS: Final = frozenset({"browser", "long", "server_process", "spark"})
E2E_PARAMETERS: Final = frozenset({"postgresql", "spark"})
"""Parameters for which a fixture starts a server."""
INTEGRATION_FIXTURES: Final = frozenset({"tmp_path", "tmp_path_factory"})
"""Fixtures of the folders that tests write to: workspaces, ledgers and warehouses, too."""
INTEGRATION_MARKS: Final = frozenset({"child_process", "loopback"})

SMOKE: Final = (
    "tests/audiences/test_special_categories.py::test_fi12_medicine_purchases_change_no_observable_result[decisions]",
    "tests/channels/test_delivery_over_wire.py::test_every_member_is_reached_at_most_once_and_accounted_for[smtp]",
    "tests/cli/test_catalogue_review.py::test_done_records_who_looked_on_which_day_and_ends_the_warning",
    "tests/cli/test_goods_protection.py::test_fi21_register_in_other_words_than_the_catalogue_is_refused",
    "tests/cli/test_output.py::test_a_pipe_gets_plain_lines_without_trailing_spaces[calendar]",
    "tests/cli/test_serve.py::test_serve_runs_published_campaigns_when_due_and_ends_on_sigterm",
    "tests/people/test_processors.py::test_gd14_an_erasure_creates_tasks_without_personal_data_for_processors_with",
    "tests/rendering/test_hostile_letters.py::test_a_letter_prints_no_other_member[all_sys_inputs]",
    "tests/rendering/test_hostile_letters.py::test_a_letter_prints_no_other_member[bookmarks_of_all]",
    "tests/rendering/test_hostile_letters.py::test_a_letter_prints_no_other_member[document_title]",
    "tests/rendering/test_hostile_letters.py::test_a_letter_prints_no_other_member[measure_and_layout_loop]",
    "tests/results/feedback/test_webhooks.py::test_sg12_replayed_email_events_settle_deliveries_choices_and_suppressions",
    "tests/results/reports/test_run_report.py::test_report_counts_sum_to_the_plan",
    "tests/runs/dispatch/test_bundle_sender.py::test_two_concurrent_processes_hand_over_each_letter_once[sqlite]",
    "tests/runs/dispatch/test_claim.py::test_objection_after_planning_withdraws_the_delivery[sqlite-wants no",
    "tests/runs/dispatch/test_claim.py::test_two_campaigns_cannot_both_take_the_last_message_of_a_cap",
    "tests/runs/dispatch/test_crash.py::test_op01_killed_processes_neither_duplicate_nor_lose_messages[first dozen]",
    "tests/runs/dispatch/test_household_letters.py::test_c16_a_household_has_one_letter_or_none",
    "tests/runs/planning/test_aggregate_cache.py::test_new_import_is_counted",
    "tests/runs/planning/test_audience_count.py::test_condition_removes_the_members_gained_without_it[north-small]",
    "tests/runs/planning/test_frequency_caps.py::test_a07_calendar_and_rolling_windows_are_distinct[sqlite-a month",
    "tests/runs/planning/test_frequency_caps.py::test_a07_calendar_and_rolling_windows_are_distinct[sqlite-two a day]",
    "tests/runs/planning/test_skip_reasons.py::test_no_skip_occurs_without_its_cause[a",
    "tests/store/test_copy.py::test_plan_made_on_sqlite_is_sent_from_the_new_ledger",
    "tests/store/test_dispatchers.py::test_two_workers_share_a_run_and_send_no_message_twice[sqlite]",
    "tests/store/test_ledger.py::",
    "tests/store/test_merge_crash.py::test_a_killed_merge_is_completed_by_another_call_and_can_be_undone[sqlite-campaigns.",
    "tests/store/test_races.py::test_two_senders_of_one_run_write_to_each_member_once",
    "tests/web/test_contact_proofs.py::test_c11_",
    "tests/web/test_contact_wait.py::test_c11_",
    "tests/web/test_hostile.py::",
    "tests/web/test_member_journey_browser.py::test_a_member_goes_from_a_message_to_their_data_and_back_in_few_presses[fi-phone]",
    "tests/web/test_privacy_notice.py::test_gd09_every_confirmation_links_to_the_notice[fi]",
    "tests/web/test_safe_methods.py::test_get_head_and_options_change_nothing[a member]",
    "tests/web/test_sign_in_csrf.py::test_a_foreign_page_signs_no_member_in",
)
"""Node ids, or how they begin, of `e2e` that `make test` runs: a journey, kills, a server, PostgreSQL, attempts."""


def mark_tiers(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, and put long tests first, and among these the groups of one process."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        tier = tier_of(_fixtures(item), marks, _parameters(item))
        item.add_marker(tier)
        if tier == "e2e" and item.nodeid.startswith(SMOKE):
            item.add_marker("smoke")
        require_group(item.nodeid, _fixtures(item))
    items.sort(key=lambda item: (_place(item), group_of(item.nodeid) is None))


def _place(item: pytest.Item) -> int:
    return next(place for place, tier in enumerate(TIERS) if item.get_closest_marker(tier))


def tier_of(fixtures: frozenset[str], marks: set[str], parameters: Sequence[object]) -> str:
    """Return the tier of a test that uses these fixtures, marks and parameters."""
    if fixtures & E2E_FIXTURES or marks & E2E_MARKS or any(each in E2E_PARAMETERS for each in parameters):
        return "e2e"
    if fixtures & INTEGRATION_FIXTURES or marks & INTEGRATION_MARKS:
        return "e2e" if "hostile" in marks else "integration"  # there are a thousand attempts on files and ledgers
    return "unit"


def _fixtures(item: pytest.Item) -> frozenset[str]:
    return frozenset(getattr(item, "fixturenames", ()))


def _parameters(item: pytest.Item) -> Sequence[object]:
    callspec = getattr(item, "callspec", None)
    return [each for each in callspec.params.values() if isinstance(each, str)] if callspec else []
