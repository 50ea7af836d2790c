"""Printed plan: the funnel from all members to messages, with bars and the change since the plan before."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from campaigns.cli import output

if TYPE_CHECKING:
    from datetime import tzinfo

    from campaigns.cli.output_phrases import Phrases
    from campaigns.core.errors import Problem
    from campaigns.core.model.settings import Settings
    from campaigns.runs.capacity.sms_segments import SegmentDistribution
    from campaigns.runs.planning.plan_counts import PlanCounts
    from campaigns.store.runs.decisions import OutcomeCounts
    from campaigns.store.runs.run_tables import Run

_BAR: Final = 30
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LISTED_OFFERS: Final = 5
_TOP: Final = 10


def plan_as_json(
    run: "Run", plan_counts: "PlanCounts", warnings: "Iterable[Problem]", zone: "tzinfo"
) -> dict[str, object]:
    """Return the plan for scripts; `matched` is sends plus skips, and `warnings` what was printed above the plan.

    `offers` has the most shown first, with its share of all places that offers take. The keys are stable. A plan of
    text messages also has the keys of `sms_lengths_as_json`.
    """
    return {
        "campaign": run.campaign,
        "as_of": run.due_at.astimezone(zone).isoformat(),
        "run": run.run_id,
        "matched": plan_counts.matched,
        "sends": plan_counts.sends,
        "variants": plan_counts.variants,
        "skips": plan_counts.skips,
        "offers": [
            {"offer": offer_id, "sends": sends, "share": _share(sends, plan_counts)}
            for offer_id, sends in plan_counts.sends_by_offer
        ],
        "warnings": [{"code": warning.code, "message": warning.message, "hint": warning.hint} for warning in warnings],
    }


def print_plan(
    run: "Run", plan_counts: "PlanCounts", before: "tuple[Run, PlanCounts] | None", phrases: "Phrases"
) -> None:
    """Print a plan, with the change of each number since the campaign's plan before."""
    earlier = before[1] if before else None
    output.print_line(f"{run.run_id}\n")
    head = phrases.texts("", "members", "", "change") if earlier else phrases.texts("", "members", "")
    width = len(head)
    output.print_table(phrases.text("Funnel"), head, [row[:width] for row in _funnel(plan_counts, earlier, phrases)])
    sends = [
        (variant, phrases.code(channel), number, bar(number, plan_counts.sent))
        for variant, by_channel in plan_counts.shares.items()
        for channel, number in by_channel.items()
    ]
    head = phrases.texts("variant", "channel", "members", "")
    output.print_table(f"\n{phrases.text('Sends')}", head, sends, none=phrases.text("none"))
    if plan_counts.arms:
        arms = list(plan_counts.arms.items())
        output.print_table(f"\n{phrases.text('Arms')}", phrases.texts("arm", "members"), arms)
    _print_offers(plan_counts, phrases)
    if before:
        output.print_line(f"\n{phrases.text('change: since {run}', run=before[0].run_id)}")


def _print_offers(plan_counts: "PlanCounts", phrases: "Phrases") -> None:
    """Print how many messages show each offer: all of a few offers, of many the most and the least shown."""
    offers = plan_counts.sends_by_offer
    if not plan_counts.offer_places:
        return
    tables = {"Offers": offers}
    if len(offers) > 2 * _LISTED_OFFERS:
        tables = {"Offers shown most": offers[:_LISTED_OFFERS], "Offers shown least": offers[-_LISTED_OFFERS:]}
    for title, listed in tables.items():
        rows = [
            (offer_id, sends, f"{100 * _share(sends, plan_counts):.1f} %", bar(sends, plan_counts.sent))
            for offer_id, sends in listed
        ]
        output.print_table(f"\n{phrases.text(title)}", phrases.texts("offer", "members", "of places", ""), rows)
    if len(offers) > _TOP:
        share = sum(_share(sends, plan_counts) for _, sends in offers[:_TOP])
        values = {"number": _TOP, "offers": len(offers), "share": f"{100 * share:.0f}"}
        line = "the {number} most shown of {offers} offers take {share} % of the places"
        output.print_line(phrases.text(line, **values))


def _share(sends: int, plan_counts: "PlanCounts") -> float:
    return round(sends / plan_counts.offer_places, 4) if plan_counts.offer_places else 0.0


def print_outcomes(title: str, outcomes: "OutcomeCounts", phrases: "Phrases") -> None:
    """Print deliveries by channel, state and reason."""
    rows = [(*map(phrases.code, codes), number) for *codes, number in outcomes.rows]
    head = phrases.texts("channel", "state", "reason", "deliveries")
    output.print_table(f"\n{phrases.text(title)}", head, rows, none=phrases.text("none"))


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


def print_sms_lengths(lengths: "SegmentDistribution | None", settings: "Settings", phrases: "Phrases") -> None:
    """Print the lengths of a plan's text messages, and their cost where a price is known (TW-03)."""
    if lengths is None:
        return
    title = phrases.text("Text messages, all written")
    if not lengths.is_exact:
        sample, messages = output.format_number(lengths.sample_size), output.format_number(lengths.messages)
        title = phrases.text("Text messages, estimated from {sample} of {messages}", sample=sample, messages=messages)
    rows = [
        (_length(length, lengths, phrases), number, bar(number, lengths.messages))
        for length, number in lengths.messages_by_segments.items()
    ]
    output.print_table(f"\n{title}", phrases.texts("segments", "members", ""), rows)
    price = settings.channels.sms.price_per_segment
    number = output.format_number(lengths.segments)
    total = phrases.text("{number} segments" if lengths.is_exact else "about {number} segments", number=number)
    if price is not None:
        values = {"cost": lengths.cost(price), "currency": settings.currency, "price": price}
        total += f", {phrases.text('{cost} {currency} at {price} a segment', **values)}"
    output.print_line(total)


def _length(length: int, lengths: "SegmentDistribution", phrases: "Phrases") -> str:
    if length == 0:
        return phrases.text("cannot be written, refused")
    return f"{length}, {phrases.code('refused')}" if lengths.is_refused(length) else str(length)


def _funnel(
    plan_counts: "PlanCounts", before: "PlanCounts | None", phrases: "Phrases"
) -> Iterator[tuple[str, int, str, str]]:
    everyone = plan_counts.population + plan_counts.not_processed
    baseline = before or plan_counts
    steps = [
        (phrases.text("members"), everyone, baseline.population + baseline.not_processed),
        (f"  {phrases.text('not processed')}", plan_counts.not_processed, baseline.not_processed),
        (f"  {phrases.text('unknown')}", plan_counts.unknown, baseline.unknown),
        (phrases.text("matched"), plan_counts.matched, baseline.matched),
    ]
    for name, number, previous in steps:
        yield name, number, bar(number, everyone), _change(number - previous)
    reasons = {**dict.fromkeys(baseline.skips, 0), **plan_counts.skips}
    for reason, number in sorted(reasons.items(), key=lambda item: -item[1]):
        yield (
            f"  {phrases.code(reason)}",
            number,
            bar(number, plan_counts.matched),
            _change(number - baseline.skips.get(reason, 0)),
        )
    yield (
        phrases.text("to be sent"),
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
