"""Keys of coupon pools: numbered, kept private, and never made up."""

from pathlib import Path

import pytest

from campaigns.core.coupon_keys import KEYS_VARIABLE, CouponKeys, add_key
from campaigns.core.errors import UserError

SECRET = "ab" * 32
OTHER = "cd" * 32


def load(text: str) -> CouponKeys:
    return CouponKeys.load({KEYS_VARIABLE: text}, Path("unused"))


def test_the_key_with_the_highest_number_makes_codes_and_older_ones_stay() -> None:
    keys = load(f"coffee:2:{OTHER},coffee:1:{SECRET},tea:1:{SECRET}")
    assert keys.newest("coffee").number == 2
    assert keys.numbered("coffee", 1).secret.hex() == SECRET
    assert keys.newest("tea").number == 1


def test_without_a_key_a_pool_makes_no_codes(tmp_path: Path) -> None:
    keys = CouponKeys.load({}, tmp_path / "coupon.keys")
    with pytest.raises(UserError, match="there is no key for its codes"):
        keys.newest("coffee")
    assert not (tmp_path / "coupon.keys").exists()


def test_a_key_that_a_run_needs_and_is_gone_is_named() -> None:
    with pytest.raises(UserError, match="its key 1 is missing"):
        load(f"coffee:2:{SECRET}").numbered("coffee", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"coffee:{SECRET}", "entry 1 is not"),
        (f"coffee:1:{SECRET},coffee:2:short", "entry 2 is not"),
        (f"Coffee:1:{SECRET}", "entry 1 is not"),
        (f"coffee:0:{SECRET}", "entry 1 is not"),
        (f"coffee:1:{SECRET},coffee:1:{OTHER}", "key 1 of pool coffee is there twice"),
    ],
)
def test_malformed_keys_are_refused_without_showing_them(text: str, message: str) -> None:
    with pytest.raises(UserError) as refusal:
        load(text)
    assert message in str(refusal.value)
    assert SECRET not in str(refusal.value)


def test_a_secret_is_in_no_representation() -> None:
    assert SECRET not in repr(load(f"coffee:1:{SECRET}"))


def test_rotating_adds_a_key_to_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "data" / "coupon.keys"
    first = add_key(file, "coffee")
    second = add_key(file, "coffee")
    tea = add_key(file, "tea")
    assert (first.number, second.number, tea.number) == (1, 2, 1)
    assert len({first.secret, second.secret, tea.secret}) == 3
    assert CouponKeys.load({}, file).numbered("coffee", 1) == first
    assert file.stat().st_mode & 0o077 == 0
