"""Contract of all providers: message providers over folder and network, and bundle providers."""

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

# Fault on the network, outcome of the provider, number of messages delivered nevertheless
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
    """Factory of messages: one for a delivery of a channel."""

    def make(channel: Channel, position: int = 1, attempt: str = "attempt1") -> Any:
        built = claimed(channel, position, attempt)
        return email(built) if channel is Channel.EMAIL else sms(built)

    return make


@pytest.fixture
def bundle(letters, calls):
    """Factory of bundles of two items, or of one when `smaller`."""

    def make(channel: Channel, *, smaller: bool = False) -> Any:
        if channel is Channel.PHONE:
            return calls(1 if smaller else 2)
        return letters(*[("20100", Language.FI), ("00100", Language.SV)][: 1 if smaller else 2])

    return make


def file_contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def provider_of(providers: Any, channel: Channel) -> Any:
    return getattr(providers, channel.value)


async def test_an_accepted_message_has_a_provider_id_of_its_own_and_arrives(stage, message):
    async with open_provider(stage.provider) as provider:
        outcomes = [await provider.send(message(stage.channel, position)) for position in (1, 2, 3)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len({outcome.provider_id for outcome in outcomes}) == 3
    assert stage.arrived() == ["opaque0001", "opaque0002", "opaque0003"]


async def test_concurrent_messages_arrive_once_each(stage, message):
    async with open_provider(stage.provider) as provider:
        sends = [provider.send(message(stage.channel, position)) for position in range(1, 101)]
        outcomes = await asyncio.gather(*sends)
    assert {type(outcome) for outcome in outcomes} == {Accepted}
    assert sorted(stage.arrived()) == [f"opaque{position:04d}" for position in range(1, 101)]


async def test_a_provider_can_be_reopened(stage, message):
    for position in (1, 2):
        async with open_provider(stage.provider) as provider:
            assert isinstance(await provider.send(message(stage.channel, position)), Accepted)
    assert len(stage.arrived()) == 2


async def test_a_misconfigured_channel_raises_an_error_without_member_data(stage, message):
    stage.misconfigure()
    with pytest.raises(ChannelMisconfiguredError) as raised:
        async with open_provider(stage.provider) as provider:
            await provider.send(message(stage.channel))
    assert not leaks(str(raised.value))
    assert stage.arrived() == []


async def test_gd02_the_member_id_is_never_sent_to_a_provider(stage, message):
    async with open_provider(stage.provider) as provider:
        await provider.send(message(stage.channel))
    traffic = stage.traffic()
    assert b"opaque0001" in traffic  # the captured traffic does hold the message
    assert b"4711" not in traffic


async def test_the_repr_of_providers_and_messages_hides_secrets_and_addresses(stage, message):
    representation = repr(stage.provider) + repr(message(stage.channel))
    assert not leaks(representation)
    assert "double" not in representation.replace("127.0.0.1", "")


@pytest.mark.parametrize(("fault", "expected", "arrivals"), FAULTS, ids=[fault.value for fault, *_ in FAULTS])
async def test_a_network_fault_has_one_outcome_without_member_data(wire_stage, message, fault, expected, arrivals):
    wire_stage.double.fault_plan.script_faults(fault)
    outcome = await one_outcome(wire_stage, message)
    assert type(outcome) is expected
    assert not leaks(str(outcome))
    assert len(wire_stage.arrived()) == arrivals


async def test_an_unreachable_provider_means_retry_later(wire_stage, message):
    await wire_stage.double.__aexit__(None, None, None)
    outcome = await one_outcome(wire_stage, message)
    assert type(outcome) is RetryLater
    assert not leaks(str(outcome))


async def test_sg07_resending_only_retryable_messages_sends_no_duplicates(wire_stage, message):
    wire_stage.double.fault_plan.shares |= dict.fromkeys(
        set(ProviderFault) - STOPPING - {ProviderFault.HANG_AFTER}, 0.1
    )
    pending, outcomes = list(range(1, 151)), []
    async with open_provider(wire_stage.provider) as provider:
        while pending:
            answers = [await provider.send(message(wire_stage.channel, position)) for position in pending]
            pending = [
                position for position, answer in zip(pending, answers, strict=True) if isinstance(answer, RetryLater)
            ]
            outcomes += [answer for answer in answers if not isinstance(answer, RetryLater)]
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds.keys() == {Accepted, Refused, Unknown}  # the double did misbehave
    assert sum(kinds.values()) == 150
    assert wire_stage.double.mailboxes.duplicates == {}
    assert kinds[Accepted] <= len(wire_stage.arrived()) <= kinds[Accepted] + kinds[Unknown]


@FOLDERS
async def test_a_repeated_attempt_is_one_message_even_after_a_restart(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel))
    await provider.send(message(channel))
    await provider.close()
    restarted = provider_of(build_providers(ProviderContext(tmp_path, SETTINGS)), channel)
    await restarted.send(message(channel))
    await restarted.close()
    assert folder_arrivals(tmp_path) == ["opaque0001"]


