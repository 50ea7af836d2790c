"""Encodings are recognised by decoding the whole file; text of none of them is refused with its place."""

from pathlib import Path

import pytest

from audiences.imports.text_encoding import Encoding, text_codec
from campaigns.core.errors import UserError

NAMES = "Jäsennumero;Nimi\n" + "".join(f"{number};Åsa Mäkelä-Öhman Škoda 5 €\n" for number in range(60_000))  # 2 MB


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("utf-8", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")],
)
def test_an_encoding_is_recognised_in_a_file_of_several_blocks(tmp_path: Path, encoding: str, codec: str) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(NAMES.encode(encoding))
    assert text_codec(path, None) == codec


def test_a_letter_outside_ascii_in_the_last_line_decides(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(b"id;name\n" + b"1;Virtanen\n" * 200_000 + "2;Mäki\n".encode("cp1252"))
    assert text_codec(path, None) == "cp1252"


WRONG = {
    "half_a_character_of_utf16": (NAMES.encode("utf-16")[:-1], None),
    "utf8_with_one_damaged_byte": (NAMES.encode()[:-1] + b"\xe4\n", None),
    "windows_text_said_to_be_utf8": (NAMES.encode("cp1252"), Encoding.UTF8),
    "a_byte_that_windows_has_not": (b"id;name\n1;\x81\n", Encoding.CP1252),
    "dos": ("id;name\n1;Mäki\n".encode("cp850"), None),
    "old_mac": ("id;name\n1;Mäki\n".encode("mac_roman"), None),
}


@pytest.mark.parametrize(("content", "encoding"), WRONG.values(), ids=WRONG)
def test_text_of_no_known_encoding_is_refused(tmp_path: Path, content: bytes, encoding: Encoding | None) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        text_codec(path, encoding)
    (problem,) = raised.value.problems
    assert (problem.code, problem.hint, problem.place.line > 0) == ("encoding", "save the file as `CSV UTF-8`", True)


def test_latin_1_is_read_where_a_mapping_says_so(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes("id;name\n1;Mäki\n".encode("latin-1"))
    assert text_codec(path, Encoding.LATIN1) == "latin-1"
