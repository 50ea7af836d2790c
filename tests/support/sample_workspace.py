"""Sample workspace: two dozen members, its engine, and a clock that only a test advances.

`build_base_workspace` imports the members once; each test works in a copy. Every member is reachable by every channel
and consents to our own e-mail and SMS; tests change that through the product's own functions.
"""

import csv
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final

from sqlalchemy import Table, delete, select, update

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.consent.suppressions import (
    AddressKind,
    AddressSuppression,
    SuppressionScope,
    suppress,
    suppression_value,
)
from audiences.tables import CONTACT
from campaigns.channels.registry import ChannelProviders
from campaigns.core.clock import Clock
from campaigns.core.model.phone_countries import phone_class
from campaigns.core.model.reasons import SkipReason
from campaigns.runs.dispatch.run_sender import SendResult
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RUN, Run
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.import_data import import_data
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository

NOW: Final = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
MEMBERS: Final = tuple(f"m{number:02}" for number in range(1, 25))
_FILES: Final = Path(__file__).with_name("sample_workspace_files")
_REPOSITORY: Final = _FILES.parents[2]
_SHARED_TEMPLATES: Final = ("post/_shared", "post/survey", "phone/survey_script")  # sample ones would be no smaller
_HEAD: Final = "title: {fi: Hei, sv: Hej, en: Hello}\n"


