"""What every channel's provider promises, whichever it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from campaigns.channels.bundle import BundleId
from campaigns.channels.outcome import Accepted, ChannelMisconfigured
from campaigns.channels.provider import BundleBroken
from campaigns.channels.registry import Surroundings, chosen_providers
from campaigns.errors import AuthorError
from campaigns.loading.yaml_source import read_yaml
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel, Language

ROOT = Path(__file__).parents[2]
SETTINGS = Settings.model_validate(read_yaml(ROOT / "config/settings.yaml").value)

MESSAGES = pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
BUNDLES = pytest.mark.parametrize("channel", [Channel.POST, Channel.PHONE])


@pytest.fixture
def providers(tmp_path):
    return chosen_providers(Surroundings(tmp_path, SETTINGS))


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


def pieces(folder: Path) -> int:
    """How many messages lie in the outbox."""
    return sum(content.count(b"\n") if name.endswith("jsonl") else 1 for name, content in everything(folder).items())


def provider_of(providers: Any, channel: Channel) -> Any:
    return getattr(providers, channel.value)


@MESSAGES
async def test_a_message_is_accepted_and_lies_in_the_outbox(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.open()
    outcomes = [await provider.send(message(channel, position)) for position in (1, 2, 3)]
    await provider.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len({outcome.provider_id for outcome in outcomes}) == 3
    assert pieces(tmp_path) == 3


@MESSAGES
async def test_the_same_attempt_twice_is_one_message_even_for_a_new_process(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel))
    await provider.send(message(channel))
    await provider.close()
    another = provider_of(chosen_providers(Surroundings(tmp_path, SETTINGS)), channel)
    await another.send(message(channel))
    await another.close()
    assert pieces(tmp_path) == 1


@MESSAGES
async def test_another_attempt_of_the_same_delivery_shows(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel, attempt="first"))
    await provider.send(message(channel, attempt="second"))
    await provider.close()
    assert pieces(tmp_path) == 2


@MESSAGES
async def test_a_channel_that_cannot_work_says_so_and_blames_no_member(channel, providers, message, tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    provider = provider_of(providers, channel)
    with pytest.raises(ChannelMisconfigured) as raised:
        await provider.send(message(channel))
    assert "aino" not in str(raised.value)
    assert "+358" not in str(raised.value)


@MESSAGES
async def test_our_own_name_of_the_member_stays_with_us(channel, providers, message, tmp_path):
    provider = provider_of(providers, channel)
    await provider.send(message(channel))
    await provider.close()
    assert not [name for name, content in everything(tmp_path).items() if b"member-4711" in content or "4711" in name]


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
    assert (folder / "manifest.json").read_bytes() == manifest.encoded()


@BUNDLES
def test_the_manifest_counts_what_was_handed_over(channel, providers, bundle):
    manifest = provider_of(providers, channel).prepare(bundle(channel))
    assert manifest.items == 2
    assert sum(manifest.by_language.values()) == 2
    assert sum(manifest.by_material.values()) == 2
    assert json.loads(manifest.encoded())["address_source"] == "member register"


@BUNDLES
def test_the_same_bundle_gives_the_same_bytes(channel, bundle, tmp_path):
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        provider, made = provider_of(chosen_providers(Surroundings(folder, SETTINGS)), channel), bundle(channel)
        provider.commit(made.id, provider.prepare(made).sha256)
    assert everything(folders[0]) == everything(folders[1])


@BUNDLES
def test_preparing_again_leaves_nothing_of_the_first_time(channel, providers, bundle):
    provider = provider_of(providers, channel)
    first = provider.prepare(bundle(channel))
    second = provider.prepare(bundle(channel, smaller=True))
    assert (first.items, second.items) == (2, 1)
    provider.commit(bundle(channel).id, second.sha256)
    with pytest.raises(BundleBroken):
        provider.commit(bundle(channel).id, first.sha256)


@BUNDLES
def test_a_file_that_was_tampered_with_is_not_handed_over(channel, providers, bundle, tmp_path):
    provider, made = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(made)
    victim = next((tmp_path / "outbox").rglob(manifest.files[0].name))
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(BundleBroken, match="not those of its manifest"):
        provider.commit(made.id, manifest.sha256)


@BUNDLES
def test_a_discarded_bundle_is_gone_and_cannot_be_committed(channel, providers, bundle, tmp_path):
    provider, made = provider_of(providers, channel), bundle(channel)
    manifest = provider.prepare(made)
    provider.discard(made.id)
    provider.discard(made.id)
    assert everything(tmp_path) == {}
    with pytest.raises(BundleBroken, match="gone"):
        provider.commit(made.id, manifest.sha256)


@BUNDLES
def test_a_number_that_was_handed_over_is_not_used_again(channel, providers, bundle):
    provider, made = provider_of(providers, channel), bundle(channel)
    provider.commit(made.id, provider.prepare(made).sha256)
    with pytest.raises(BundleBroken, match="already"):
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
    with pytest.raises(AuthorError, match="try: `folder`"):
        chosen_providers(Surroundings(tmp_path, SETTINGS.model_copy(update={"channels": channels})))
