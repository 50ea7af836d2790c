"""The guide's example provider works, and the page of providers matches the code."""

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
def example():
    """Module built from the guide's example."""
    (source,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("spool_sms")
    exec(compile(source, str(GUIDE), "exec"), module.__dict__)  # noqa: S102 - our own example
    return module


async def test_the_example_provider_sends(example, sms, claimed, tmp_path):
    provider = example.SpoolSms(tmp_path)
    await provider.open()
    outcomes = [await provider.send(sms(claimed(Channel.SMS), "Hei")) for _ in range(2)]
    await provider.close()
    (file,) = tmp_path.iterdir()
    assert outcomes == [Accepted(file.name)] * 2
    assert file.read_text() == "+358401234567\n\nHei\n"


async def test_the_example_provider_raises_when_it_cannot_work(example, tmp_path):
    with pytest.raises(ChannelMisconfiguredError):
        await example.SpoolSms(tmp_path / "nowhere").open()


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PROVIDERS, re.DOTALL))
def test_the_settings_of_the_examples_are_valid(example, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text(example, encoding="utf-8")
    ((section, changes),) = read_yaml(file).value.items()
    if section == "channels":
        ((channel, changes),) = changes.items()
        settings = getattr(settings_with(Channel(channel), **changes).channels, channel)
    else:
        settings = getattr(settings_with(Channel.EMAIL, _sections={section: changes}), section)
    assert settings.model_fields_set >= set(changes)


@pytest.mark.parametrize(("heading", "kind"), [("stop", EventKind.UNSUBSCRIBED), ("help", EventKind.ASKED_HELP)])
def test_the_listed_sms_keywords_are_recognised(heading, kind):
    (row,) = re.findall(rf"^\| {heading} \| (.*) \|$", PROVIDERS, re.MULTILINE)
    keywords = re.split(r", | · ", row)
    assert len(keywords) > 4
    assert {classify_reply(keyword) for keyword in keywords} == {kind}


def test_every_fault_of_the_doubles_is_listed():
    assert all(f"`{fault}`" in PROVIDERS for fault in ProviderFault)
