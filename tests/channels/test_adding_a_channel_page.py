"""The guides keep their word: the provider that one shows is one, and what the other says of providers is so."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from campaigns.channels.events import EventKind
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError
from campaigns.channels.sms_keywords import classify_reply
from campaigns.core.model.enums import Channel
from campaigns.core.yaml.source import read_yaml
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from tests.support.provider_fixtures import settings_with

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "adding-a-channel.md"
PROVIDERS = (DOCS / "providers.md").read_text(encoding="utf-8")


@pytest.fixture
def shown():
    """The module of the guide's example."""
    (source,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("spool_sms")
    exec(compile(source, str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - the example is ours
    return module


async def test_the_example_sends(shown, sms, claimed, tmp_path):
    provider = shown.SpoolSms(tmp_path)
    await provider.open()
    outcomes = [await provider.send(sms(claimed(Channel.SMS), "Hei")) for _ in range(2)]
    await provider.close()
    (file,) = tmp_path.iterdir()
    assert outcomes == [Accepted(file.name)] * 2
    assert file.read_text() == "+358401234567\n\nHei\n"


async def test_the_example_says_when_it_cannot_work(shown, tmp_path):
    with pytest.raises(ChannelMisconfiguredError):
        await shown.SpoolSms(tmp_path / "nowhere").open()


@pytest.mark.parametrize("shown", re.findall(r"```yaml\n(.*?)```", PROVIDERS, re.DOTALL))
def test_the_settings_that_are_shown_are_taken(shown, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text(shown, encoding="utf-8")
    ((section, changes),) = read_yaml(file).value.items()
    if section == "channels":
        ((channel, changes),) = changes.items()
        taken = getattr(settings_with(Channel(channel), **changes).channels, channel)
    else:
        taken = getattr(settings_with(Channel.EMAIL, _beside={section: changes}), section)
    assert taken.model_fields_set >= set(changes)


@pytest.mark.parametrize(("row", "word"), [("stop", EventKind.UNSUBSCRIBED), ("help", EventKind.ASKED_HELP)])
def test_the_words_that_are_listed_are_understood(row, word):
    (listed,) = re.findall(rf"^\| {row} \| (.*) \|$", PROVIDERS, re.MULTILINE)
    words = re.split(r", | · ", listed)
    assert len(words) > 4
    assert {classify_reply(each) for each in words} == {word}


def test_every_fault_of_the_doubles_is_listed():
    assert all(f"`{fault}`" in PROVIDERS for fault in ProviderFault)
