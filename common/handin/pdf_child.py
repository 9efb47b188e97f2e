"""Reads one PDF in a process of its own, which limits itself: `pdf_facts` starts it as a script.

A PDF can make its reader busy for ever, or fill the memory. This process gets little of both, reads nothing
but the file and the libraries, and prints one JSON object. It imports nothing of the project.

    python -I pdf_child.py FILE CPU_SECONDS MEMORY_BYTES
"""

from __future__ import annotations

import json
import math
import sys

MOST_PAGES = 200
MOST_TEXT = 20_000  # characters of one page
MOST_PRINTED = 8 << 20
STANDARD_FONT_KINDS = ("/Type3",)  # drawn in the file itself
WIDTH, HEIGHT = 0, 1


def limit(cpu_seconds: int, memory: int) -> None:
    """Limit this process, as far as the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent is left
        return
    limits = {"RLIMIT_CPU": cpu_seconds, "RLIMIT_AS": memory, "RLIMIT_FSIZE": MOST_PRINTED}
    for name, value in {**limits, "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64}.items():
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (ValueError, OSError):  # macOS knows no limit of memory
            continue


def facts(path: str) -> dict:
    """Number of pages, shape of the pages (points), their text, and whether every font is in the file."""
    from pypdf import PdfReader

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("it needs a password")
    count = len(reader.pages)
    if not 0 < count <= MOST_PAGES:
        raise ValueError(f"it has {count} pages, 1 to {MOST_PAGES} are read")
    pages = [reader.pages[number] for number in range(count)]
    return {
        "pages": count,
        "sizes": [page_size(page) for page in pages],
        "text": [page.extract_text()[:MOST_TEXT] for page in pages],
        "fonts_embedded": all(is_embedded(font) for page in pages for font in fonts(page)),
    }


def page_size(page) -> list[float]:
    """Width and height as they are seen, in points."""
    box = page.cropbox
    size = [abs(float(box.width)), abs(float(box.height))]
    if not all(math.isfinite(side) and 0 < side < 1e6 for side in size):
        raise ValueError("a page has no size")
    return size[::-1] if int(page.rotation or 0) % 180 else size


def fonts(page) -> list:
    """The fonts that the page names."""
    resources = page.get("/Resources")
    named = resources.get_object().get("/Font") if resources is not None else None
    return [font.get_object() for font in named.get_object().values()] if named is not None else []


def is_embedded(font) -> bool:
    """Whether the font's shapes are in the file."""
    if font.get("/Subtype") in STANDARD_FONT_KINDS:
        return True
    inner = font.get("/DescendantFonts")
    descriptor = (inner.get_object()[0].get_object() if inner is not None else font).get("/FontDescriptor")
    keys = ("/FontFile", "/FontFile2", "/FontFile3")
    return descriptor is not None and any(key in descriptor.get_object() for key in keys)


def main() -> None:
    path, cpu_seconds, memory = sys.argv[1:]
    limit(int(cpu_seconds), int(memory))
    try:
        answer = facts(path)
    except MemoryError:
        answer = {"error": "it takes too much memory"}
    except Exception as error:  # noqa: BLE001 - a hostile file may raise anything in its reader
        answer = {"error": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
