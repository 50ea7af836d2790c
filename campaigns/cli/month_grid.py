"""Month in the terminal: a grid from Monday to Sunday, or a list of days where the terminal is narrow."""

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from campaigns.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from campaigns.cli.output import StyledLine
    from campaigns.cli.output_phrases import Phrases
    from campaigns.runs.capacity.cap_risks import CapRisk
    from campaigns.runs.capacity.expected_sends import ExpectedSend
    from campaigns.runs.capacity.rate_risks import RateRisk

    ByDay = Mapping[date, Sequence[ExpectedSend]]

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NARROWEST_GRID: Final = 72  # columns; below, a day has no room for a name
_MARKS: Final = {"published": "●", "draft": "○", "sent": "✓", "being sent": "▸", "missed": "✗"}
_STYLES: Final = {"published": "", "draft": "dim", "sent": "green", "being sent": "green", "missed": "red"}
_LEGEND: Final = {
    "published": "published",
    "draft": "draft, does not run",
    "sent": "sent",
    "being sent": "being sent",
    "missed": "missed",
}


def print_month(
    first: date,
    today: date,
    sends: "Sequence[ExpectedSend]",
    risks: "Sequence[CapRisk | RateRisk]",
    zone: "ZoneInfo",
    phrases: "Phrases",
) -> None:
    """Print a month: daily campaigns in lines of their own, then the days, then the meaning of the marks."""
    title = f"{phrases.text(MONTHS[first.month - 1]).capitalize()} {first.year}"
    daily = [each for each in sends if each.daily]
    by_day: defaultdict[date, list[ExpectedSend]] = defaultdict(list)
    for each in sends:
        if not each.daily:
            by_day[each.due_at.astimezone(zone).date()].append(each)
    output.print_title(title)
    if daily:
        _print_daily(daily, zone, phrases)
        output.print_line("")
    risky = {risk.day for risk in risks if risk.campaign not in {each.name for each in daily}}
    days = list(_days(first))
    if output.width() < NARROWEST_GRID:
        _print_days(days, by_day, risky, zone, phrases)
    else:
        _print_grid(days, today, by_day, risky, zone, phrases)
    for line in _legend(sends, phrases, has_risks=bool(risky)):
        output.print_line(line)


def status(send: "ExpectedSend") -> str:
    """Return what became of an occasion, or will: `published`, `draft`, `sent`, `being sent` or `missed`."""
    if send.state is None:
        return "published" if send.published else "draft"
    return {"missed": "missed", "closed": "sent"}.get(send.state.value, "being sent")


def volume(send: "ExpectedSend") -> str:
    """Return the messages of an occasion: counted, about (`~`) as many as the last plan had, or not known (`?`)."""
    if send.messages is None:
        return "?"
    return f"{'~' if send.state is None else ''}{output.format_number(send.messages)}"


def name_lines(mark: str, name: str, width: int) -> list[str]:
    """Return a campaign's name after its mark, in lines of at most `width`, broken after underscores."""
    lines, line = [], f"{mark} "
    for part in name.replace("_", "_\0").split("\0"):
        rest = part
        if len(line) + len(rest) > width and line.strip() != mark:
            lines.append(line)
            line = ""
        while len(line) + len(rest) > width:
            room = width - len(line)
            lines.append(line + rest[:room])
            line, rest = "", rest[room:]
        line += rest
    return [*lines, line] if line else lines


def _days(first: date) -> "Iterator[date]":
    day = first
    while day.month == first.month:
        yield day
        day += timedelta(days=1)


def _print_grid(
    days: "Sequence[date]",
    today: date,
    by_day: "ByDay",
    risky: set[date],
    zone: "ZoneInfo",
    phrases: "Phrases",
) -> None:
    columns = len(WEEKDAYS)
    width = output.column_width(columns)
    cells: list[list[StyledLine]] = [[] for _ in range(days[0].weekday())]
    cells += [_day_lines(day, today, by_day.get(day, ()), width, zone, risky=day in risky) for day in days]
    cells += [[] for _ in range(-len(cells) % columns)]
    weeks = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    output.print_grid(phrases.texts(*WEEKDAYS), weeks)


