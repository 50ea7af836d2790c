"""A plan shown: the way down from all members to those who get a message, with bars, and what changed since."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from campaigns.cli import output

if TYPE_CHECKING:
    from datetime import tzinfo

    from campaigns.core.model.settings import Settings
    from campaigns.runs.capacity.sms_segments import Lengths
    from campaigns.runs.planning.plan_counts import Tally
    from campaigns.store.runs.run_tables import Run

_BAR: Final = 30
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def as_json(run: "Run", tally: "Tally", zone: "tzinfo") -> dict[str, object]:
    """The plan for scripts; `matched` is sends plus skips.

    Its keys are a promise: none comes, none goes. A plan of text messages has those of `texts_as_json` besides.
    """
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
    output.line(f"{run.run_id}\n")
    head = ("", "members", "", "change") if earlier else ("", "members", "")
    width = len(head)
    output.table("The way down", head, [row[:width] for row in _way_down(tally, earlier)])
    sends = [
        (variant, channel, number, bar(number, tally.sent))
        for variant, by_channel in tally.shares.items()
        for channel, number in by_channel.items()
    ]
    output.table("\nSends", ("variant", "channel", "members", ""), sends)
    if tally.arms:
        output.table("\nArms", ("arm", "members"), list(tally.arms.items()))
    if before:
        output.line(f"\nchange: since {before[0].run_id}")


def texts_as_json(lengths: "Lengths | None", settings: "Settings") -> dict[str, object]:
    """How long the text messages of a plan are, for scripts; nothing where it has none."""
    if lengths is None:
        return {}
    price = settings.channels.sms.price_per_segment
    found: dict[str, object] = {
        "messages": lengths.messages,
        "written": lengths.written,
        "by_segments": lengths.spread,
        "refused": lengths.refused,
        "segments": lengths.segments,
    }
    if price is not None:
        found |= {"cost": lengths.cost(price), "currency": settings.currency}
    return {"texts": found}


def show_texts(lengths: "Lengths | None", settings: "Settings") -> None:
    """Print how long the text messages of a plan are, and what they will cost where a price is known (TW-03)."""
    if lengths is None:
        return
    how = "each written for its reader"
    if not lengths.is_exact:
        how = f"as {output.number(lengths.written)} of {output.number(lengths.messages)} are that were written"
    rows = [
        (_length(length, lengths), number, bar(number, lengths.messages)) for length, number in lengths.spread.items()
    ]
    output.table(f"\nText messages, {how}", ("segments", "members", ""), rows)
    price = settings.channels.sms.price_per_segment
    cost = "" if price is None else f", {lengths.cost(price)} {settings.currency} at {price} a segment"
    about = "" if lengths.is_exact else "about "
    output.line(f"{about}{output.number(lengths.segments)} segments{cost}")


def _length(length: int, lengths: "Lengths") -> str:
    if length == 0:
        return "cannot be written, refused"
    return f"{length}, refused" if lengths.is_refused(length) else str(length)


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
