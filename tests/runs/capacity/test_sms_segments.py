"""SMS forecast of a plan: its segments and price are those of the messages sent (TW-03)."""

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.sms.gsm7 import sms_size
from campaigns.runs.capacity import sms_segments
from campaigns.runs.capacity.forecast import PlanForecast
from campaigns.runs.capacity.sms_segments import SegmentDistribution
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


def assign_names(workspace: SampleWorkspace) -> None:
    """Give members short and long names, in GSM-7 and not: messages of one segment, of two, and of too many."""
    for number, member in enumerate(MEMBERS):
        workspace.change_contact(member, first_name=NAMES[number % len(NAMES)])


def set_price(viesti: Shell, price: str) -> None:
    settings = viesti.root / "config" / "settings.yaml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("max_segments: 2", f"max_segments: 2, price_per_segment: {price}"), "utf-8")


def test_tw03_forecast_segments_equal_the_segments_sent(workspace: SampleWorkspace) -> None:
    assign_names(workspace)
    run = workspace.start("texts", TEXTS)
    forecast = workspace.engine.forecast.segments(run)
    workspace.send(run)
    assert forecast is not None
    assert forecast.is_exact
    [file] = (workspace.root / "outbox").rglob("sms.jsonl")
    arrived = [sms_size(json.loads(line)["text"]).segments for line in file.read_text("utf-8").splitlines()]
    assert {length: number for length, number in forecast.messages_by_segments.items() if length <= 2} == Counter(
        arrived
    )
    assert forecast.segments == sum(arrived)
    assert set(arrived) == {1, 2}
    end_states = Counter(workspace.end_states(run).values())
    assert end_states == {("accepted", None): len(arrived), ("refused", "too_long"): forecast.refused}
    assert forecast.refused > 0


@given(MEASURED, st.integers(0, 5000))
def test_tw03_unmeasured_messages_follow_the_measured_distribution(measured: Counter[int], unmeasured: int) -> None:
    """The distribution sums to the plan, and no length is a whole message away from its share."""
    distribution = SegmentDistribution.extrapolate(measured, measured.total() + unmeasured, 3)
    assert sum(distribution.messages_by_segments.values()) == distribution.messages
    assert (
        distribution.refused + sum(distribution.messages_by_segments.get(length, 0) for length in (1, 2, 3))
        == distribution.messages
    )
    for length, number in measured.items():
        assert abs(distribution.messages_by_segments[length] - number * distribution.messages / measured.total()) < 1
    if not unmeasured:
        assert distribution.is_exact
        assert distribution.messages_by_segments == measured


def test_tw03_extrapolation_without_a_sample_has_no_segments() -> None:
    assert SegmentDistribution.extrapolate(Counter(), 5, 3) == SegmentDistribution(5, 0, {0: 5}, 3)
    assert SegmentDistribution.extrapolate(Counter(), 5, 3).segments == 0


def test_tw03_large_plan_is_forecast_from_a_sample(workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_segments, "SAMPLE_SIZE", 16)
    run, _ = workspace.plan("texts", TEXTS)
    forecast = workspace.engine.forecast.segments(run)
    assert forecast is not None
    assert (forecast.messages, forecast.sample_size, forecast.is_exact) == (24, 16, False)
    assert forecast.messages_by_segments == {2: 24}


def test_tw03_plan_without_text_messages_composes_none(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = workspace.plan("letters", TEXTS.replace("sms", "email").replace("long", "hello"))

    def fail(*_: object) -> None:
        pytest.fail("a text message was to be composed")

    monkeypatch.setattr(PlanForecast, "_sms_composer", fail)
    assert workspace.engine.forecast.segments(run) is None
    assert workspace.engine.forecast.capacity_problem(run) is None


def test_tw03_plan_status_and_send_show_the_cost_of_text_messages(viesti: Shell) -> None:
    set_price(viesti, "0.0731")
    viesti.write("texts", TEXTS)
    output = viesti("plan", "texts").out
    assert "Text messages, all written" in output
    assert "48 segments, 3.51 EUR at 0.0731 a segment" in output
    run = next(word for word in output.split() if word.startswith("texts-"))
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


def test_tw03_estimate_is_labelled_and_refused_messages_cost_nothing(
    viesti: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = SegmentDistribution.extrapolate(Counter({0: 1, 1: 700, 2: 298, 3: 1}), 24_000, 2)
    monkeypatch.setattr(PlanForecast, "segments", lambda _forecast, _run: estimate)
    set_price(viesti, "0.1")
    viesti.write("texts", TEXTS)
    output = viesti("plan", "texts").out
    assert "Text messages, estimated from 1 000 of 24 000" in output
    assert "cannot be written, refused" in output
    assert "3, refused" in output
    assert "about 31 104 segments, 3110.40 EUR at 0.1 a segment" in output
    assert estimate.cost(Decimal("0.1")) == Decimal("3110.40")