@FOLDERS
async def test_another_attempt_of_the_same_delivery_is_a_second_message(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel, attempt="first"))
    await provider.send(message(channel, attempt="second"))
    await provider.close()
    assert folder_arrivals(tmp_path) == ["opaque0001"] * 2


@BUNDLES
def test_a_bundle_is_not_handed_over_before_its_commit(channel, providers, bundle, tmp_path):
    provider_of(providers, channel).prepare(bundle(channel))
    assert [path.name for path in (tmp_path / "outbox").glob("*/[!.]*")] == []


@BUNDLES
def test_a_commit_publishes_the_manifests_files_and_is_idempotent(channel, providers, bundle, tmp_path):
    provider, built = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(built)
    provider.commit(built.id, manifest.sha256)
    before = file_contents(tmp_path)
    provider.commit(built.id, manifest.sha256)
    assert file_contents(tmp_path) == before
    folder = tmp_path / "outbox" / built.id.run / f"{channel}-1"
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(file.name for file in manifest.files)}
    assert (folder / "manifest.json").read_bytes() == manifest.to_json_bytes()


@BUNDLES
def test_pr06_the_manifest_counts_items_by_language_and_material(channel, providers, bundle):
    manifest = provider_of(providers, channel).prepare(bundle(channel))
    assert manifest.items == 2
    assert sum(manifest.by_language.values()) == 2
    assert sum(manifest.by_material.values()) == 2
    assert json.loads(manifest.to_json_bytes())["address_source"] == "member register"


@BUNDLES
def test_pr06_the_same_bundle_gives_the_same_bytes(channel, bundle, tmp_path):
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        provider, built = provider_of(build_providers(ProviderContext(folder, SETTINGS)), channel), bundle(channel)
        provider.commit(built.id, provider.prepare(built).sha256)
    assert file_contents(folders[0]) == file_contents(folders[1])


@BUNDLES
def test_preparing_again_replaces_the_earlier_files(channel, providers, bundle):
    provider = provider_of(providers, channel)
    first = provider.prepare(bundle(channel))
    second = provider.prepare(bundle(channel, smaller=True))
    assert (first.items, second.items) == (2, 1)
    provider.commit(bundle(channel).id, second.sha256)
    with pytest.raises(BrokenBundleError):
        provider.commit(bundle(channel).id, first.sha256)


@BUNDLES
@pytest.mark.parametrize("verified_first", [False, True])
def test_two_processes_may_commit_a_bundle_at_the_same_time(
    channel, providers, bundle, monkeypatch, verified_first, tmp_path
):
    """The other process commits first, before or after this one has verified the files."""
    provider, built = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(built)
    check, committed = bundle_folder._verify, []

    def verify_after_other_commit(folder, sha256):
        monkeypatch.setattr(bundle_folder, "_verify", check)
        if verified_first:
            check(folder, sha256)
        provider.commit(built.id, manifest.sha256)
        committed.append(file_contents(tmp_path))
        if not verified_first:
            check(folder, sha256)

    monkeypatch.setattr(bundle_folder, "_verify", verify_after_other_commit)
    provider.commit(built.id, manifest.sha256)
    provider.commit(built.id, manifest.sha256)
    assert committed == [file_contents(tmp_path)]
    assert committed[0]


@BUNDLES
def test_pr06_a_bundle_with_a_changed_file_is_not_committed(channel, providers, bundle, tmp_path):
    provider, built = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(built)
    victim = next((tmp_path / "outbox").rglob(manifest.files[0].name))
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(BrokenBundleError, match="not those of its manifest"):
        provider.commit(built.id, manifest.sha256)


@BUNDLES
def test_a_discarded_bundle_is_gone_and_cannot_be_committed(channel, providers, bundle, tmp_path):
    provider, built = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(built)
    provider.discard(built.id)
    provider.discard(built.id)
    assert file_contents(tmp_path) == {}
    with pytest.raises(BrokenBundleError, match="gone"):
        provider.commit(built.id, manifest.sha256)


@BUNDLES
def test_a_committed_bundle_number_is_not_used_again(channel, providers, bundle):
    provider, built = provider_of(providers, channel), bundle(channel)
    provider.commit(built.id, provider.prepare(built).sha256)
    with pytest.raises(BrokenBundleError, match="already"):
        provider.prepare(built)


@BUNDLES
def test_a_bundle_never_holds_the_member_id(channel, providers, bundle, tmp_path):
    provider_of(providers, channel).prepare(bundle(channel))
    assert not [name for name, content in file_contents(tmp_path).items() if b"4711" in content]


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
