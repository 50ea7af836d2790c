"""Claims go on from where the last one ended, and what was put back behind them is not forgotten."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.clock import Clock
from campaigns.runs.dispatch.claim import ClaimCursor, ClaimResult

NOW = Clock().now()


def claimed(waiting: set[int], bookmark: ClaimCursor, most: int, seconds: float = 0) -> tuple[list[int], bool]:
    """Take up to `most` of what waits, as the ledger does; what was taken, and whether more may be left."""
    after = bookmark.next_position(NOW + timedelta(seconds=seconds))
    taken = sorted(position for position in waiting if position > after)[:most]
    waiting.difference_update(taken)
    return taken, bookmark.advance(ClaimResult((), len(taken), 0, taken[-1] if taken else after), most)


@given(st.integers(0, 40), st.lists(st.tuples(st.integers(1, 7), st.sets(st.integers(0, 39), max_size=3)), max_size=9))
def test_nothing_waits_when_nothing_more_is_said_to(many, turns):
    waiting, gone, bookmark = set(range(1, many + 1)), [], ClaimCursor()
    more = True
    for most, back in turns:
        waiting.update(gone[place] for place in back if place < len(gone))
        taken, more = claimed(waiting, bookmark, most)
        gone += taken
    while more:
        taken, more = claimed(waiting, bookmark, 5)
        gone += taken
    assert waiting == set()
    assert set(gone) == set(range(1, many + 1))


def test_what_was_put_back_is_returned_to_while_more_waits_behind():
    waiting, bookmark = set(range(1, 100)), ClaimCursor()
    assert claimed(waiting, bookmark, 3) == ([1, 2, 3], True)
    waiting.add(2)
    assert claimed(waiting, bookmark, 3, seconds=9) == ([4, 5, 6], True)
    assert claimed(waiting, bookmark, 3, seconds=10) == ([2, 7, 8], True)
    assert claimed(waiting, bookmark, 3, seconds=11) == ([9, 10, 11], True)
