"""Draws docs/rooms.svg, the picture of the rooms, from the imports and docstrings of the code: python tools/rooms.py [FILE]

An upper box imports from the boxes that its arrows reach, and may import from all below those. A room's last line names the rooms
beside it that it imports from. Arrows that follow from others are left out.
"""

from __future__ import annotations

import ast
import importlib
import sys
import textwrap
from collections import defaultdict
from html import escape
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "rooms.svg"


class Box(NamedTuple):
    """Where a part stands: rows from the top, left edge and width in hundredths, and the columns of its rooms."""

    top: int
    rows: int
    left: int
    width: int
    rooms: list[list[str]] = []


R_PACKAGE = "R package"
PLACES = {
    R_PACKAGE: Box(0, 1, 0, 100),
    "_r": Box(1, 1, 0, 25, [["crossing"]]),
    "study": Box(1, 1, 27, 59, [["rotated"], ["statistics"], ["design"], ["runs"], ["result"]]),
    "compat": Box(1, 1, 88, 12),
    "deploy": Box(2, 1, 0, 14),
    "training": Box(2, 1, 16, 68, [["data"], ["measure"], ["engine"], ["prediction"]]),
    "models": Box(2, 1, 86, 14),
    "nn": Box(
        3,
        1,
        0,
        100,
        [
            ["base"],
            ["structure"],
            ["conv", "nonlinear"],
            ["norm", "pool"],
            ["attention"],
            ["wrapped"],
            ["heads"],
            ["inspect"],
        ],
    ),
    "kernels": Box(4, 2, 0, 49),
    "fields": Box(4, 1, 51, 49),
    "gspaces": Box(5, 1, 51, 49),
    "group": Box(6, 1, 0, 100, [["matrices"], ["tables"], ["core"], ["constructions"], ["catalogue"]]),
}
HEIGHTS = [52, 200, 136, 270, 56, 56, 150]
WIDE, GAP, PAD = 1200, 26, 10
COLOURS = {"_r": "#f6e3c5", R_PACKAGE: "#f6e3c5", "nn": "#dce9f5", "group": "#e3eedb", "training": "#efe3f1"}


def layering() -> ModuleType:
    """The test that knows the layers, the rooms and how imports are read."""
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("tests.python.test_layering")


