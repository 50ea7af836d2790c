"""Excel workbooks as bytes: one sheet of texts, numbers, dates and truth values, written without a library."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

_TYPES: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STYLES: Final = f"""<styleSheet xmlns="{_MAIN}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/>
<xf numFmtId="22"/></cellXfs></styleSheet>"""
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's, of no zone
Cell = str | int | float | bool | date | None


def workbook(sheets: dict[str, Sequence[Sequence[Cell]]]) -> bytes:
    """Return a workbook of these sheets."""
    return raw_workbook({name: _sheet_xml(rows) for name, rows in sheets.items()})


def raw_workbook(sheets: dict[str, str]) -> bytes:
    """Return a workbook of sheets as XML."""
    file = BytesIO()
    numbered = list(enumerate(sheets, 1))
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in numbered)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    relations += f'<Relationship Id="rId99" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        root = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}">{root}</Relationships>')
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>')
        book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/styles.xml", _STYLES)
        for number, name in numbered:
            archive.writestr(f"xl/worksheets/sheet{number}.xml", sheets[name])
    return file.getvalue()


def sheet_xml(data: str) -> str:
    """Return the XML of a sheet around its rows."""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'


def _sheet_xml(rows: Sequence[Sequence[Cell]]) -> str:
    xml = ""
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(65 + place)}{number}", value) for place, value in enumerate(row))
        xml += f'<row r="{number}">{cells}</row>'
    return sheet_xml(xml)


def _cell(place: str, value: Cell) -> str:
    match value:
        case None:
            return ""
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        case bool():
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        case datetime():
            days = (value - _EPOCH).total_seconds() / 86400
            return f'<c r="{place}" s="2"><v>{days!r}</v></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{(value - _EPOCH.date()).days}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'
