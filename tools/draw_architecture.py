"""Draw `docs/pictures/architecture.svg`: the rooms of the house and the way of a message through them.

    .venv/bin/python tools/draw_architecture.py

The same script gives the same bytes; a test compares the picture with this script, and its rooms with the tree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

PICTURE: Final = Path(__file__).parents[1] / "docs" / "pictures" / "architecture.svg"

_WIDTH: Final = 1280
_HEIGHT: Final = 818
_CHIP_HEIGHT: Final = 22
_LETTER: Final = 7.4
_STYLE: Final = """
text { font-family: Carlito, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #1f2a28 }
.room { font-weight: 700; font-size: 18px }
.purpose { font-size: 13px; fill: #5d6864 }
.chip { font-size: 13px; text-anchor: middle }
.part { font-size: 15px; font-weight: 700; text-anchor: middle }
.outside { font-size: 15px; font-weight: 700; text-anchor: middle }
.note { font-size: 12.5px; fill: #5d6864; text-anchor: middle }
.number { font-size: 13.5px; font-weight: 700; fill: #fff; text-anchor: middle }
.step { font-size: 13.5px; font-weight: 700; fill: #a83a12 }
.legend { font-size: 13.5px; fill: #5d6864 }
.way { fill: none; stroke: #c2491b; stroke-width: 3; stroke-linejoin: round; marker-end: url(#arrow) }
.link { fill: none; stroke: #8b958f; stroke-width: 1.6; marker-end: url(#small) }
"""
_MARKERS: Final = "".join(
    f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" '
    f'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="{colour}"/></marker>'
    for name, size, colour in (("arrow", 4.5, "#c2491b"), ("small", 6, "#8b958f"))
)


@dataclass(frozen=True)
class Room:
    """A room with its purpose and packages, and its place in the picture."""

    name: str
    purpose: str
    packages: str
    left: int
    top: int
    width: int
    height: int
    colour: str


ROOMS: Final = (
    Room("cli", "commands", "", 200, 40, 150, 92, "#e3edf0"),
    Room("demo", "real purchases, invented people", "data rehearsal", 366, 40, 250, 92, "#e3edf0"),
    Room("web", "pages for members and staff, webhooks of providers", "members desk", 632, 40, 408, 92, "#e3edf0"),
    Room("operations", "scheduler, worker, nightly jobs", "doctor", 200, 148, 250, 92, "#e6efe0"),
    Room("people", "staff accounts, members' rights", "accounts desk privacy", 466, 148, 272, 92, "#e6efe0"),
    Room("results", "what providers report, what came of it", "feedback reports redemptions",
         754, 148, 286, 92, "#e6efe0"),
    Room("runs", "", "", 200, 256, 840, 160, "#fbe8d8"),
    Room("audiences", "members, their consent, their purchases", "consent people access imports warehouse",
         200, 432, 396, 92, "#ebe2f0"),
    Room("offers", "for each member", "ranking coupons", 604, 432, 166, 92, "#f4ebcf"),
    Room("workspace", "the marketer's files", "checks starter", 778, 432, 160, 92, "#f4ebcf"),
    Room("store", "tables and queries", "ledger runs people admin migrations", 200, 540, 224, 122, "#e0e8f3"),
    Room("rules", "YAML to SQL, and to words", "parsing operators lowering describing", 440, 540, 208, 122, "#e0e8f3"),
    Room("rendering", "messages from templates", "templates symbols letters sms email gallery checks",
         664, 540, 228, 122, "#e0e8f3"),
    Room("channels", "providers", "", 908, 540, 132, 122, "#e0e8f3"),
    Room("core", "errors, clock, tokens, metrics", "model yaml", 200, 678, 840, 56, "#e9e6de"),
)  # fmt: skip
PARTS_OF_RUNS: Final = {
    "planning": (230, 306, 130),
    "dispatch": (486, 306, 130),
    "composing": (838, 306, 130),
    "capacity": (230, 372, 80),
    "notices": (316, 372, 72),
    "proofs": (394, 372, 66),
    "previews": (466, 372, 78),
}
STEPS: Final = {
    "due": ("1", 295, 240, "an occasion is claimed"),
    "plan": ("2", 230, 321, "one decision a member"),
    "claim": ("3", 486, 321, "choices are read again"),
    "compose": ("4", 838, 321, "in the member's language"),
    "send": ("5", 1040, 601, "to the provider, at most once"),
    "record": ("6", 551, 362, "the provider's answer"),
    "feedback": ("7", 754, 217, "bounces, clicks, STOP"),
}
_WAY: Final = (
    "M295 240V300", "M360 321H474", "M616 321H826", "M968 321H1000V535", "M1040 601H1092",
    "M944 540V392H551V340", "M1178 536V106H1045", "M897 132V147",
)  # fmt: skip
_LINKS: Final = ("M160 86H194", "M1090 66H1046", "M160 478H194", "M160 601H194")


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(), "utf-8")


def picture() -> str:
    """Return the picture as SVG."""
    parts = [*_outside(), *(part for room in ROOMS for part in _room(room)), *_parts_of_runs(), *_way()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="The rooms of Viesti, and the seven steps of a message through them">\n'
        f"<style>{_STYLE}</style>\n<defs>{_MARKERS}</defs>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="14" fill="#faf8f3"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _room(room: Room) -> Iterator[str]:
    yield _box(room.left, room.top, room.width, room.height, room.colour)
    one_line = room.height < 60
    name_x, name_y = room.left + 14, room.top + (34 if one_line else 26)
    yield _text("room", name_x, name_y, room.name)
    yield _text("purpose", name_x + (64 if one_line else 0), name_y + (0 if one_line else 19), room.purpose)
    x, y = (room.left + 300, room.top + 17) if one_line else (room.left + 12, room.top + 58)
    for package in room.packages.split():
        width = round(len(package) * _LETTER + 18)
        if x + width > room.left + room.width - 8:
            x, y = room.left + 12, y + _CHIP_HEIGHT + 6
        yield _chip("chip", x, y, width, _CHIP_HEIGHT, package)
        x += width + 6


def _parts_of_runs() -> Iterator[str]:
    yield _text(
        "purpose", 1026, 282, "engine and its services: planner, queries, sender, publisher, run control", anchor="end"
    )
    for name, (x, y, width) in PARTS_OF_RUNS.items():
        large = y < 350
        yield _chip("part" if large else "chip", x, y, width, 30 if large else 24, name)


def _way() -> Iterator[str]:
    yield from (f'<path class="link" d="{line}"/>' for line in _LINKS)
    yield from (f'<path class="way" d="{line}"/>' for line in _WAY)
    for number, x, y, _ in STEPS.values():
        yield f'<circle cx="{x}" cy="{y}" r="11.5" fill="#c2491b" stroke="#faf8f3" stroke-width="2"/>'
        yield _text("number", x, y + 4.7, number)
    for place, (name, (number, _, _, meaning)) in enumerate(STEPS.items()):
        x, y = 36 + place % 4 * 306, 766 + place // 4 * 28
        yield _text("step", x, y, f"{number}  {name}")
        yield _text("legend", x + 94, y, meaning)


def _outside() -> Iterator[str]:
    for x, y, width, height, title, *notes in (
        (20, 40, 140, 92, "Marketer", "files and commands"),
        (20, 432, 140, 92, "Warehouse", "Parquet files,", "DuckDB or Spark"),
        (20, 540, 140, 122, "Ledger", "SQLite or", "PostgreSQL"),
        (1096, 40, 164, 52, "Member, staff", "browser, one click"),
        (1096, 540, 164, 122, "Provider", "SendGrid, SMTP, Twilio,", "print, call centre"),
    ):
        yield _box(x, y, width, height, "#ffffff", dashed=True)
        middle = y + height / 2 - 9 * len(notes) + 5
        yield _text("outside", x + width / 2, middle, title)
        yield from (_text("note", x + width / 2, middle + 18 * line, note) for line, note in enumerate(notes, start=1))


def _box(x: int, y: int, width: int, height: int, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="9" fill="{colour}" stroke="#c9c2b2"{dash}/>'


def _chip(kind: str, x: float, y: float, width: float, height: float, text: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{height / 2:g}" fill="#fffdf9" stroke="#bdb5a3"/>'
        + _text(kind, x + width / 2, y + height / 2 + 4.8, text)
    )


def _text(kind: str, x: float, y: float, text: str, *, anchor: str = "") -> str:
    place = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{place}>{escape(text)}</text>'


if __name__ == "__main__":
    main()
