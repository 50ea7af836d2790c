"""Charts of a member's own months: bars drawn by the server, with a description and their numbers beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.people.privacy.subject_access import SubjectAccessExport
from campaigns.rendering.templates.filters import Filter, template_filters
from campaigns.web.page_renderer import translate

_MONTHS: Final = 12
_WIDTH: Final = 480
_HEIGHT: Final = 150
_FLOOR: Final = 122
_GAP: Final = 8
_SENT: Final = "send"


@dataclass(frozen=True, slots=True)
class MonthBar:
    """Bar of one month in the chart's units; `tick` is its short name below, `month` and `value` are for the table."""

    x: int
    y: int
    width: int
    height: int
    tick: str
    month: str
    value: str

    @property
    def middle(self) -> int:
        """Return the middle of the bar."""
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class MonthChart:
    """Chart of the last months, with a title and one sentence that says the same in words."""

    name: str
    title: str
    description: str
    bars: Sequence[MonthBar]
    width: int = _WIDTH
    height: int = _HEIGHT
    floor: int = _FLOOR


def month_charts(export: SubjectAccessExport, settings: Settings, language: Language) -> Sequence[MonthChart]:
    """Return the charts of purchases and of messages; none for what a member has not a single month of."""
    zone = settings.zone
    formats = template_filters(language, settings.currency)
    receipts, messages = export.sections.get("receipts", ()), export.sections.get("messages", ())
    spend = _by_month(
        (local_day(row["purchased_at"], zone), row["amount"]) for row in receipts if row["amount"] is not None
    )
    sent = _by_month((local_day(row["due_at"], zone), 1) for row in messages if row["kind"] == _SENT)
    return [
        _chart(name, amounts, formats[unit], formats["date"], language)
        for name, amounts, unit in (("spend", spend, "money"), ("messages", sent, "number"))
        if amounts
    ]


def _by_month(values: Iterable[tuple[date, Decimal | int]]) -> Mapping[date, Decimal]:
    """Return the sums by the first day of each month."""
    sums: dict[date, Decimal] = {}
    for at, value in values:
        month = date(at.year, at.month, 1)
        sums[month] = sums.get(month, Decimal()) + Decimal(value)
    return sums


def _chart(name: str, sums: Mapping[date, Decimal], write: Filter, write_day: Filter, language: Language) -> MonthChart:
    def month_name(month: date) -> str:
        return f"{write_day(month, 'month')} {month.year}"

    months = _last_months(max(sums))
    values = [sums.get(month, Decimal()) for month in months]
    highest = max(*values, Decimal(1))
    width = _WIDTH // _MONTHS
    bars = []
    for place, (month, value) in enumerate(zip(months, values, strict=True)):
        height = int(value / highest * (_FLOOR - 6)) if value > 0 else 0
        tick = f"{month.month}" if place % 2 == 1 else ""
        bars.append(
            MonthBar(
                place * width + _GAP // 2, _FLOOR - height, width - _GAP, height, tick, month_name(month), write(value)
            )
        )
    best = months[values.index(max(values))]
    description = translate(
        f"chart_{name}_about", language, total=write(sum(values)), most=write(max(values)), month=month_name(best)
    )
    return MonthChart(f"chart-{name}", translate(f"chart_{name}", language), description, bars)


def _last_months(last: date) -> Sequence[date]:
    count = last.year * 12 + last.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(count - _MONTHS + 1, count + 1)]
