"""Codes of coupons: the place of a delivery in its run, sealed with the key of a pool; stored nowhere.

A code of sixteen characters is a keyed hash of run and serial number, and the serial masked by that hash (as in the
references of deliveries, see `core.tokens`). One of thirteen digits is the serial in a keyed permutation of ten
digits. Either way a run has no code twice, whoever holds the key reads the serial without any list, and everybody else
has to guess.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from campaigns.core.coupon_keys import PoolKey
from campaigns.core.model.coupon import CodeFormat
from campaigns.offers.coupons import code_alphabet, ean13

_CHARACTERS: Final = 15  # without the check character
_SERIAL_BITS: Final = 36
_TAG_BITS: Final = 39
_GROUP: Final = 4
_SAMPLE: Final = code_alphabet.with_check_character("TESTTESTTESTTES")


@dataclass(frozen=True, slots=True)
class CouponCode:
    """Code as machines read it, and in groups as people do."""

    text: str
    grouped: str


@dataclass(frozen=True, slots=True)
class CouponSerial:
    """Place of a coupon in a run: the delivery's position, and the offer's number in the run's list of offers."""

    position: int
    offer_number: int


@dataclass(frozen=True, slots=True)
class CodeMaker:
    """Maker and reader of the codes of a pool in one run; `offer_count` is the length of the run's list of offers."""

    key: PoolKey
    run_id: str
    offer_count: int
    prefix: int

    def code(self, code_format: CodeFormat, serial: CouponSerial) -> CouponCode:
        """Return the code of a coupon: always the same one. Raise OverflowError for a serial beyond all codes."""
        number = serial.position * self.offer_count + serial.offer_number
        if not 0 <= number < (ean13.FREE_NUMBERS if code_format is CodeFormat.EAN13 else 1 << _SERIAL_BITS):
            raise OverflowError(f"no code for coupon {number} of run {self.run_id}")
        if code_format is CodeFormat.EAN13:
            return _grouped_digits(ean13.ean13(self.prefix, ean13.permute(number, self._round_function)))
        tag = self._tag(number)
        data = tag << _SERIAL_BITS | number ^ self._mask(tag)
        return _grouped_text(code_alphabet.with_check_character(code_alphabet.encode(data, _CHARACTERS)))

    def read(self, text: str) -> CouponSerial | None:
        """Return the coupon of a code, in any grouping and letter case; None for one of another key or run.

        Thirteen digits are always a serial; it is the reader's to look whether the run has such a delivery.
        """
        number = self._read_number(normalise_code(text))
        return None if number is None else CouponSerial(*divmod(number, self.offer_count))

    def _read_number(self, text: str) -> int | None:
        if is_sample(text):
            return None
        if len(text) == _CHARACTERS + 1:
            if not code_alphabet.is_checked(text):
                return None
            tag, hidden = divmod(code_alphabet.decode(text[:-1]), 1 << _SERIAL_BITS)
            number = hidden ^ self._mask(tag)
            return number if hmac.compare_digest(str(tag), str(self._tag(number))) else None
        digits = ean13.read_ean13(text, self.prefix)
        return None if digits is None else ean13.permute_back(digits, self._round_function)

    def _tag(self, number: int) -> int:
        return self._pseudo_random("code", number) >> 64 - _TAG_BITS

    def _mask(self, tag: int) -> int:
        return self._pseudo_random("mask", tag) >> 64 - _SERIAL_BITS

    def _round_function(self, step: int, half: int) -> int:
        return self._pseudo_random(f"ean {step}", half)

    def _pseudo_random(self, use: str, number: int) -> int:
        message = f"viesti coupon|{self.key.pool}|{self.run_id}|{use}|{number}"
        return int.from_bytes(hmac.digest(self.key.secret, message.encode(), "sha256")[:8], "big")


def coupon_code(maker: CodeMaker, code_format: CodeFormat, position: int, offer_number: int) -> CouponCode:
    """Return the code of the offer with this number in the message at this position."""
    return maker.code(code_format, CouponSerial(position, offer_number))


def sample_code(code_format: CodeFormat, prefix: int) -> CouponCode:
    """Return the code that samples, previews and proofs show: no coupon has it, and no till accepts it."""
    if code_format is CodeFormat.EAN13:
        return _grouped_digits(ean13.ean13(prefix, 0))
    return _grouped_text(_SAMPLE)


def is_sample(text: str) -> bool:
    """Return whether a code is that of samples, with any prefix."""
    return text == _SAMPLE or (len(text) == len(_SAMPLE) - 3 and text[2:-1] == "0" * 10)


def normalise_code(text: str) -> str:
    """Return a code as machines read it, however it was typed."""
    return code_alphabet.normalise(text)


def _grouped_text(text: str) -> CouponCode:
    return CouponCode(text, "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP)))


def _grouped_digits(text: str) -> CouponCode:
    """Group thirteen digits as they stand below the bars."""
    return CouponCode(text, f"{text[0]} {text[1:7]} {text[7:]}")
