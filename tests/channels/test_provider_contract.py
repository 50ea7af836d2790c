"""What every channel's provider promises, whichever it is."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from campaigns.channels import bundle_folder
from campaigns.channels.bundle import BundleId
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Refused, RetryLater, Unknown
from campaigns.channels.provider import BrokenBundleError
from campaigns.channels.registry import ProviderContext, build_providers
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from tests.support.provider_fixtures import SETTINGS, folder_arrivals, leaks, one_outcome, open_provider

# What happens on the wire, what the provider makes of it, and how many messages are on their way nevertheless
STOPPING = {ProviderFault.UNAUTHORISED}
FAULTS = [
    (ProviderFault.THROTTLE, RetryLater, 0),
    (ProviderFault.REFUSE, Refused, 0),
    (ProviderFault.UNAUTHORISED, ChannelMisconfiguredError, 0),
    (ProviderFault.FAIL_AFTER, Unknown, 1),
    (ProviderFault.DROP_AFTER, Unknown, 1),
    (ProviderFault.HANG_AFTER, Unknown, 1),
]

FOLDERS = pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
BUNDLES = pytest.mark.parametrize("channel", [Channel.POST, Channel.PHONE])


@pytest.fixture
def providers(tmp_path):
    return build_providers(ProviderContext(tmp_path, SETTINGS))


@pytest.fixture
def message(email, sms, claimed):
    """A message of a channel for a delivery."""

    def make(channel: Channel, position: int = 1, attempt: str = "attempt1") -> Any:
        made = claimed(channel, position, attempt)
        return email(made) if channel is Channel.EMAIL else sms(made)

    return make


@pytest.fixture
def bundle(letters, calls):
    """A bundle of two items, or of one when `smaller`."""

    def make(channel: Channel, *, smaller: bool = False) -> Any:
        if channel is Channel.PHONE:
            return calls(1 if smaller else 2)
        return letters(*[("20100", Language.FI), ("00100", Language.SV)][: 1 if smaller else 2])

    return make


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def provider_of(providers: Any, channel: Channel) -> Any:
    return getattr(providers, channel.value)


async def test_a_message_is_accepted_under_a_name_of_its_own_and_arrives(stage, message):
    async with open_provider(stage.provider) as provider:
        outcomes = [await provider.send(message(stage.channel, position)) for position in (1, 2, 3)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len({outcome.provider_id for outcome in outcomes}) == 3
    assert stage.arrived() == ["opaque0001", "opaque0002", "opaque0003"]


async def test_many_at_once_arrive_once_each(stage, message):
    async with open_provider(stage.provider) as provider:
        sends = [provider.send(message(stage.channel, position)) for position in range(1, 101)]
        outcomes = await asyncio.gather(*sends)
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert sorted(stage.arrived()) == [f"opaque{position:04d}" for position in range(1, 101)]


async def test_a_provider_can_be_opened_again(stage, message):
    for position in (1, 2):
        async with open_provider(stage.provider) as provider:
            assert isinstance(await provider.send(message(stage.channel, position)), Accepted)
    assert len(stage.arrived()) == 2


async def test_a_channel_that_cannot_work_says_so_and_blames_no_member(stage, message):
    stage.break_down()
    with pytest.raises(ChannelMisconfiguredError) as raised:
        async with open_provider(stage.provider) as provider:
            await provider.send(message(stage.channel))
    assert not leaks(str(raised.value))
    assert stage.arrived() == []


async def test_gd02_our_own_name_of_the_member_stays_with_us(stage, message):
    async with open_provider(stage.provider) as provider:
        await provider.send(message(stage.channel))
    seen = stage.seen()
    assert b"opaque0001" in seen  # we look in the right place
    assert b"4711" not in seen


async def test_no_secret_and_no_address_is_shown_by_a_provider_or_a_message(stage, message):
    shown = repr(stage.provider) + repr(message(stage.channel))
    assert not leaks(shown)
    assert "double" not in shown.replace("127.0.0.1", "")


@pytest.mark.parametrize(("fault", "expected", "arrives"), FAULTS, ids=[fault.value for fault, *_ in FAULTS])
async def test_what_goes_wrong_on_the_wire_has_one_outcome_and_names_nobody(
    wire_stage, message, fault, expected, arrives
):
    wire_stage.double.manners.next(fault)
    outcome = await one_outcome(wire_stage, message)
    assert type(outcome) is expected
    assert not leaks(str(outcome))
    assert len(wire_stage.arrived()) == arrives


async def test_a_provider_that_is_away_has_surely_done_nothing(wire_stage, message):
    await wire_stage.double.__aexit__(None, None, None)
    outcome = await one_outcome(wire_stage, message)
    assert type(outcome) is RetryLater
    assert not leaks(str(outcome))


async def test_sg07_sending_again_only_what_may_be_sent_again_reaches_nobody_twice(wire_stage, message):
    wire_stage.double.manners.shares |= dict.fromkeys(set(ProviderFault) - STOPPING - {ProviderFault.HANG_AFTER}, 0.1)
    waiting, outcomes = list(range(1, 151)), []
    async with open_provider(wire_stage.provider) as provider:
        while waiting:
            answers = [await provider.send(message(wire_stage.channel, position)) for position in waiting]
            waiting = [at for at, answer in zip(waiting, answers, strict=True) if isinstance(answer, RetryLater)]
            outcomes += [answer for answer in answers if not isinstance(answer, RetryLater)]
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds.keys() == {Accepted, Refused, Unknown}  # the double did misbehave
    assert sum(kinds.values()) == 150
    assert wire_stage.double.mailboxes.twice == {}
    assert kinds[Accepted] <= len(wire_stage.arrived()) <= kinds[Accepted] + kinds[Unknown]


@FOLDERS
async def test_the_same_attempt_twice_is_one_message_even_for_a_new_process(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel))
    await provider.send(message(channel))
    await provider.close()
    another = provider_of(build_providers(ProviderContext(tmp_path, SETTINGS)), channel)
    await another.send(message(channel))
    await another.close()
    assert folder_arrivals(tmp_path) == ["opaque0001"]


@FOLDERS
async def test_another_attempt_of_the_same_delivery_shows(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel, attempt="first"))
    await provider.send(message(channel, attempt="second"))
    await provider.close()
    assert folder_arrivals(tmp_path) == ["opaque0001"] * 2


@BUNDLES
def test_nothing_is_handed_over_before_the_commit(channel, providers, bundle, tmp_path):
    provider_of(providers, channel).prepare(bundle(channel))
    assert [path.name for path in (tmp_path / "outbox").glob("*/[!.]*")] == []


@BUNDLES
def test_a_commit_gives_the_files_of_the_manifest_and_repeating_it_changes_nothing(
    channel, providers, bundle, tmp_path
):
    provider, made = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(made)
    provider.commit(made.id, manifest.sha256)
    before = everything(tmp_path)
    provider.commit(made.id, manifest.sha256)
    assert everything(tmp_path) == before
    folder = tmp_path / "outbox" / made.id.run / f"{channel}-1"
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(file.name for file in manifest.files)}
    assert (folder / "manifest.json").read_bytes() == manifest.to_json_bytes()


@BUNDLES
def test_pr06_the_manifest_counts_what_was_handed_over(channel, providers, bundle):
    manifest = provider_of(providers, channel).prepare(bundle(channel))
    assert manifest.items == 2
    assert sum(manifest.by_language.values()) == 2
    assert sum(manifest.by_material.values()) == 2
    assert json.loads(manifest.to_json_bytes())["address_source"] == "member register"


@BUNDLES
def test_pr06_the_same_bundle_gives_the_same_bytes(channel, bundle, tmp_path):
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        provider, made = provider_of(build_providers(ProviderContext(folder, SETTINGS)), channel), bundle(channel)
        provider.commit(made.id, provider.prepare(made).sha256)
    assert everything(folders[0]) == everything(folders[1])


@BUNDLES
def test_preparing_again_leaves_nothing_of_the_first_time(channel, providers, bundle):
    provider = provider_of(providers, channel)
    first = provider.prepare(bundle(channel))
    second = provider.prepare(bundle(channel, smaller=True))
    assert (first.items, second.items) == (2, 1)
    provider.commit(bundle(channel).id, second.sha256)
    with pytest.raises(BrokenBundleError):
        provider.commit(bundle(channel).id, first.sha256)


@BUNDLES
@pytest.mark.parametrize("checked", [False, True])
def test_two_processes_may_commit_a_bundle_at_the_same_moment(
    channel, providers, bundle, monkeypatch, checked, tmp_path
):
    """The other one is faster, before or after this one has checked the files."""
    provider, made = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(made)
    check, handed_over = bundle_folder._verify, []

    def overtaken(folder, sha256):
        monkeypatch.setattr(bundle_folder, "_verify", check)
        if checked:
            check(folder, sha256)
        provider.commit(made.id, manifest.sha256)
        handed_over.append(everything(tmp_path))
        if not checked:
            check(folder, sha256)

    monkeypatch.setattr(bundle_folder, "_verify", overtaken)
    provider.commit(made.id, manifest.sha256)
    provider.commit(made.id, manifest.sha256)
    assert handed_over == [everything(tmp_path)]
    assert handed_over[0]


@BUNDLES
def test_pr06_a_file_that_was_tampered_with_is_not_handed_over(channel, providers, bundle, tmp_path):
    provider, made = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(made)
    victim = next((tmp_path / "outbox").rglob(manifest.files[0].name))
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(BrokenBundleError, match="not those of its manifest"):
        provider.commit(made.id, manifest.sha256)


@BUNDLES
def test_a_discarded_bundle_is_gone_and_cannot_be_committed(channel, providers, bundle, tmp_path):
    provider, made = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(made)
    provider.discard(made.id)
    provider.discard(made.id)
    assert everything(tmp_path) == {}
    with pytest.raises(BrokenBundleError, match="gone"):
        provider.commit(made.id, manifest.sha256)


@BUNDLES
def test_a_number_that_was_handed_over_is_not_used_again(channel, providers, bundle):
    provider, made = provider_of(providers, channel), bundle(channel)
    provider.commit(made.id, provider.prepare(made).sha256)
    with pytest.raises(BrokenBundleError, match="already"):
        provider.prepare(made)


@BUNDLES
def test_a_bundle_holds_no_name_of_ours_for_the_member(channel, providers, bundle, tmp_path):
    provider_of(providers, channel).prepare(bundle(channel))
    assert not [name for name, content in everything(tmp_path).items() if b"4711" in content]


@BUNDLES
def test_a_run_cannot_write_outside_the_outbox(channel, providers, tmp_path):
    with pytest.raises(ValueError, match="file's"):
        provider_of(providers, channel).discard(BundleId("../elsewhere", channel))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_provider_is_refused_with_the_nearest_name(tmp_path):
    sms = SETTINGS.channels.sms.model_copy(update={"provider": "foldr"})
    channels = SETTINGS.channels.model_copy(update={"sms": sms})
    with pytest.raises(UserError, match="try: `folder`"):
        build_providers(ProviderContext(tmp_path, SETTINGS.model_copy(update={"channels": channels})))
