"""File names from ids that come from elsewhere: always one path part, one name for one id."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.safe_names import safe_file_name
from tests.support.hostile_ids import HOSTILE


@pytest.mark.hostile
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_id_gives_a_plain_file_name(text: str) -> None:
    name = safe_file_name(text)
    assert name.isascii()
    assert name.isprintable()
    assert 0 < len(name) <= 64
    assert name[0] not in ".-~ "
    assert name[-1] not in ". "
    assert not set(name) & set('/\\:*?"<>|\0 ')
    assert PurePosixPath("a", name).parts == ("a", name)
    assert not PureWindowsPath(name).is_reserved()
    assert name != text


@pytest.mark.parametrize("text", ["m01", "M-0001", "2469", "a_b", "x" * 64])
def test_a_plain_id_is_its_own_file_name(text: str) -> None:
    assert safe_file_name(text) == text


@given(st.text(), st.text())
def test_two_ids_never_share_a_file_name(one: str, other: str) -> None:
    assert (safe_file_name(one) == safe_file_name(other)) == (one == other)
