"""A dossier as files that its member takes along: one JSON document, or a CSV file a section, in one archive."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from campaigns.people.privacy.subject_access import Dossier, Row

_FORMULA: Final = ("=", "+", "-", "@", "|", "%", "\t", "\r")


def as_json(dossier: Dossier) -> bytes:
    """The whole as JSON, in UTF-8; amounts are text, so that no reader rounds them."""
    whole = {"member_id": dossier.member_id, "made_at": dossier.made_at, **dossier.sections}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=plain).encode()


def as_csv(dossier: Dossier) -> bytes:
    """A ZIP archive with one CSV file a section; the same dossier gives the same bytes."""
    archive = io.BytesIO()
    at = dossier.made_at.timetuple()[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for section, rows in dossier.sections.items():
            files.writestr(zipfile.ZipInfo(f"{section}.csv", at), _sheet(rows), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def plain(value: Any) -> Any:
    """A value that JSON has no word for, as text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"a {type(value).__name__} has no place in a dossier")


def columns(rows: Sequence[Row]) -> list[str]:
    """The columns of a section, in the order in which rows name them."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _sheet(rows: Sequence[Row]) -> bytes:
    """Semicolons and the mark of UTF-8, as a Finnish spreadsheet wants it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    names = columns(rows)
    writer.writerow(names)
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        return cell(json.dumps(value, ensure_ascii=False, default=plain))
    written = value if isinstance(value, str) else str(plain(value)) if not isinstance(value, int) else str(value)
    is_number = isinstance(value, int | Decimal)
    return f"'{written}" if not is_number and written.lstrip(" ").startswith(_FORMULA) else written