def _day_lines(
    day: date, today: date, sends: "Sequence[ExpectedSend]", width: int, zone: "ZoneInfo", *, risky: bool
) -> "list[StyledLine]":
    """Return the lines of a day: its number, then name and messages of each campaign."""
    number = f"{day.day}{'!'.rjust(width - len(str(day.day))) if risky else ''}"
    lines = [(number, "bold yellow" if risky else "bold reverse" if day == today else "bold" if day > today else "dim")]
    for send in sends:
        kind = status(send)
        lines += [(line, _STYLES[kind]) for line in name_lines(_MARKS[kind], send.name, width)]
        time, messages = f"{send.due_at.astimezone(zone):%H:%M}", volume(send)
        fits = len(time) + len(messages) < width
        last = [f"{time}{messages.rjust(width - len(time))}"] if fits else [time, messages.rjust(width)]
        lines += [(line, "dim" if kind == "draft" else "") for line in last]
    return lines


def _print_days(
    days: "Sequence[date]", by_day: "ByDay", risky: set[date], zone: "ZoneInfo", phrases: "Phrases"
) -> None:
    """Print the days with campaigns one below the other, week by week."""
    weeks: defaultdict[int, list[tuple[str, str, str, str]]] = defaultdict(list)
    for day in days:
        heading = f"{phrases.text(WEEKDAYS[day.weekday()])} {day.day}{' !' if day in risky else ''}"
        for send in by_day.get(day, ()):
            name = f"{_MARKS[status(send)]} {send.name}"
            row = (heading, name, f"{send.due_at.astimezone(zone):%H:%M}", volume(send))
            weeks[day.isocalendar().week].append(row)
            heading = ""
    for week, rows in weeks.items():
        output.print_table(phrases.text("Week {number}", number=week), ("", "", "", ""), rows)
        output.print_line("")


def _print_daily(daily: "Sequence[ExpectedSend]", zone: "ZoneInfo", phrases: "Phrases") -> None:
    """Print the daily campaigns, a line each: their hours, the messages of one occasion, those sent so far."""
    by_name: defaultdict[str, list[ExpectedSend]] = defaultdict(list)
    for each in daily:
        by_name[each.name].append(each)
    rows = []
    for name, sends in sorted(by_name.items()):
        last, times = sends[-1], sorted({f"{each.due_at.astimezone(zone):%H:%M}" for each in sends})
        hours = ", ".join(times) if len(times) < 4 else phrases.text("{number} times", number=len(times))
        sent = sum(each.messages or 0 for each in sends if each.state is not None)
        number = output.format_number(sent) if any(each.state is not None for each in sends) else ""
        rows.append((f"{_MARKS[status(last)]} {name}", hours, volume(last), number))
    head = phrases.texts("Every day", "at", "each time", "sent so far")
    columns = len(head) if any(number for *_, number in rows) else len(head) - 1
    drafts = {number for number, row in enumerate(rows) if row[0].startswith(_MARKS["draft"])}
    output.print_table("", head[:columns], [row[:columns] for row in rows], dim_rows=drafts)


def _legend(sends: "Sequence[ExpectedSend]", phrases: "Phrases", *, has_risks: bool) -> "Iterator[str]":
    """Yield the meaning of the marks that occur, in lines that fit."""
    kinds, volumes = {status(each) for each in sends}, {volume(each)[0] for each in sends}
    items = [f"{mark} {phrases.text(_LEGEND[kind])}" for kind, mark in _MARKS.items() if kind in kinds]
    items += [f"~ {phrases.text('expected, from the last plan')}"] if "~" in volumes else []
    items += [f"? {phrases.text('never planned')}"] if "?" in volumes else []
    items += [f"! {phrases.text('at risk')}"] if has_risks else []
    line = ""
    for item in items:
        if line and len(line) + 3 + len(item) > output.width():
            yield line
            line = ""
        line = f"{line}   {item}" if line else item
    yield line or phrases.text("nothing is due")
