"""The demonstration: real purchases and invented people imported, three campaigns planned, written and delivered."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from audiences.imports.import_report import ImportReport
from campaigns.core.errors import AuthorError, Problem, errors_among
from campaigns.demo.data.files import write_demo_files
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import Tally
from campaigns.store.runs import runs
from campaigns.store.runs.decisions import Outcomes
from campaigns.store.runs.states import RunState
from campaigns.workspace.paths import Workspace, find_workspace
from campaigns.workspace.scaffold import make_workspace

CAMPAIGNS: Final = ("beauty_newsletter", "weekend_offer", "owner_post")


@dataclass(frozen=True, slots=True)
class Stop:
    """One campaign of the tour: its plan, what became of it, and whether an earlier tour had sent it."""

    run_id: str
    tally: Tally
    outcomes: Outcomes
    sent_before: bool


def workspace_at(directory: Path) -> Workspace:
    """The workspace in `directory`, made when the folder is new or empty."""
    if not directory.exists() or not any(directory.iterdir()):
        return make_workspace(directory)
    return find_workspace(directory)


def bring_in(engine: Engine, told: Callable[[str], None]) -> Iterator[tuple[str, ImportReport]]:
    """Make the demonstration's files and import them; a second time nothing changes."""
    told("making import files")
    files = write_demo_files(engine.workspace.data / "demo")
    for each in fields(files):
        told(f"importing {each.name}")
        yield each.name, engine.import_file(each.name, getattr(files, each.name), lambda _done, _whole: None)


def check(engine: Engine) -> tuple[Problem, ...]:
    """The warnings about every campaign file; AuthorError with all problems when one has errors."""
    files = engine.workspace.campaign_files()
    found = [problem for file in files for problem in engine.library.problems(file, engine.clock.now())]
    if errors_among(found):
        raise AuthorError(found)
    return tuple(dict.fromkeys(found))


def visit(engine: Engine, campaign: str, told: Callable[[int], None]) -> Stop:
    """Plan and send one campaign at the demonstration's moment, or show what an earlier tour sent.

    An interrupted tour is gone on with: what was delivered is not delivered again.
    """
    draft, _ = engine.library.draft(campaign)
    as_of = engine.library.settings.clock_start or engine.clock.now()
    with engine.ledger.read() as connection:
        run = runs.find(connection, runs.run_id(campaign, as_of))
    sent_before = run is not None and run.state == RunState.CLOSED
    if run is None or run.state in (RunState.PLANNING, RunState.PLANNED):
        run, _ = engine.plan(draft, as_of, told)
    engine.start(run)
    _send_all(engine, run.run_id, told)
    return Stop(run.run_id, Tally.from_json(run.counts), engine.outcomes(run), sent_before)


def _send_all(engine: Engine, run_id: str, told: Callable[[int], None]) -> None:
    """Send to the end; what a killed tour left under way has to be waited for until its lease is over."""
    while (sent := engine.send(run_id, told)).again_at is not None:
        engine.clock.sleep_until(sent.again_at)


def worth_opening(engine: Engine, stops: list[Stop]) -> Iterator[tuple[str, Path]]:
    """The three most telling things that the tour left in the outbox."""
    outbox = engine.workspace.outbox
    beauty, weekend, owner = (outbox / stop.run_id for stop in stops)
    wanted = (
        ("a newsletter, as a mail program shows it", beauty, "email/*.eml"),
        ("every text message, one a line", weekend, "sms*.jsonl"),
        ("the letters, in postal order", owner, "post-*/*.pdf"),
    )
    for title, folder, pattern in wanted:
        found = sorted(folder.glob(pattern), key=lambda path: (-path.stat().st_size, path.name))
        if found:
            yield title, found[0]
