"""Claim cursor: claims continue after the last position and return for rows put back behind it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.clock import Clock
from campaigns.runs.dispatch.claim import ClaimCursor, ClaimResult

NOW = Clock().now()


def claim(waiting: set[int], cursor: ClaimCursor, limit: int, seconds: float = 0) -> tuple[list[int], bool]:
    """Take up to `limit` waiting rows, as the ledger does; return them, and whether more may be left."""
    after = cursor.next_position(NOW + timedelta(seconds=seconds))
    taken = sorted(position for position in waiting if position > after)[:limit]
    waiting.difference_update(taken)
    return taken, cursor.advance(ClaimResult((), len(taken), 0, taken[-1] if taken else after), limit)


@given(st.integers(0, 40), st.lists(st.tuples(st.integers(1, 7), st.sets(st.integers(0, 39), max_size=3)), max_size=9))
def test_no_row_waits_when_the_cursor_reports_no_more(row_count, turns):
    waiting, done, cursor = set(range(1, row_count + 1)), [], ClaimCursor()
    more = True
    for limit, put_back in turns:
        waiting.update(done[index] for index in put_back if index < len(done))
        taken, more = claim(waiting, cursor, limit)
        done += taken
    while more:
        taken, more = claim(waiting, cursor, 5)
        done += taken
    assert waiting == set()
    assert set(done) == set(range(1, row_count + 1))


def test_cursor_returns_for_rows_put_back_while_more_wait():
    waiting, cursor = set(range(1, 100)), ClaimCursor()
    assert claim(waiting, cursor, 3) == ([1, 2, 3], True)
    waiting.add(2)
    assert claim(waiting, cursor, 3, seconds=9) == ([4, 5, 6], True)
    assert claim(waiting, cursor, 3, seconds=10) == ([2, 7, 8], True)
    assert claim(waiting, cursor, 3, seconds=11) == ([9, 10, 11], True)
