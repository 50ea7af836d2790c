"""Files of a subject access export: one JSON document, or a ZIP archive with one CSV file per section."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from campaigns.core.csv_cells import inert_cell
from campaigns.people.privacy.subject_access import ExportRow, SubjectAccessExport


def to_json(export: SubjectAccessExport) -> bytes:
    """Return the export as UTF-8 JSON; amounts are strings, so that no reader rounds them."""
    document = {"member_id": export.member_id, "made_at": export.made_at, **export.sections}
    return json.dumps(document, ensure_ascii=False, indent=1, default=to_json_value).encode()


def to_csv_archive(export: SubjectAccessExport) -> bytes:
    """Return a ZIP archive with one CSV file per section; equal exports give equal bytes."""
    archive = io.BytesIO()
    at = export.made_at.timetuple()[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for section, rows in export.sections.items():
            files.writestr(zipfile.ZipInfo(f"{section}.csv", at), _csv_file(rows), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def to_json_value(value: Any) -> Any:
    """Return a value that JSON cannot represent as text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"cannot export a {type(value).__name__}")


def column_names(rows: Sequence[ExportRow]) -> list[str]:
    """Return the columns of a section, in order of first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _csv_file(rows: Sequence[ExportRow]) -> bytes:
    """Return CSV with semicolons and a UTF-8 byte order mark, as Finnish spreadsheets expect."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    names = column_names(rows)
    writer.writerow(names)
    writer.writerows([csv_cell(row.get(name)) for name in names] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def csv_cell(value: object) -> str:
    """Return the text of a CSV cell; a text that a spreadsheet would take for a formula gets a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        return csv_cell(json.dumps(value, ensure_ascii=False, default=to_json_value))
    text = value if isinstance(value, str) else str(to_json_value(value)) if not isinstance(value, int) else str(value)
    is_number = isinstance(value, int | Decimal)
    return text if is_number else inert_cell(text)
