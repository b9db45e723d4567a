"""Checks that every link between the pages of a site leads somewhere: python tools/check_links.py FOLDER."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [found[name] or "" for name in ("href", "src") if found.get(name)]
        self.anchors |= {found[name] or "" for name in ("id", "name") if found.get(name)}


def read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8", errors="replace"))
    return page


def dead_links(root: Path) -> list[str]:
    """Links of pages below a folder to files or anchors that do not exist; links to other sites are not followed."""
    pages = {path.resolve(): read(path) for path in root.rglob("*.html")}
    found: list[str] = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith(("/", "mailto:")):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target = target / "index.html"
            known = pages.get(target)
            anchor = unquote(parts.fragment)
            if not target.exists() or (known is not None and anchor and anchor not in known.anchors):
                found.append(f"{path.relative_to(root.resolve())}: {link}")
    return sorted(set(found))


if __name__ == "__main__":
    dead = dead_links(Path(sys.argv[1]))
    print("\n".join(dead) if dead else "every link leads somewhere")
    sys.exit(bool(dead))
