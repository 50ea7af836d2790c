"""Pictures in `images/`: which addresses are theirs, and how large they may be."""

import struct
from pathlib import Path

import pytest

from campaigns.core.errors import FilePosition, Severity
from campaigns.workspace.checks.picture_files import picture_of_address, picture_problems

PLACE = FilePosition("body.mjml", 3, 9)

PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 600, 400) + b"\x08\x02\0\0\0"


def gif(width: int, height: int, octets: int = 0) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0" * octets


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (gif(600, 400), []),
        (gif(1600, 400), []),
        (gif(1601, 400), [("picture_size", Severity.WARNING)]),
        (gif(600, 4001), [("picture_size", Severity.ERROR)]),
        (gif(600, 400, 200_001), [("picture_size", Severity.WARNING)]),
        (gif(600, 400, 1_000_001), [("picture_size", Severity.ERROR)]),
        (PNG_HEAD, [("picture_unreadable", Severity.ERROR)]),
        (PNG_HEAD + b"\0" * 9 + b"IEND\xaeB`\x82", []),
        (b"RIFF....WEBPVP8 ", [("picture_unreadable", Severity.ERROR)]),
        (b"", [("picture_unreadable", Severity.ERROR)]),
    ],
)
def test_a_picture_is_one_that_mailboxes_show_and_no_larger_than_readers_wait_for(
    content: bytes, expected: list[tuple[str, Severity]], tmp_path: Path
) -> None:
    (tmp_path / "hero.gif").write_bytes(content)
    problems = list(picture_problems(tmp_path, "hero.gif", PLACE))
    assert [(problem.code, problem.severity) for problem in problems] == expected
    assert all(problem.place == PLACE and problem.hint for problem in problems)


@pytest.mark.hostile
@pytest.mark.parametrize(
    "name", ["none.png", "../secret.png", "link.png", "folder", "", "nul\0.png", "a" * 5000 + ".png"]
)
def test_a_picture_outside_the_folder_does_not_exist(name: str, tmp_path: Path) -> None:
    images = tmp_path / "images"
    (images / "folder").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(gif(1, 1))
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    assert [problem.code for problem in picture_problems(images, name, PLACE)] == ["picture_missing"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://a.example/images/offers/tea.png", "offers/tea.png"),
        ("https://a.example/images/my%20tea.png?v=1", "my tea.png"),
        ("https://a.example/other/tea.png", None),
        ("https://b.example/images/tea.png", None),
        ("https://a.example.evil.example/images/tea.png", None),
    ],
)
def test_an_address_of_our_own_site_is_a_picture_of_the_folder(address: str, name: str | None) -> None:
    assert picture_of_address(address, "https://a.example/") == name
