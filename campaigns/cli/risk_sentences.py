"""Sentences about caps and rates at risk in the calendar."""

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from campaigns.cli import month_grid, output

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from campaigns.cli.output_phrases import Phrases
    from campaigns.core.model.campaign import FrequencyCap
    from campaigns.runs.capacity.cap_risks import CapRisk
    from campaigns.runs.capacity.rate_risks import RateRisk

_DAY: Final = timedelta(days=1)
_PERIODS: Final = {"day": "in a day", "week": "in a week", "month": "in a month"}


def print_risks(risks: "Sequence[CapRisk | RateRisk]", daily: "Collection[str]", phrases: "Phrases") -> None:
    """Print a line for each risk, one for the days that are alike, and how they were estimated."""
    if not risks:
        return
    rows = [
        (
            f"{phrases.text(month_grid.WEEKDAYS[risk.day.weekday()])} {risk.day.day}",
            risk.campaign or "",
            f"{_sentence(risk, phrases)}{_addition(risk, days, phrases)}",
        )
        for risk, days in _folded(risks, daily)
    ]
    output.print_table(f"\n{phrases.text('At risk')}", phrases.texts("day", "campaign", ""), rows)
    output.print_line(phrases.text("Estimated from the last plan of each campaign; a text counts as one segment."))


def risk_as_json(risk: "CapRisk | RateRisk") -> dict[str, object]:
    """Return a risk for scripts."""
    from campaigns.runs.capacity.cap_risks import CapRisk

    if isinstance(risk, CapRisk):
        cap = risk.cap.model_dump(mode="json", exclude_none=True)
        fields: dict[str, object] = {"kind": "cap", "cap": cap, "members": risk.members}
    else:
        fields = {"kind": "rate", "limit": risk.limit, "channel": risk.channel, "messages": risk.messages}
        fields["capacity"] = risk.capacity
    return {"day": risk.day.isoformat(), "campaign": risk.campaign, **fields, "with_drafts": risk.with_drafts}


def _folded(
    risks: "Iterable[CapRisk | RateRisk]", daily: "Collection[str]"
) -> "Iterator[tuple[CapRisk | RateRisk, int]]":
    """Yield risks with their number of days: those that differ by the day alone, or of a daily campaign, are one."""
    folded: dict[object, tuple[CapRisk | RateRisk, int]] = {}
    for risk in risks:
        alike = replace(risk, day=date.min)
        key: object = (risk.campaign, type(risk)) if risk.campaign in daily else alike
        known, days = folded.get(key, (risk, 0))
        folded[key] = known, days + 1
    yield from folded.values()


def _sentence(risk: "CapRisk | RateRisk", phrases: "Phrases") -> str:
    from campaigns.runs.capacity.cap_risks import CapRisk

    number = output.format_number
    if isinstance(risk, CapRisk):
        one, several = "about 1 member would get more than {cap}", "about {members} members would get more than {cap}"
        sentence = one if risk.members == 1 else several
        return phrases.text(sentence, members=number(risk.members), cap=_cap_text(risk.cap, phrases))
    values = {"messages": number(risk.messages), "capacity": number(risk.capacity), "limit": f"`{risk.limit}`"}
    if risk.channel is None:
        return phrases.text("about {messages} messages, but {limit} lets {capacity} go", **values)
    return phrases.text(
        "about {messages} messages by {channel}, but {limit} lets {capacity} go",
        channel=phrases.code(risk.channel),
        **values,
    )


def _cap_text(cap: "FrequencyCap", phrases: "Phrases") -> str:
    if cap.rolling is None:
        span = phrases.text(_PERIODS[str(cap.per)])
    elif cap.rolling % _DAY:
        span = phrases.text("in {number} hours", number=cap.rolling // timedelta(hours=1))
    else:
        span = phrases.text("in {number} days", number=cap.rolling // _DAY)
    messages = "1 message" if cap.messages == 1 else "{messages} messages"
    text = phrases.text(messages, messages=output.format_number(cap.messages))
    purpose = "" if cap.of is None else f" ({phrases.code(cap.of)})"
    return f"{text}{purpose} {span}"


def _addition(risk: "CapRisk | RateRisk", days: int, phrases: "Phrases") -> str:
    addition = f"; {phrases.text('on {number} days', number=days)}" if days > 1 else ""
    return addition + (f"; {phrases.text('once drafts are published')}" if risk.with_drafts else "")
