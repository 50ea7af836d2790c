"""Answers of a caller to the questions of a caller check."""

from collections.abc import Mapping
from typing import Final

from tests.support.web_client import MAIL

RIGHT: Final[Mapping[str, str]] = {
    "answer_birth_date": "1.1.1951",
    "answer_street": "kylätie 1",
    "answer_postal_code": "00370",
    "answer_email": MAIL.upper(),
    "answer_phone": "040 123 0001",
    "answer_purchase_month": "12",
    "answer_purchase_store": "s1",
}
WRONG: Final[Mapping[str, str]] = dict.fromkeys(RIGHT, "1.2.1903")
