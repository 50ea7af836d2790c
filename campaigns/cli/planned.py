"""A plan shown: the way down from all members to those who get a message, with bars, and what changed since."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from campaigns.cli import show

if TYPE_CHECKING:
    from datetime import tzinfo

    from campaigns.planning.tally import Tally
    from campaigns.store.tables import Run

_BAR: Final = 30
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def as_json(run: "Run", tally: "Tally", zone: "tzinfo") -> dict[str, object]:
    """The plan for scripts; `matched` is sends plus skips. Its keys are a promise: none comes, none goes."""
    return {
        "campaign": run.campaign,
        "as_of": run.due_at.astimezone(zone).isoformat(),
        "run": run.run_id,
        "matched": tally.matched,
        "sends": tally.sends,
        "variants": tally.variants,
        "skips": tally.skips,
    }


def show_plan(run: "Run", tally: "Tally", before: "tuple[Run, Tally] | None") -> None:
    """Print a plan, and beside each number how it differs from the campaign's plan before."""
    earlier = before[1] if before else None
    show.line(f"{run.run_id}\n")
    head = ("", "members", "", "change") if earlier else ("", "members", "")
    width = len(head)
    show.table("The way down", head, [row[:width] for row in _way_down(tally, earlier)])
    sends = [
        (variant, channel, number, bar(number, tally.sent))
        for variant, by_channel in tally.shares.items()
        for channel, number in by_channel.items()
    ]
    show.table("\nSends", ("variant", "channel", "members", ""), sends)
    if tally.arms:
        show.table("\nArms", ("arm", "members"), list(tally.arms.items()))
    if before:
        show.line(f"\nchange: since {before[0].run_id}")


def _way_down(tally: "Tally", before: "Tally | None") -> Iterator[tuple[str, int, str, str]]:
    everybody = tally.population + tally.not_processed
    old = before or tally
    steps = [
        ("members", everybody, old.population + old.not_processed),
        ("  not processed", tally.not_processed, old.not_processed),
        ("  unknown", tally.unknown, old.unknown),
        ("matched", tally.matched, old.matched),
    ]
    for name, number, was in steps:
        yield name, number, bar(number, everybody), _change(number - was)
    reasons = {**dict.fromkeys(old.skips, 0), **tally.skips}
    for reason, number in sorted(reasons.items(), key=lambda each: -each[1]):
        yield f"  {reason}", number, bar(number, tally.matched), _change(number - old.skips.get(reason, 0))
    yield "to be sent", tally.sent, bar(tally.sent, tally.matched), _change(tally.sent - old.sent)


def bar(number: int, whole: int) -> str:
    """A bar of the share of `whole`, in eighths of a character; what is not nothing shows."""
    if number <= 0 or whole <= 0:
        return ""
    eighths = max(1, round(number / whole * _BAR * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _change(difference: int) -> str:
    return f"{difference:+d}" if difference else ""
