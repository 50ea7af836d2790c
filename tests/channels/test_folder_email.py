"""An e-mail in the outbox reads the same without a server."""

from email import message_from_bytes, policy

from campaigns.channels.folder_email import FolderEmail
from campaigns.channels.outcome import Accepted
from campaigns.core.model.enums import Channel

PICTURE = b"\x89PNG\r\n\x1a\nnot quite a picture"
URL = "http://localhost:8000"


def provider(tmp_path):
    (tmp_path / "images/offers").mkdir(parents=True)
    (tmp_path / "images/offers/grill.png").write_bytes(PICTURE)
    return FolderEmail(tmp_path / "outbox", tmp_path / "images", URL + "/")


async def written(tmp_path, message) -> bytes:
    outcome = await provider(tmp_path).send(message)
    assert isinstance(outcome, Accepted)
    (file,) = (tmp_path / "outbox").rglob("*.eml")
    assert file.name == outcome.provider_id
    return file.read_bytes()


async def test_without_pictures_the_bytes_are_those_that_were_assembled(tmp_path, email, claimed):
    message = email(claimed(Channel.EMAIL))
    assert await written(tmp_path, message) == message.mime


async def test_our_own_pictures_travel_inside(tmp_path, email, claimed):
    html = f'<img src="{URL}/images/offers/grill.png"><img src="{URL}/images/offers/grill.png">'
    mail = message_from_bytes(await written(tmp_path, email(claimed(Channel.EMAIL), html)), policy=policy.SMTP)
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part.get_content() for part in pictures] == [PICTURE]
    shown = mail.get_body(("html",)).get_content()
    name = pictures[0]["Content-ID"].strip("<>")
    assert shown.count(f'"cid:{name}"') == 2
    assert "localhost" not in shown


async def test_headers_and_text_are_untouched_by_the_pictures(tmp_path, email, claimed):
    message = email(claimed(Channel.EMAIL), f'<img src="{URL}/images/offers/grill.png">')
    found = message_from_bytes(await written(tmp_path, message), policy=policy.SMTP)
    given = message_from_bytes(message.mime, policy=policy.SMTP)
    assert found.items() == given.items()
    assert found.get_body(("plain",)).get_content() == given.get_body(("plain",)).get_content()
    assert found.get_body(("plain",)).get_content().startswith("From us")


async def test_a_picture_that_is_not_there_or_not_ours_stays_an_address(tmp_path, email, claimed):
    html = f'<img src="{URL}/images/gone.png"><img src="{URL}/images/../secret.png"><img src="https://x.example/a.png">'
    message = email(claimed(Channel.EMAIL), html)
    assert await written(tmp_path, message) == message.mime


async def test_the_same_message_gives_the_same_file(tmp_path, email, claimed):
    message = email(claimed(Channel.EMAIL), f'<img src="{URL}/images/offers/grill.png">')
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    assert await written(first, message) == await written(second, message)
