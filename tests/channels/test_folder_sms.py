"""Folder provider of text messages: one JSON line a message."""

import json

from campaigns.channels.folder_sms import FolderSms
from campaigns.core.model.enums import Channel


def lines(tmp_path) -> list[bytes]:
    (file,) = tmp_path.rglob("sms.jsonl")
    return file.read_bytes().split(b"\n")[:-1]


async def test_a_line_holds_every_field_of_the_message(tmp_path, sms, claimed):
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


async def test_a_torn_line_is_kept_apart_and_earlier_messages_are_recognised(tmp_path, sms, claimed):
    provider = FolderSms(tmp_path)
    await provider.send(sms(claimed(Channel.SMS, 1)))
    await provider.close()
    (file,) = tmp_path.rglob("sms.jsonl")
    file.write_bytes(file.read_bytes() + b'{"id": "opaque0')
    restarted = FolderSms(tmp_path)
    for position in (1, 2):
        await restarted.send(sms(claimed(Channel.SMS, position)))
    await restarted.close()
    stored = lines(tmp_path)
    assert [json.loads(line)["id"] for line in (stored[0], stored[2])] == ["opaque0001", "opaque0002"]
    assert stored[1] == b'{"id": "opaque0'
