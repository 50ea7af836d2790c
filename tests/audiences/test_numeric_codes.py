"""Codes that a person types: of eight digits, each code equally likely, whatever it opens (C-11)."""

from collections.abc import Callable

import pytest

from audiences.access.numeric_codes import format_code, is_same_code
from audiences.access.one_time_codes import CodeRequest, code_digits
from audiences.people.caller_checks import caller_code
from audiences.people.contact_changes import proof_code
from campaigns.core.tokens import Signer

SIGNER = Signer({1: b"a key of 32 bytes for these tests"})
CODES: dict[str, Callable[[int], str]] = {
    "sign-in": lambda number: code_digits(SIGNER, CodeRequest(f"challenge {number}", "m01")),
    "proof of a contact": lambda number: proof_code(SIGNER, number, 7),
    "caller check": lambda number: caller_code(SIGNER, number, 7),
}


@pytest.mark.hostile
@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_all_codes_are_equally_likely(code: Callable[[int], str]) -> None:
    """Whoever knows which remainders are rarer guesses in fewer tries; 256 divides the number of codes."""
    numbers = [int(code(number)) for number in range(10_000)]
    counts = [sum(1 for number in numbers if number % 256 == remainder) for remainder in range(256)]
    assert min(counts) > 0
    assert max(counts) < 3 * len(numbers) / 256
    assert len({f"{number:08}"[:2] for number in numbers}) == 100


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_code_has_eight_digits_and_is_typed_as_it_is_read(code: Callable[[int], str]) -> None:
    for number in range(100):
        digits = code(number)
        assert len(digits) == 8
        assert is_same_code(format_code(digits), digits)
        assert not is_same_code(digits[:-1], digits)
