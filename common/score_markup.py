"""An engraved score as a part of a page: safe, in the page's own colours, with ids that are unique there.

Verovio writes SVG with the lyrics in it, and for every song the same kind of ids. What goes into the page is
parsed and written anew: scripts, event handlers, foreign elements and addresses that lead out of the picture
are left out, and all ids get a prefix.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
DRAWN = frozenset(
    {"circle", "clipPath", "defs", "desc", "ellipse", "g", "line", "path", "polygon", "polyline", "rect"}
    | {"style", "svg", "symbol", "text", "tspan", "use"}
)
FOREIGN_STYLE = re.compile(r"@import|url\s*\((?![\"']?#)|</", re.IGNORECASE)


def embedded(svg: str, *, prefix: str, label: str) -> str:
    """A page of a score as markup for an HTML page; `label` is what a screen reader says.

    Errors: ValueError for what is no SVG.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise ValueError(f"the score is no SVG: {error}") from error
    _clean(root)
    _rename(root, prefix)
    _fit(root)
    root.set("role", "img")
    root.set("aria-label", label)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element) -> None:
    """Leave in `element` what draws alone, in place."""
    for child in list(element):
        if _local(child.tag) in DRAWN:
            _clean(child)
        else:
            element.remove(child)
    for name, value in list(element.attrib.items()):
        local = _local(name).lower()
        leads_out = local == "href" and not value.startswith("#")
        if leads_out or local.startswith("on") or FOREIGN_STYLE.search(value):
            del element.attrib[name]
    if _local(element.tag) == "style" and FOREIGN_STYLE.search(element.text or ""):
        element.text = ""


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Put `prefix` before all ids, and where they are referred to."""
    ids = {element.get("id") for element in root.iter()}
    own = re.compile(r"#([A-Za-z_][\w-]*)")

    def renamed(text: str) -> str:
        return own.sub(lambda found: f"#{prefix}{found[1]}" if found[1] in ids else found[0], text)

    for element in root.iter():
        for name, value in element.attrib.items():
            element.set(name, prefix + value if name == "id" else renamed(value))
        if _local(element.tag) == "style":
            element.text = renamed(element.text or "")


def _fit(root: ElementTree.Element) -> None:
    """As wide as the page has room, no wider than engraved: a view box in place of a fixed size."""
    width, height = (re.match(r"[\d.]+", root.attrib.pop(name, "")) for name in ("width", "height"))
    if "viewBox" not in root.attrib and width and height:
        root.set("viewBox", f"0 0 {width[0]} {height[0]}")


def _local(name: object) -> str:
    """A tag or attribute without its namespace; "" for comments."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""
