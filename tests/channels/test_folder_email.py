"""Folder provider of e-mail: the file in the outbox shows its images without a server."""

from dataclasses import replace
from email import message_from_bytes, policy

from campaigns.channels.folder_email import FolderEmail
from campaigns.channels.outcome import Accepted
from campaigns.core.model.enums import Channel
from campaigns.core.model.inline_picture import InlinePicture

IMAGE = b"\x89PNG\r\n\x1a\nnot quite a picture"
URL = "http://localhost:8000"


def provider(tmp_path):
    (tmp_path / "images/offers").mkdir(parents=True)
    (tmp_path / "images/offers/grill.png").write_bytes(IMAGE)
    return FolderEmail(tmp_path / "outbox", tmp_path / "images", URL + "/")


async def written_file(tmp_path, message) -> bytes:
    outcome = await provider(tmp_path).send(message)
    assert isinstance(outcome, Accepted)
    (file,) = (tmp_path / "outbox").rglob("*.eml")
    assert file.name == outcome.provider_id
    return file.read_bytes()


async def test_a_message_without_images_is_written_byte_for_byte(tmp_path, email, claimed):
    message = email(claimed(Channel.EMAIL))
    assert await written_file(tmp_path, message) == message.mime


async def test_workspace_images_are_embedded(tmp_path, email, claimed):
    html = f'<img src="{URL}/images/offers/grill.png"><img src="{URL}/images/offers/grill.png">'
    mail = message_from_bytes(await written_file(tmp_path, email(claimed(Channel.EMAIL), html)), policy=policy.SMTP)
    images = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part.get_content() for part in images] == [IMAGE]
    html_part = mail.get_body(("html",)).get_content()
    name = images[0]["Content-ID"].strip("<>")
    assert html_part.count(f'"cid:{name}"') == 2
    assert "localhost" not in html_part


async def test_embedded_images_change_neither_headers_nor_text(tmp_path, email, claimed):
    message = email(claimed(Channel.EMAIL), f'<img src="{URL}/images/offers/grill.png">')
    stored = message_from_bytes(await written_file(tmp_path, message), policy=policy.SMTP)
    assembled = message_from_bytes(message.mime, policy=policy.SMTP)
    assert stored.items() == assembled.items()
    assert stored.get_body(("plain",)).get_content() == assembled.get_body(("plain",)).get_content()
    assert stored.get_body(("plain",)).get_content().startswith("From us")


async def test_a_missing_or_foreign_image_stays_a_url(tmp_path, email, claimed):
    html = f'<img src="{URL}/images/gone.png"><img src="{URL}/images/../secret.png"><img src="https://x.example/a.png">'
    message = email(claimed(Channel.EMAIL), html)
    assert await written_file(tmp_path, message) == message.mime


async def test_the_same_message_gives_the_same_file(tmp_path, email, claimed):
    message = email(claimed(Channel.EMAIL), f'<img src="{URL}/images/offers/grill.png">')
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    assert await written_file(first, message) == await written_file(second, message)


async def test_pictures_that_a_message_brings_stand_beside_the_embedded_ones(tmp_path, email, claimed):
    html = f'<img src="{URL}/images/offers/grill.png"><img src="cid:coupon-a@viesti">'
    coupon = InlinePicture("coupon-a@viesti", "coupon-a.png", b"\x89PNG\r\n\x1a\ncoupon")
    message = replace(email(claimed(Channel.EMAIL), html), pictures=(coupon,))
    mail = message_from_bytes(await written_file(tmp_path, message), policy=policy.SMTP)
    pictures = {
        part["Content-ID"]: part.get_content() for part in mail.walk() if part.get_content_type() == "image/png"
    }
    assert pictures == {"<coupon-a@viesti>": coupon.content, "<picture1@viesti>": IMAGE}
    assert '"cid:coupon-a@viesti"' in mail.get_body(("html",)).get_content()
