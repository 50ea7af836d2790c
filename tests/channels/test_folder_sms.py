"""The text messages of a run are lines that any program can read."""

import json

from campaigns.channels.folder_sms import FolderSms
from campaigns.core.model.enums import Channel


def lines(tmp_path) -> list[bytes]:
    (file,) = tmp_path.rglob("sms.jsonl")
    return file.read_bytes().split(b"\n")[:-1]


async def test_a_line_tells_all_that_would_have_gone_out(tmp_path, sms, claimed):
    await FolderSms(tmp_path).send(sms(claimed(Channel.SMS), "Hei Åsa\u2028€"))
    (line,) = lines(tmp_path)
    assert json.loads(line) == {
        "id": "opaque0001",
        "attempt": "attempt1",
        "to": "+358401234567",
        "sender": "Lahde",
        "encoding": "gsm7",
        "segments": 1,
        "text": "Hei Åsa\u2028€",
    }


async def test_a_torn_line_stays_by_itself_and_the_others_are_known(tmp_path, sms, claimed):
    provider = FolderSms(tmp_path)
    await provider.send(sms(claimed(Channel.SMS, 1)))
    await provider.close()
    (file,) = tmp_path.rglob("sms.jsonl")
    file.write_bytes(file.read_bytes() + b'{"id": "opaque0')
    again = FolderSms(tmp_path)
    for position in (1, 2):
        await again.send(sms(claimed(Channel.SMS, position)))
    await again.close()
    found = lines(tmp_path)
    assert [json.loads(line)["id"] for line in (found[0], found[2])] == ["opaque0001", "opaque0002"]
    assert found[1] == b'{"id": "opaque0'
