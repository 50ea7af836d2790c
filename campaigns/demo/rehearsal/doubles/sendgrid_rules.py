"""SendGrid's checks of a mail/send request (SG-02 to SG-06), after its public documentation and not after our code."""

import re
import time
from collections.abc import Mapping
from typing import Any

import orjson

_ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,255}")
_RESERVED = re.compile(
    r"(?i)x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding"
    r"|to|from|subject|reply-to|cc|bcc"
)
_KEYS = {
    "personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id",
    "headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name", "mail_settings",
    "tracking_settings",
}  # fmt: skip
_READER_KEYS = {
    "from", "to", "cc", "bcc", "subject", "headers", "substitutions", "dynamic_template_data", "custom_args", "send_at",
}  # fmt: skip
_LARGEST = 30 * 2**20


class SendGridRefusalError(Exception):
    """SendGrid's refusal of a whole request, with a status and the invalid field."""

    def __init__(self, field: str, status: int = 400) -> None:
        self.field, self.status = field, status
        super().__init__(field)


def check(body: bytes) -> dict[str, Any]:
    """Return the parsed request if SendGrid would accept it."""
    if len(body) > _LARGEST:
        raise SendGridRefusalError("", 413)
    try:
        mail = orjson.loads(body)
    except ValueError as error:
        raise SendGridRefusalError("") from error
    _require(isinstance(mail, dict) and not set(mail) - _KEYS, "")
    _check_sender(mail)
    _check_readers(mail)
    _check_content(mail)
    _check_attachments(mail)
    _check_args(mail, "")
    _check_headers(mail.get("headers", {}), "headers")
    categories = mail.get("categories", [])
    _require(len(categories) <= 10 and len(set(categories)) == len(categories), "categories")
    _require(all(len(category) <= 255 for category in categories), "categories")
    _check_time(mail, "send_at")
    asm = mail.get("asm", {"group_id": 1})
    _require(isinstance(asm.get("group_id"), int) and len(asm.get("groups_to_display", ())) <= 25, "asm")
    pool = mail.get("ip_pool_name", "pool")
    _require(2 <= len(pool) <= 64, "ip_pool_name")
    return dict(mail)


def _check_sender(mail: Mapping[str, Any]) -> None:
    _require(_is_address(mail.get("from")), "from.email")


def _check_readers(mail: Mapping[str, Any]) -> None:
    readers = mail.get("personalizations")
    _require(isinstance(readers, list) and 1 <= len(readers) <= 1000, "personalizations")
    seen: list[str] = []
    for number, reader in enumerate(readers or ()):
        at = f"personalizations.{number}"
        _require(not set(reader) - _READER_KEYS, at)
        _require(bool(reader.get("to")), f"{at}.to")
        for kind in ("to", "cc", "bcc"):
            for place, recipient in enumerate(reader.get(kind, ())):
                _require(_is_address(recipient), f"{at}.{kind}.{place}.email")
                seen.append(recipient["email"].lower())
        _require(reader.get("subject", mail.get("subject", "")) != "", f"{at}.subject")
        _check_headers(reader.get("headers", {}), f"{at}.headers")
        _check_args(reader, f"{at}.")
        _check_time(reader, f"{at}.send_at")
    _require(len(seen) == len(set(seen)) and len(seen) <= 1000, "personalizations")


def _check_content(mail: Mapping[str, Any]) -> None:
    content = mail.get("content", [])
    _require(bool(content) or "template_id" in mail, "content")
    for number, part in enumerate(content):
        _require(bool(part.get("type")) and bool(part.get("value")), f"content.{number}.value")
    kinds = [part["type"] for part in content]
    order = {"text/plain": 0, "text/html": 1}
    _require(kinds == sorted(kinds, key=lambda kind: order.get(kind, 2)), "content")


def _check_attachments(mail: Mapping[str, Any]) -> None:
    for number, attachment in enumerate(mail.get("attachments", ())):
        at = f"attachments.{number}"
        _require(bool(attachment.get("filename")) and bool(attachment.get("content")), f"{at}.filename")
        _require(attachment.get("disposition", "attachment") in ("attachment", "inline"), f"{at}.disposition")
        _require(attachment.get("disposition") != "inline" or bool(attachment.get("content_id")), f"{at}.content_id")


def _check_headers(headers: Mapping[str, Any], at: str) -> None:
    for name, value in headers.items():
        _require(not _RESERVED.fullmatch(name) and name.isascii(), at)
        _require(isinstance(value, str) and "\r" not in value and "\n" not in value, at)


def _check_args(holder: Mapping[str, Any], at: str) -> None:
    args = holder.get("custom_args", {})
    _require(all(isinstance(value, str) for value in args.values()), f"{at}custom_args")
    _require(len(orjson.dumps(args)) <= 10_000, f"{at}custom_args")


def _check_time(holder: Mapping[str, Any], at: str) -> None:
    now = time.time()  # noqa: TID251 - this stands for SendGrid's clock
    _require(holder.get("send_at", now) <= now + 72 * 3600, at)


def _is_address(value: object) -> bool:
    return isinstance(value, dict) and _ADDRESS.fullmatch(str(value.get("email", ""))) is not None


def _require(holds: bool, field: str) -> None:
    if not holds:
        raise SendGridRefusalError(field)
