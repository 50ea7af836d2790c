"""Each occasion of a published campaign is run once or recorded as missed, by however many schedulers, at its hour."""

import re
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from campaigns import engine
from campaigns.errors import AuthorError
from campaigns.outgoing import Outgoing
from campaigns.planning.bench import Bench
from campaigns.rounds import Rounds, plan_apart
from campaigns.spec.schedule import Schedule
from campaigns.store import publications, runs
from campaigns.store.tables import AUDIT, RUN, Run
from tests.dispatch.wire import Wire, accept, wired
from tests.village import MEMBERS, NOW, Village

HELSINKI = ZoneInfo("Europe/Helsinki")
DAILY = """\
purpose: marketing
schedule: {cron: "30 10 * * *", late_by: 1 hour}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
DUE = datetime(2018, 1, 1, 8, 30, tzinfo=UTC)  # half past ten in Helsinki


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


def publish(village: Village, name: str = "hi", text: str = DAILY) -> datetime | None:
    village.write(name, text)
    draft, _ = village.engine.library.draft(name)
    return village.engine.publish(draft)


def round_of(village: Village) -> None:
    rounds = Rounds(village.engine)
    rounds.schedule()
    rounds.schedule()  # what was planned in the first is started in the second
    rounds.dispatch()


def all_runs(village: Village) -> list[Run]:
    with village.engine.ledger.read() as connection:
        return [Run(**row) for row in connection.execute(select(RUN).order_by(RUN.c.due_at)).mappings()]


def told(village: Village) -> list[tuple[datetime, str, str | None]]:
    return [(run.due_at, run.state, run.reason) for run in all_runs(village)]


@pytest.fixture
def wire(village):
    return wired(village, Wire())


def test_an_occasion_is_run_when_it_is_due_and_not_before(village, wire):
    assert publish(village) == DUE
    village.hands.at = DUE - timedelta(seconds=1)
    round_of(village)
    assert told(village) == []
    village.hands.at = DUE + timedelta(seconds=2)
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)
    (run,) = all_runs(village)
    assert run.scheduled
    assert run.send_by == DUE + timedelta(hours=24)


def test_as_of_is_the_moment_that_was_due_though_the_start_is_late(village, wire):
    publish(village)
    village.hands.at = DUE + timedelta(minutes=59)
    round_of(village)
    (run,) = all_runs(village)
    assert (run.due_at, run.state) == (DUE, "closed")


def test_a_draft_is_never_run(village, wire):
    village.write("hi", DAILY)
    village.hands.at = DUE
    round_of(village)
    assert told(village) == []


def test_op02_who_was_down_for_hours_records_what_was_missed_and_sends_none_of_it(village, wire):
    publish(village)
    village.hands.at = DUE + timedelta(days=2, hours=1, seconds=1)
    for _ in range(4):
        round_of(village)
    assert told(village) == [(DUE + timedelta(days=day), "missed", "too_late") for day in range(3)]
    assert wire.heard == []
    village.hands.at = DUE + timedelta(days=3)
    round_of(village)
    assert told(village)[-1] == (DUE + timedelta(days=3), "closed", None)


@pytest.mark.parametrize("change", ["a rule", "a template", "what cannot be read", "no file"])
def test_a_file_that_is_not_as_published_is_not_run(village, wire, change):
    publish(village)
    match change:
        case "a rule":
            village.write("hi", DAILY.replace("[owners, customers]", "owners"))
        case "a template":
            (village.root / "templates/email/hello/body.txt").write_text("Other words\n")
        case "what cannot be read":
            village.write("hi", "purpose: [\n")
        case "no file":
            (village.root / "config/campaigns/hi.yaml").unlink()
    village.hands.at = DUE
    round_of(village)
    assert told(village) == [(DUE, "missed", "not_as_published")]
    assert wire.heard == []


def test_a_comment_in_the_file_changes_nothing(village, wire):
    publish(village)
    village.write("hi", DAILY + "# a remark\n")
    village.hands.at = DUE
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]


def test_the_published_schedule_holds_though_the_file_has_another(village, wire):
    publish(village)
    village.write("hi", DAILY.replace("30 10", "30 11"))
    village.hands.at = DUE + timedelta(days=1)
    for _ in range(2):
        round_of(village)
    assert [due for due, *_ in told(village)] == [DUE, DUE + timedelta(days=1)]


def test_publishing_anew_loses_no_occasion_that_is_due(village, wire):
    publish(village)
    village.hands.at = DUE + timedelta(seconds=1)
    assert publish(village) == DUE
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]


def test_what_was_run_by_hand_is_not_run_again_and_holds_nothing_up(village, wire):
    publish(village)
    run, _ = village.plan("hi", as_of=DUE)
    village.engine.start(run)
    village.send(run)
    village.hands.at = DUE
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)
    village.hands.at = DUE + timedelta(days=1)
    round_of(village)
    assert told(village)[-1] == (DUE + timedelta(days=1), "closed", None)


def test_many_schedulers_run_each_occasion_once(village):
    names = [f"c{number}" for number in range(4)]
    for name in names:
        publish(village, name)
    village.hands.at = DUE
    others = [Village(village.root, village.hands) for _ in range(3)]
    wires = [wired(each, Wire()) for each in others]
    together = Barrier(3)

    def make_rounds(each: Village) -> None:
        rounds = Rounds(each.engine)
        together.wait()
        for _ in range(3):
            rounds.schedule()
            rounds.dispatch()

    threads = [Thread(target=make_rounds, args=[each]) for each in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    round_of(village)
    for each in others:
        each.close()
    assert sorted((run.campaign, run.due_at, run.state) for run in all_runs(village)) == [
        (name, DUE, "closed") for name in names
    ]
    heard = sorted(member for wire in wires for member in wire.heard)
    assert heard == sorted(MEMBERS * len(names))
    with village.engine.ledger.read() as connection:
        planned = connection.execute(select(AUDIT.c.subject).where(AUDIT.c.action == "plan")).scalars().all()
    assert len(planned) == len(set(planned)) == len(names)


def taken_up(village: Village, state: str) -> Run:
    """A scheduled run that its process left in this state."""
    publish(village)
    village.hands.at = DUE
    draft, _ = village.engine.library.draft("hi")
    with village.engine.ledger.write() as connection:
        publications.advance(connection, "hi", DUE, DUE + timedelta(days=1))
        run = runs.open_run(connection, draft.campaign, str(draft.file), DUE, DUE, scheduled=True)
    if state == "planned":
        run, _ = village.engine.plan(draft, DUE, lambda _: None, scheduled=True)
    return run


def test_the_planning_of_a_process_that_died_is_taken_over_when_its_lease_is_over(village, wire):
    taken_up(village, "planning")
    village.hands.go(minutes=9)
    round_of(village)
    assert told(village) == [(DUE, "planning", None)]  # it may be alive
    village.hands.go(minutes=1)
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)


@pytest.mark.parametrize("state", ["planning", "planned"])
def test_what_was_not_started_in_time_is_missed_though_it_was_taken_up(village, wire, state):
    run = taken_up(village, state)
    village.hands.at = DUE + timedelta(hours=1, seconds=1)
    round_of(village)
    assert told(village) == [(DUE, "missed", "too_late")]
    assert wire.heard == []
    assert not village.engine.run_files(run).fields.exists()
    if state == "planned":
        assert set(village.ends(run).values()) == {("expired", "expired")}
        village.balance(run)


def test_who_was_thought_dead_cannot_mix_its_plan_with_that_of_another(village, wire, monkeypatch):
    """The one that plans is asleep for longer than its lease; another plans the same run meanwhile."""
    village.write("hi", DAILY)
    other = Village(village.root, village.hands)
    draft, _ = village.engine.library.draft("hi")
    decide, slept = type(village.engine).decided, []

    def asleep(engine, *arguments):
        if not slept:
            slept.append(True)
            other.plan("hi", as_of=NOW)
        return decide(engine, *arguments)

    monkeypatch.setattr(type(village.engine), "decided", asleep)
    with pytest.raises(AuthorError) as raised:
        village.engine.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    (run,) = all_runs(village)
    assert run.state == "planned"
    assert len(village.decisions(run)) == len(MEMBERS)
    village.balance(run)


@pytest.mark.parametrize(("owner", "step"), [(engine, "begin"), (Bench, "write")])
def test_who_plans_too_slowly_changes_no_file_of_the_plan_that_took_the_run_over(village, monkeypatch, owner, step):
    """Otherwise nobody could send that plan, or members would read what was frozen about others."""
    draft, _ = village.engine.library.draft(village.write("hi", DAILY).stem)
    other, really, read = Village(village.root, village.hands), getattr(owner, step), {}

    def slowly(*given):
        monkeypatch.setattr(owner, step, really)
        other.move("m01", email=None)  # the first: everybody else has another position
        other.plan("hi", as_of=NOW)
        return really(*given)

    def hear(message):
        read[message.claimed.member_id] = message.text
        return accept(message)

    monkeypatch.setattr(owner, step, slowly)
    with pytest.raises(AuthorError) as raised:
        village.engine.plan(draft, NOW, lambda _: None)
    other.close()
    assert [problem.code for problem in raised.value.problems] == ["planned_elsewhere"]
    wired(village, Wire(hear))
    (run,) = all_runs(village)
    village.engine.start(run)
    assert [path.name for path in village.engine.run_files(run).folder.glob("*.parquet")] == ["fields.parquet"]
    assert village.send(run).closed
    assert {member: re.search(r"(\d+)[.,]50", text)[1] for member, text in read.items()} == {
        member: str(number) for number, member in enumerate(MEMBERS, start=1) if member != "m01"
    }


def test_one_campaign_that_cannot_be_planned_holds_up_no_other(village, wire):
    publish(village, "a")
    publish(village, "b")
    (village.root / "config/campaigns/a.yaml").unlink()
    village.hands.at = DUE
    round_of(village)
    assert [(run.campaign, run.state) for run in sorted(all_runs(village), key=lambda run: run.campaign)] == [
        ("a", "missed"),
        ("b", "closed"),
    ]


def test_a_run_whose_frozen_fields_are_gone_is_said_so_and_holds_up_no_other(village, wire, caplog):
    gone = village.start("hi", DAILY)
    village.engine.run_files(gone).fields.unlink()
    village.hands.go(seconds=61)
    run = village.start("ho", DAILY)
    outgoing = Outgoing(village.engine)
    outgoing.round()
    outgoing.round()
    assert (village.state(gone), village.state(run)) == ("sending", "closed")
    assert village.balance(gone) == {"pending": len(MEMBERS)}
    assert [each.getMessage().partition(" [")[0] for each in caplog.records if each.levelname == "ERROR"] == [
        f"{gone.run_id}: what was frozen for it about its members is not here"
    ]


def test_settings_that_are_wrong_hold_up_nothing_and_are_said_once(village, wire, caplog):
    """Somebody is at them at the very moment at which a campaign is due."""
    publish(village)
    settings = village.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "newsletters: {", "utf-8")
    village.hands.at = DUE
    round_of(village)
    assert told(village) == [(DUE, "closed", None)]
    assert [f"{settings}:" in each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == [True]


def test_what_is_sent_follows_the_settings_with_nothing_due(village):
    rounds = Rounds(village.engine)
    rounds.schedule()
    before = village.engine.providers, village.engine.courier
    settings = village.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("address: a@", "address: anew@"), "utf-8")
    rounds.schedule()
    assert village.engine.library.settings.channels.email.address == "anew@kyla.example.org"
    assert village.engine.courier.settings is village.engine.library.settings
    assert village.engine.providers is not before[0]
    after = village.engine.providers, village.engine.courier
    (village.root / "config" / "offers.yaml").write_text("[]\n", "utf-8")
    rounds.schedule()
    assert (village.engine.providers, village.engine.courier) == after  # connections stay open


@pytest.mark.parametrize(
    ("cron", "since", "dues"),
    [
        # the hour that does not exist: 29 March 2026, 3 to 4 o'clock
        ("30 3 * * *", "2026-03-28T12:00", ["2026-03-29T04:00", "2026-03-30T03:30"]),
        ("0 9 * * *", "2026-03-28T12:00", ["2026-03-29T09:00", "2026-03-30T09:00"]),
        # the hour that comes twice: 25 October 2026, 3 to 4 o'clock
        ("30 3 * * *", "2026-10-24T12:00", ["2026-10-25T03:30", "2026-10-26T03:30"]),
        # Sunday is 0 and 7, Monday is 1
        ("0 9 * * 1", "2026-03-28T12:00", ["2026-03-30T09:00", "2026-04-06T09:00"]),
        ("0 9 * * mon", "2026-03-28T12:00", ["2026-03-30T09:00", "2026-04-06T09:00"]),
        ("0 9 * * 0", "2026-03-28T12:00", ["2026-03-29T09:00", "2026-04-05T09:00"]),
        ("0 9 * * 7", "2026-03-28T12:00", ["2026-03-29T09:00", "2026-04-05T09:00"]),
        ("0 12 11 * *", "2026-03-28T12:00", ["2026-04-11T12:00", "2026-05-11T12:00"]),
    ],
)
def test_cron_is_read_in_the_campaigns_zone(cron, since, dues):
    schedule, moment = Schedule(cron=cron), at(since)
    found = []
    for _ in dues:
        moment = schedule.next_after(moment)
        assert moment is not None
        found.append(moment.astimezone(HELSINKI).isoformat()[:16])
    assert found == dues


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_op02_a_night_in_which_the_clocks_change_runs_the_daily_campaign_once(village, wire, day):
    village.hands.at = at(f"{day}T00:00") - timedelta(hours=1)
    publish(village, text=DAILY.replace("30 10", "30 3"))
    for _ in range(20):
        village.hands.go(minutes=30)
        round_of(village)
    assert [state for _, state, _ in told(village)] == ["closed"]
    assert sorted(wire.heard) == sorted(MEMBERS)


def test_send_by_never_passes_the_next_occasion(village, wire):
    publish(village, text=DAILY.replace("30 10 * * *", "30 10,14 * * *"))
    village.hands.at = DUE
    round_of(village)
    (run,) = all_runs(village)
    assert run.send_by == DUE + timedelta(hours=4)


def test_offers_that_change_while_the_server_runs_are_those_of_the_day(village, wire):
    texts = []
    wire.answer = lambda message: texts.append(message.text) or accept(message)
    publish(village, text=DAILY.replace("{email: hello}", "{email: offers}") + "offers: {at_most: 12}\n")
    village.hands.at = DUE
    round_of(village)
    assert "soap-a" in texts[-1]
    offers = village.root / "config/offers.yaml"
    offers.write_text(offers.read_text("utf-8").replace("soap-a", "soap-b"), encoding="utf-8")
    village.hands.at = DUE + timedelta(days=1)
    round_of(village)
    assert "soap-b" in texts[-1]


def test_a_run_is_planned_as_well_by_a_process_of_its_own(village, wire):
    publish(village)
    village.hands.at = DUE
    rounds = Rounds(village.engine, plan=plan_apart)
    rounds.schedule()
    (run,) = all_runs(village)
    assert (run.due_at, run.state, run.scheduled) == (DUE, "sending", True)
    rounds.dispatch()
    assert sorted(wire.heard) == sorted(MEMBERS)


def test_what_is_due_while_settings_are_wrong_is_planned_when_they_are_right(village, wire):
    """Who plans apart reads them anew, as they are."""
    publish(village)
    village.hands.at = DUE
    settings, rounds = village.root / "config" / "settings.yaml", Rounds(village.engine, plan=plan_apart)
    right = settings.read_text("utf-8")
    settings.write_text(right + "newsletters: {", "utf-8")
    rounds.schedule()
    assert told(village) == [(DUE, "planning", None)]
    settings.write_text(right, "utf-8")
    village.hands.go(minutes=10)
    rounds.schedule()
    rounds.schedule()
    rounds.dispatch()
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)


def test_a_plan_whose_process_was_killed_is_made_again(village, wire, tmp_path, monkeypatch, caplog):
    publish(village)
    village.hands.at = DUE
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    killed.chmod(0o700)
    rounds = Rounds(village.engine, plan=plan_apart)
    with monkeypatch.context() as broken:
        broken.setattr("sys.executable", str(killed))
        rounds.schedule()
    assert [each.getMessage().partition("\n")[0] for each in caplog.records] == [
        f"hi: who planned it has ended: Command '('{killed}', '-m', 'campaigns.apart')' died with "
        "<Signals.SIGKILL: 9>. [not_planned]"
    ]
    village.hands.go(minutes=10)  # nobody has held the plan for so long
    rounds.schedule()
    rounds.schedule()
    rounds.dispatch()
    assert told(village) == [(DUE, "closed", None)]
    assert sorted(wire.heard) == sorted(MEMBERS)


def test_what_stands_in_the_way_of_a_run_is_said_once(village, wire, caplog):
    publish(village)
    village.hands.at = DUE
    rounds = Rounds(village.engine)
    rounds.schedule()
    rounds.schedule()
    (run,) = all_runs(village)
    kept = village.engine.run_files(run).definition
    kept.rename(kept.with_name("away"))
    for _ in range(3):
        rounds.dispatch()
    assert [each.getMessage().partition(":")[0] for each in caplog.records] == [run.run_id]
    kept.with_name("away").rename(kept)
    rounds.dispatch()
    assert sorted(wire.heard) == sorted(MEMBERS)