def summary(path: Path) -> str:
    """The first sentence of a file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def read() -> tuple[dict[str, set[str]], dict[tuple[str, str], set[str]]]:
    """Which parts a part imports, and which rooms of its part a room imports, when files are loaded."""
    rules = layering()
    parts: dict[str, set[str]] = defaultdict(set)
    rooms: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in rules.FILES:
        inside = list(path.relative_to(rules.PACKAGE).with_suffix("").parts)
        part = rules.part_of(path)
        if not part:
            continue
        ran = rules.at_the_top(path)
        for line, name in rules.imported(path):
            names = name.split(".")
            if line in ran and names[0] == "intertwine" and len(names) > 1 and names[1] in rules.RANK:
                parts[part].add(names[1])
        if part in rules.ROOMS and len(inside) > 2:
            for line, target in rules.neighbours(path):
                if line in ran:
                    rooms[part, inside[1]].add(rules.room_of(part, target))
    return parts, rooms


def needed(parts: dict[str, set[str]]) -> dict[str, list[str]]:
    """The drawn parts that a drawn part imports, without those that it reaches through another."""
    drawn = {part: {p for p in parts[part] if p in PLACES and p != part} for part in PLACES}
    drawn[R_PACKAGE] = {"_r"}

    def reach(part: str) -> set[str]:
        return {p for below in drawn[part] for p in {below} | reach(below)}

    return {part: sorted(below - {q for p in below for q in reach(p)}) for part, below in drawn.items()}


def text(x: float, y: float, words: str, size: int = 12, *, bold: bool = False, colour: str = "#333") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}"{weight} fill="{colour}">{escape(words)}</text>'


def box(x: float, y: float, wide: float, high: float, colour: str) -> str:
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="6" fill="{colour}" '
        'stroke="#777" stroke-width="1"/>'
    )


def paragraph(x: float, y: float, wide: float, words: str, size: int = 12) -> list[str]:
    lines = textwrap.wrap(words, max(12, int(wide / (size * 0.53))))
    return [text(x, y + k * (size + 3), line, size) for k, line in enumerate(lines)]


def draw() -> str:
    """The picture as SVG."""
    rules = layering()
    package = rules.PACKAGE
    parts, rooms = read()
    ground = [part for row in rules.LAYERS for part in sorted(row) if (package / f"{part}.py").is_file()]
    folders = {part for part in rules.RANK if (package / part).is_dir()}
    gone = folders - set(PLACES)
    for part, place in PLACES.items():
        drawn = {room for column in place.rooms for room in column} | {""}
        gone |= {f"{part}/{room}" for room in rules.ROOMS.get(part, []) if room not in drawn}
    if gone:
        sys.exit(f"rooms: give {sorted(gone)} a place in PLACES")
    out: list[str] = []
    edges: dict[str, tuple[float, float, float, float]] = {}
    for part, place in PLACES.items():
        x, wide = place.left / 100 * WIDE, place.width / 100 * WIDE
        y = sum(HEIGHTS[: place.top]) + place.top * GAP
        high = sum(HEIGHTS[place.top : place.top + place.rows]) + (place.rows - 1) * GAP
        edges[part] = (x, y, wide, high)
        out.append(box(x, y, wide, high, COLOURS.get(part, "#f4f4f4")))
        title = "R/" if part == R_PACKAGE else f"{part}/"
        said = (
            "the R package: functions that check what they are given, call Python, and print"
            if part == R_PACKAGE
            else ""
        )
        said = said or summary(package / part / "__init__.py")
        if not place.rooms:
            out += [text(x + PAD, y + 20, title, 15, bold=True), *paragraph(x + PAD, y + 40, wide - 2 * PAD, said)]
            continue
        out += [text(x + PAD, y + 20, title, 15, bold=True), text(x + PAD + 9 * len(title) + 8, y + 20, said)]
        column = (wide - PAD) / len(place.rooms)
        for k, stack in enumerate(place.rooms):
            tall = (high - 34 - PAD) / len(stack)
            for j, room in enumerate(stack):
                left, top = x + PAD + k * column, y + 34 + j * tall
                out.append(box(left, top, column - PAD, tall - (4 if j + 1 < len(stack) else 0), "#ffffff"))
                out.append(text(left + 8, top + 17, room, 13, bold=True))
                out += paragraph(
                    left + 8, top + 33, column - PAD - 14, summary(package / part / room / "__init__.py"), 11
                )
                beside = [r for r in rules.ROOMS[part] if r and r in rooms[part, room] and r != room]
                before = [r for r in rules.ROOMS[part] if r][: [r for r in rules.ROOMS[part] if r].index(room)]
                if beside:
                    names = "all before it" if len(before) > 2 and beside == before else ", ".join(beside)
                    said = textwrap.wrap(f"imports {names}", int((column - PAD - 14) / 6.2))
                    out += [
                        text(left + 8, top + tall - 12 - 14 * (len(said) - 1 - n), line, 11, colour="#a04000")
                        for n, line in enumerate(said)
                    ]
    y = sum(HEIGHTS) + len(HEIGHTS) * GAP
    out += [box(0, y, WIDE, 54, "#ececec"), text(PAD, y + 20, "single files, for all", 15, bold=True)]
    out.append(text(PAD, y + 40, ", ".join(f"{name}.py" for name in ground if name != "__main__")))
    for part, below in needed(parts).items():
        x, top, wide, high = edges[part]
        for target in below:
            x2, y2, wide2, _ = edges[target]
            left, right = max(x, x2), min(x + wide, x2 + wide2)
            start = end = (left + right) / 2
            if right - left < 20:  # no common column: from the middle of one to the nearer side of the other
                start, end = x + wide / 2, x2 + (20 if x2 > x else wide2 - 20)
            out.append(
                f'<line x1="{start:.0f}" y1="{top + high:.0f}" x2="{end:.0f}" y2="{y2 - 3:.0f}" stroke="#444" '
                'stroke-width="1.6" marker-end="url(#tip)"/>'
            )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {WIDE + 16} {y + 70:.0f}" '
        'font-family="DejaVu Sans, Verdana, sans-serif" role="img">\n'
        "<title>The rooms of intertwine and what each imports</title>\n"
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L10 5L0 10z" fill="#444"/></marker></defs>\n'
        f'<rect x="-8" y="-8" width="{WIDE + 16}" height="{y + 70:.0f}" fill="#ffffff"/>\n'
    )
    return head + "\n".join(out) + "\n</svg>\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE).write_text(draw(), encoding="utf-8")
