"""The provider that the guide shows is one."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from campaigns.channels.outcome import Accepted, ChannelMisconfigured
from campaigns.spec.words import Channel

GUIDE = Path(__file__).parents[2] / "docs/adding-a-channel.md"


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
    with pytest.raises(ChannelMisconfigured):
        await shown.SpoolSms(tmp_path / "nowhere").open()
