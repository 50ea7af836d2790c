"""What a plan says of the length and price of its text messages is what its readers get and what is paid (TW-03)."""

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.sms.gsm7 import sms_size
from campaigns.runs.capacity import sms_segments as module
from campaigns.runs.capacity.forecast import PlanForecast
from campaigns.runs.capacity.sms_segments import SegmentDistribution
from campaigns.runs.capacity.forecast import PlanForecast
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.shell import Shell

TEXTS = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [sms]
content: {sms: long}
"""
NAMES = ("Al", "Aino", "Šárka", "漢字", "Bo €", "Maximiliana", "Å")
MEASURED = st.dictionaries(st.integers(0, 5), st.integers(1, 300), min_size=1).map(Counter)


def named(workspace: SampleWorkspace) -> None:
    """Members of short and long names, in and out of the alphabet: of one segment, of two, and of more than may be."""
    for number, member in enumerate(MEMBERS):
        workspace.change_contact(member, first_name=NAMES[number % len(NAMES)])


def priced(viesti: Shell, price: str) -> None:
    settings = viesti.root / "config" / "settings.yaml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("max_segments: 2", f"max_segments: 2, price_per_segment: {price}"), "utf-8")


def test_tw03_a_plan_shows_the_segments_that_its_readers_get(workspace: SampleWorkspace) -> None:
    named(workspace)
    run = workspace.start("texts", TEXTS)
    shown = workspace.engine.forecast.segments(run)
    workspace.send(run)
    assert shown is not None
    assert shown.is_exact
    [file] = (workspace.root / "outbox").rglob("sms.jsonl")
    arrived = [sms_size(json.loads(line)["text"]).segments for line in file.read_text("utf-8").splitlines()]
    assert {length: number for length, number in shown.messages_by_segments.items() if length <= 2} == Counter(arrived)
    assert shown.segments == sum(arrived)
    assert set(arrived) == {1, 2}
    ended = Counter(workspace.end_states(run).values())
    assert ended == {("accepted", None): len(arrived), ("refused", "too_long"): shown.refused}
    assert shown.refused > 0


@given(MEASURED, st.integers(0, 5000))
def test_tw03_what_was_not_written_is_spread_as_what_was(measured: Counter[int], others: int) -> None:
    """The spread sums to what is planned, and is nowhere a whole message away from its share."""
    found = SegmentDistribution.extrapolate(measured, measured.total() + others, 3)
    assert sum(found.messages_by_segments.values()) == found.messages
    assert found.refused + sum(found.messages_by_segments.get(length, 0) for length in (1, 2, 3)) == found.messages
    for length, number in measured.items():
        assert abs(found.messages_by_segments[length] - number * found.messages / measured.total()) < 1
    if not others:
        assert found.is_exact
        assert found.messages_by_segments == measured


def test_tw03_of_nobody_who_is_known_nothing_can_be_written() -> None:
    assert SegmentDistribution.extrapolate(Counter(), 5, 3) == SegmentDistribution(5, 0, {0: 5}, 3)
    assert SegmentDistribution.extrapolate(Counter(), 5, 3).segments == 0


def test_tw03_of_many_some_are_written_and_it_is_said(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENOUGH", 16)
    run, _ = workspace.plan("texts", TEXTS)
    shown = workspace.engine.forecast.segments(run)
    assert shown is not None
    assert (shown.messages, shown.sample_size, shown.is_exact) == (24, 16, False)
    assert shown.messages_by_segments == {2: 24}


def test_tw03_a_plan_without_text_messages_writes_none(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = workspace.plan("letters", TEXTS.replace("sms", "email").replace("long", "hello"))

    def written(*_: object) -> None:
        pytest.fail("a text message was to be written")

    monkeypatch.setattr(PlanForecast, "_sms_pen", written)
    assert workspace.engine.forecast.segments(run) is None
    assert workspace.engine.forecast.capacity_problem(run) is None


def test_tw03_plan_status_and_send_say_what_text_messages_cost(viesti: Shell) -> None:
    priced(viesti, "0.0731")
    viesti.write("texts", TEXTS)
    said = viesti("plan", "texts").out
    assert "Text messages, all written" in said
    assert "48 segments, 3.51 EUR at 0.0731 a segment" in said
    run = next(word for word in said.split() if word.startswith("texts-"))
    texts = viesti("plan", "texts", "--json").json["texts"]
    assert texts == {
        "messages": 24,
        "written": 24,
        "by_segments": {"2": 24},
        "refused": 0,
        "segments": 48,
        "cost": "3.51",
        "currency": "EUR",
    }
    assert viesti("status", run, "--json").json["texts"] == texts
    for command in ("status", "send"):
        assert "48 segments, 3.51 EUR" in viesti(command, run).out
    assert "segments" not in viesti("status", run).out


def test_tw03_status_shows_a_plan_whose_files_are_gone(viesti: Shell) -> None:
    viesti.write("texts", TEXTS)
    run = viesti("plan", "texts", "--json").json["run"]
    (viesti.root / "data/runs" / run / "fields.parquet").unlink()
    assert f"\nnot begun: {run}: what was frozen for it about its members is not here" in viesti("status", run).out
    assert viesti("status", run, "--json").json["state"] == "planned"
    assert "what was frozen" in viesti("send", run, code=1).err


def test_tw03_without_a_price_only_segments_are_shown(viesti: Shell) -> None:
    viesti.write("texts", TEXTS)
    assert viesti("plan", "texts").out.count("\n48 segments\n") == 1
    assert "cost" not in viesti("plan", "texts", "--json").json["texts"]


def test_tw03_a_sample_is_called_one_and_what_is_refused_costs_nothing(
    viesti: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    guessed = SegmentDistribution.extrapolate(Counter({0: 1, 1: 700, 2: 298, 3: 1}), 24_000, 2)
    monkeypatch.setattr(PlanForecast, "segments", lambda _forecast, _run: guessed)
    priced(viesti, "0.1")
    viesti.write("texts", TEXTS)
    said = viesti("plan", "texts").out
    assert "Text messages, estimated from 1 000 of 24 000" in said
    assert "cannot be written, refused" in said
    assert "3, refused" in said
    assert "about 31 104 segments, 3110.40 EUR at 0.1 a segment" in said
    assert guessed.cost(Decimal("0.1")) == Decimal("3110.40")
