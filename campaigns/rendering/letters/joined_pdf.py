"""Joining of Typst's PDF files into one; equal objects of several files, such as fonts, are stored once.

Only pages and what they draw are taken: links, bookmarks, attachments and metadata of a single letter are left behind.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

_PAGE_TREE: Final = 1  # number of the object that lists all pages
_REFERENCE: Final = re.compile(rb"\((?:[^()\\]|\\.)*\)|\b(\d+) 0 R\b", re.DOTALL)
_TABLE: Final = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_KIDS: Final = re.compile(rb"/Kids\s*\[([^\]]*)\]")
_ENTRY: Final = rb"/%s\s+(\d+) 0 R"
_LEFT_OUT: Final = re.compile(rb"/Annots\s*(?:\[[^\]]*\]|\d+ 0 R)|/(?:StructParents|Tabs)\s*/?\w+")
_PAGE_COUNT: Final = re.compile(rb"(<xmpTPg:NPages>)\d+<")
_LENGTH: Final = re.compile(rb"/Length (\d+)")
_IDENTIFIER: Final = re.compile(rb"/ID\s*\[\(([^()]{24})\)")


@dataclass
class JoinedPdf:
    """PDF that grows by the pages of others, added in order."""

    _objects: list[bytes] = field(default_factory=lambda: [b""])
    _numbers: dict[bytes, int] = field(default_factory=dict)
    _pages: list[int] = field(default_factory=list)

    def add(self, pdf: bytes) -> int:
        """Add all pages of a file and return their number."""
        source = _SourcePdf.read(pdf)
        pages = source.pages()
        copied: dict[int, int] = {}
        for page in pages:
            body = _LEFT_OUT.sub(b"", source.objects[page])
            self._pages.append(self._append(self._copy_references(body, source, copied | {source.page_tree: 1})))
        return len(pages)

    def finish(self, frame: bytes) -> bytes:
        """Return the file; what concerns it as a whole (standard, colours, dates) is taken from the file `frame`.

        The same pages and frame give the same bytes.
        """
        digest = sha256(b"\0".join(self._objects)).digest()[:16]
        identifier = _IDENTIFIER.search(frame)
        if identifier is None:
            raise ValueError("the frame has no identifier")
        frame = frame.replace(identifier[1], b64encode(digest))
        source = _SourcePdf.read(frame)
        source.objects.update(
            {number: _with_page_count(body, len(self._pages)) for number, body in source.objects.items()}
        )
        copied = {source.page_tree: _PAGE_TREE}
        root, info = (self._copy(_entry(source.trailer, name), source, copied) for name in (b"Root", b"Info"))
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        self._objects[0] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(self._pages), kids)
        trailer = b"<</Size %d/Root %d 0 R/Info %d 0 R/ID[(%s)(%s)]>>" % (
            len(self._objects) + 1,
            root,
            info,
            *(b64encode(digest),) * 2,
        )
        return _file(frame[: frame.index(b"1 0 obj")], self._objects, trailer)

    def _copy(self, number: int, source: "_SourcePdf", copied: dict[int, int]) -> int:
        """Copy an object with all that it refers to; return its number here, that of an equal one if there is one."""
        if number not in copied:
            copied[number] = 0  # an object that leads back to itself would be 0, which is refused below
            body = self._copy_references(source.objects[number], source, copied)
            known = self._numbers.get(body)
            copied[number] = self._numbers[body] = self._append(body) if known is None else known
        if not copied[number]:
            raise ValueError("an object of a letter leads back to itself")
        return copied[number]

    def _copy_references(self, body: bytes, source: "_SourcePdf", copied: dict[int, int]) -> bytes:
        def renumber(match: re.Match[bytes]) -> bytes:
            return match[0] if match[1] is None else b"%d 0 R" % self._copy(int(match[1]), source, copied)

        head, stream, data = body.partition(b"stream\n") if body.endswith(b"endstream") else (body, b"", b"")
        if b" 0 R" not in head:
            return body
        return _REFERENCE.sub(renumber, head) + stream + data

    def _append(self, body: bytes) -> int:
        self._objects.append(body)
        return len(self._objects)


@dataclass(frozen=True)
class _SourcePdf:
    """Objects of a file by their number, and its trailer."""

    objects: dict[int, bytes]
    trailer: bytes
    page_tree: int

    @classmethod
    def read(cls, pdf: bytes) -> "_SourcePdf":
        """Read a file with a plain table of its objects, as Typst writes it; ValueError for any other."""
        start = _TABLE.search(pdf, max(0, len(pdf) - 100))
        if start is None or not pdf.startswith(b"xref\n0 ", int(start[1])):
            raise ValueError("the file has no plain table of its objects")
        table, _, trailer = pdf[int(start[1]) : start.start()].partition(b"trailer")
        lines = table.split(b"\n")[3:]  # after `xref`, the range and the free entry
        offsets = [int(line[:10]) for line in lines if line.rstrip().endswith(b"n")]
        ends = [*offsets[1:], int(start[1])]
        if sorted(offsets) != offsets:
            raise ValueError("the objects of the file are not in their order")
        objects = {
            number: _body(number, pdf[offset:end])
            for number, (offset, end) in enumerate(zip(offsets, ends, strict=True), 1)
        }
        return cls(objects, trailer, _entry(objects[_entry(trailer, b"Root")], b"Pages"))

    def pages(self) -> list[int]:
        """Return the numbers of all pages, in order."""
        kids = _KIDS.search(self.objects[self.page_tree])
        numbers = [int(match[1]) for match in _REFERENCE.finditer(kids[1])] if kids else []
        if not all(b"/MediaBox" in self.objects[number] for number in numbers):
            raise ValueError("the pages of the file are not in one list")
        return numbers


def _body(number: int, chunk: bytes) -> bytes:
    header = b"%d 0 obj\n" % number
    if not chunk.startswith(header):
        raise ValueError("the table of the file is wrong")
    return chunk[len(header) : chunk.rindex(b"endobj")].rstrip(b"\n")


def _entry(dictionary: bytes, name: bytes) -> int:
    match = re.search(_ENTRY % name, dictionary)
    if match is None:
        raise ValueError(f"the file has no {name.decode()}")
    return int(match[1])


def _with_page_count(body: bytes, pages: int) -> bytes:
    """Return the object with another number of pages, if it is the metadata that tells it."""
    changed = _PAGE_COUNT.sub(rb"\g<1>%d<" % pages, body)
    added = len(changed) - len(body)
    return _LENGTH.sub(lambda length: b"/Length %d" % (int(length[1]) + added), changed, count=1) if added else changed


def _file(header: bytes, objects: list[bytes], trailer: bytes) -> bytes:
    parts, offsets, length = [header], [], len(header)
    for number, body in enumerate(objects, 1):
        offsets.append(length)
        parts.append(b"%d 0 obj\n%s\nendobj\n\n" % (number, body))
        length += len(parts[-1])
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, rows)
    return b"".join((*parts, table, b"trailer\n", trailer, b"\nstartxref\n%d\n%%%%EOF\n" % length))