@dataclass
class ManualClock:
    """Clock that only a test advances."""

    time: datetime = NOW

    def read(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class SampleWorkspace:
    """Workspace of one test. Several objects may share one root, like separate processes."""

    root: Path
    clock: ManualClock = field(default_factory=ManualClock)
    providers: ChannelProviders | None = None

    def __post_init__(self) -> None:
        self._resources: dict[str, Any] = {"clock": Clock(read=self.clock.read)}
        if self.providers is not None:
            self._resources["providers"] = self.providers
        self.engine = self._open()

    def _open(self) -> Engine:
        return Engine(Context(Resources(Workspace(self.root), **self._resources), "tester"))

    def use(self, **resources: Any) -> None:
        """Replace resources, such as clock or providers, in a new engine over the same ledger."""
        self._resources = {"ledger": self.engine.context.ledger, **self._resources, **resources}
        self.engine = self._open()

    def reload(self) -> None:
        """Read the workspace's files again on next use."""
        self.engine.context.use_repository(WorkspaceRepository(Workspace(self.root)))

    def close(self) -> None:
        self.engine.close()

    def run_clock(self, speed: float) -> None:
        """Let the clock run by itself, `speed` times as fast, with long leases."""
        settings = self.root / "config" / "settings.yaml"
        settings.write_text(settings.read_text("utf-8").replace("lease: 5}", "lease: 3600}"), encoding="utf-8")
        self.reload()
        start = monotonic()
        self.use(clock=Clock(read=lambda: self.clock.time + speed * timedelta(seconds=monotonic() - start)))

    # members

    def record_choices(self, member: str, *names: str, on: bool = True) -> None:
        """Record choices of a member, on or off, at the current time."""
        entries = [ConsentEntry(member, choice, on, self.clock.time, ConsentSource.WEB) for choice in names]
        with self.engine.context.ledger.write() as connection:
            choices.record_choices(connection, entries)

    def change_contact(self, member: str, **contact: str | None) -> None:
        """Change a member's contact."""
        with self.engine.context.ledger.write() as connection:
            if "phone" in contact:
                contact["phone_class"] = phone_class(contact["phone"])
            connection.execute(update(CONTACT).where(CONTACT.c.member_id == member).values(**contact))

    def erase(self, member: str) -> None:
        """Erase a member's contact."""
        with self.engine.context.ledger.write() as connection:
            connection.execute(delete(CONTACT).where(CONTACT.c.member_id == member))

    def suppress(self, kind: AddressKind, address: str, reason: SkipReason, scope: str = "all") -> None:
        """Suppress an address."""
        value = suppression_value(kind, address)
        assert value is not None
        suppression = AddressSuppression(kind, value, reason, SuppressionScope(scope), self.clock.time, "test")
        with self.engine.context.ledger.write() as connection:
            suppress(connection, [suppression])

    def contact(self, member: str) -> Mapping[str, Any]:
        return self.engine.queries.member(member)

    def import_rows(self, kind: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Import rows through a CSV file."""
        import_rows(self.engine, kind, list(rows))

    # campaigns and runs

    def write_campaign(self, name: str, text: str) -> Path:
        """Write a campaign file, with a title added if it has none."""
        path = self.root / "config" / "campaigns" / f"{name}.yaml"
        path.write_text(text if text.startswith("title:") else _HEAD + text, encoding="utf-8")
        self.reload()
        return path

    def add_setting(self, text: str) -> None:
        """Add a line to the settings."""
        path = self.root / "config" / "settings.yaml"
        path.write_text(path.read_text("utf-8") + f"{text}\n", encoding="utf-8")
        self.reload()

    def plan(self, name: str, text: str | None = None, as_of: datetime | None = None) -> tuple[Run, PlanCounts]:
        """Plan a campaign; write it first if its text is given."""
        if text is not None:
            self.write_campaign(name, text)
        draft, _ = self.engine.context.repository.campaign_definition(name)
        return self.engine.planner.plan(draft, as_of or self.clock.time, ignore_progress)

    def start(self, name: str, text: str | None = None) -> Run:
        """Plan a campaign and start its run; nothing is sent yet."""
        run, _ = self.plan(name, text)
        self.engine.run_control.start(run)
        return self.engine.queries.run(run.run_id)

    def send(self, run: Run, on_progress: Callable[[int], None] = lambda _: None) -> SendResult:
        """Send the deliveries that are due."""
        return self.engine.sender.send(run.run_id, on_progress)

    # stored state

    def decisions(self, run: Run) -> dict[str, Mapping[str, Any]]:
        """Return the decision about every matched member."""
        rows = self._rows(DECISION, run, DECISION.c.member_id)
        return {row["member_id"]: row for row in rows}

    def skips(self, run: Run) -> dict[str, str]:
        """Return the reason of every skipped member."""
        return {member: row["reason"] for member, row in self.decisions(run).items() if row["kind"] == "skip"}

    def channels(self, run: Run) -> dict[str, str]:
        """Return the channel of every member with a planned send."""
        return {member: row["channel"] for member, row in self.decisions(run).items() if row["kind"] == "send"}

    def deliveries(self, run: Run) -> dict[str, Mapping[str, Any]]:
        """Return the delivery of every planned send, by member."""
        return {row["member_id"]: row for row in self._rows(DELIVERY, run, DELIVERY.c.position)}

    def end_states(self, run: Run) -> dict[str, tuple[str, str | None]]:
        """Return state and reason of every delivery, by member."""
        return {member: (row["state"], row["reason"]) for member, row in self.deliveries(run).items()}

    def state(self, run: Run) -> str:
        return self.engine.queries.run(run.run_id).state

    def balance(self, run: Run) -> Mapping[str, int]:
        """Return deliveries by state; assert that they add up to the plan and that failed ones have a reason."""
        stored = self.engine.queries.run(run.run_id)
        outcomes = self.engine.queries.outcomes(stored)
        counts = outcomes.by_state
        assert sum(counts.values()) == sum(stored.counts["sends"].values()), counts
        for state, reason in self.end_states(run).values():
            assert (reason is None) == (state in {"accepted", "pending", "sending"}), (state, reason)
        return {state: number for state, number in counts.items() if number}

    def _rows(self, table: Table, run: Run, order: Any) -> Sequence[Mapping[str, Any]]:
        with self.engine.context.ledger.read() as connection:
            number = select(RUN.c.number).where(RUN.c.run_id == run.run_id).scalar_subquery()
            rows = connection.execute(select(table).where(table.c.run_number == number).order_by(order))
            return [dict(row) for row in rows.mappings()]


def build_base_workspace(root: Path) -> Path:
    """Create the workspace at `root` and import its members; return `root`."""
    shutil.copytree(_FILES, root, dirs_exist_ok=True)
    for folder in ("campaigns", "audiences"):  # git keeps no empty folders
        (root / "config" / folder).mkdir(exist_ok=True)
    for part in _SHARED_TEMPLATES:
        shutil.copytree(_REPOSITORY / "templates" / part, root / "templates" / part)
    workspace = SampleWorkspace(root)
    workspace.import_rows("members", [_member(number, member) for number, member in enumerate(MEMBERS, start=1)])
    workspace.import_rows(
        "choices",
        [
            {"member_id": member, "choice": choice, "state": "on", "at": "2017-06-01T10:00", "source": "web"}
            for member in MEMBERS
            for choice in ("email_own", "sms_own")
        ],
    )
    workspace.import_rows("products", _PRODUCTS)
    workspace.import_rows("purchases", _purchases())
    workspace.close()
    return root


def _member(number: int, member: str) -> Mapping[str, object]:
    """Return a member: every third shares a household with the next, every fourth is no owner, languages alternate."""
    return {
        "member_id": member,
        "register": "customers" if number % 4 == 0 else "owners",
        "household_id": f"h{number // 3 * 3 or 1}" if number % 3 < 2 and number > 2 else "",
        "first_name": f"Nimi{number}",
        "last_name": "Mäki",
        "language": ("fi", "sv", "en")[number % 3],
        "birth_date": f"19{50 + number}-01-{number:02}",
        "email": f"{member}@example.org",
        "phone": f"+35840123{number:04}",
        "street": f"Kylätie {number}",
        "postal_code": f"00{(number * 37) % 100:02}0",
        "city": "Kylä",
        "region": "Lappi" if number % 2 else "Uusimaa",
        "household_size": number % 5 or "",
        "bonus_last_month": f"{number}.50",
    }


_PRODUCTS: Final = [
    {"product_id": category, "department": "FOOD", "brand": brand, "product_category": category, "product_type": "x"}
    for category, brand in (
        ("COFFEE", "National"),
        ("CHEESE", "Private"),
        ("BEER", "National"),
        ("PHARMACY", "National"),
        ("SOAP", "National"),
        ("BREAD", "Private"),
    )
]


def _purchases() -> list[Mapping[str, object]]:
    """Return purchases: coffee for the first half, cheese for the first quarter, beer and medicine for the last."""
    bought = [(member, "COFFEE") for member in MEMBERS[:12]] + [(member, "CHEESE") for member in MEMBERS[:6]]
    bought += [(MEMBERS[-1], "BEER"), (MEMBERS[-1], "PHARMACY")]
    return [
        {
            "member_id": member,
            "purchased_at": "2017-12-10T12:00",
            "basket_id": f"{member}-{product}",
            "product_id": product,
            "quantity": 1,
            "amount": "5.00",
            "store_id": "s1",
        }
        for member, product in bought
    ]


def import_rows(engine: Engine, kind: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Import rows through a CSV file and assert that all are accepted."""
    path = engine.context.workspace.root / f"{kind}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = import_data(engine.context, kind, path)
    assert (report.rejected, report.emptied) == (0, 0), report.rejects_path and report.rejects_path.read_text()


def ignore_progress(_step: int) -> None:
    """Ignore progress."""
