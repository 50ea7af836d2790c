"""Printed plan: the funnel from all members to messages, with bars and the change since the plan before."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from campaigns.cli import output

if TYPE_CHECKING:
    from datetime import tzinfo

    from campaigns.core.errors import Problem
    from campaigns.core.model.settings import Settings
    from campaigns.runs.capacity.sms_segments import SegmentDistribution
    from campaigns.runs.planning.plan_counts import PlanCounts
    from campaigns.store.runs.run_tables import Run

_BAR: Final = 30
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def plan_as_json(
    run: "Run", plan_counts: "PlanCounts", warnings: "Iterable[Problem]", zone: "tzinfo"
) -> dict[str, object]:
    """Return the plan for scripts; `matched` is sends plus skips, and `warnings` what was printed above the plan.

    The keys are stable. A plan of text messages also has the keys of `sms_lengths_as_json`.
    """
    return {
        "campaign": run.campaign,
        "as_of": run.due_at.astimezone(zone).isoformat(),
        "run": run.run_id,
        "matched": plan_counts.matched,
        "sends": plan_counts.sends,
        "variants": plan_counts.variants,
        "skips": plan_counts.skips,
        "warnings": [{"code": warning.code, "message": warning.message, "hint": warning.hint} for warning in warnings],
    }


def print_plan(run: "Run", plan_counts: "PlanCounts", before: "tuple[Run, PlanCounts] | None") -> None:
    """Print a plan, with the change of each number since the campaign's plan before."""
    earlier = before[1] if before else None
    output.print_line(f"{run.run_id}\n")
    head = ("", "members", "", "change") if earlier else ("", "members", "")
    width = len(head)
    output.print_table("Funnel", head, [row[:width] for row in _funnel(plan_counts, earlier)])
    sends = [
        (variant, channel, number, bar(number, plan_counts.sent))
        for variant, by_channel in plan_counts.shares.items()
        for channel, number in by_channel.items()
    ]
    output.print_table("\nSends", ("variant", "channel", "members", ""), sends)
    if plan_counts.arms:
        output.print_table("\nArms", ("arm", "members"), list(plan_counts.arms.items()))
    if before:
        output.print_line(f"\nchange: since {before[0].run_id}")


def sms_lengths_as_json(lengths: "SegmentDistribution | None", settings: "Settings") -> dict[str, object]:
    """Return the lengths of a plan's text messages, for scripts; empty for a plan without any."""
    if lengths is None:
        return {}
    price = settings.channels.sms.price_per_segment
    summary: dict[str, object] = {
        "messages": lengths.messages,
        "written": lengths.sample_size,
        "by_segments": lengths.messages_by_segments,
        "refused": lengths.refused,
        "segments": lengths.segments,
    }
    if price is not None:
        summary |= {"cost": lengths.cost(price), "currency": settings.currency}
    return {"texts": summary}


def print_sms_lengths(lengths: "SegmentDistribution | None", settings: "Settings") -> None:
    """Print the lengths of a plan's text messages, and their cost where a price is known (TW-03)."""
    if lengths is None:
        return
    basis = "all written"
    if not lengths.is_exact:
        basis = (
            f"estimated from {output.format_number(lengths.sample_size)} of {output.format_number(lengths.messages)}"
        )
    rows = [
        (_length(length, lengths), number, bar(number, lengths.messages))
        for length, number in lengths.messages_by_segments.items()
    ]
    output.print_table(f"\nText messages, {basis}", ("segments", "members", ""), rows)
    price = settings.channels.sms.price_per_segment
    cost = "" if price is None else f", {lengths.cost(price)} {settings.currency} at {price} a segment"
    prefix = "" if lengths.is_exact else "about "
    output.print_line(f"{prefix}{output.format_number(lengths.segments)} segments{cost}")


def _length(length: int, lengths: "SegmentDistribution") -> str:
    if length == 0:
        return "cannot be written, refused"
    return f"{length}, refused" if lengths.is_refused(length) else str(length)


def _funnel(plan_counts: "PlanCounts", before: "PlanCounts | None") -> Iterator[tuple[str, int, str, str]]:
    everyone = plan_counts.population + plan_counts.not_processed
    baseline = before or plan_counts
    steps = [
        ("members", everyone, baseline.population + baseline.not_processed),
        ("  not processed", plan_counts.not_processed, baseline.not_processed),
        ("  unknown", plan_counts.unknown, baseline.unknown),
        ("matched", plan_counts.matched, baseline.matched),
    ]
    for name, number, previous in steps:
        yield name, number, bar(number, everyone), _change(number - previous)
    reasons = {**dict.fromkeys(baseline.skips, 0), **plan_counts.skips}
    for reason, number in sorted(reasons.items(), key=lambda item: -item[1]):
        yield f"  {reason}", number, bar(number, plan_counts.matched), _change(number - baseline.skips.get(reason, 0))
    yield (
        "to be sent",
        plan_counts.sent,
        bar(plan_counts.sent, plan_counts.matched),
        _change(plan_counts.sent - baseline.sent),
    )


def bar(number: int, whole: int) -> str:
    """Return a bar for the share of `whole`, in eighths of a character; any number above zero is visible."""
    if number <= 0 or whole <= 0:
        return ""
    eighths = max(1, round(number / whole * _BAR * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _change(difference: int) -> str:
    return f"{difference:+d}" if difference else ""
