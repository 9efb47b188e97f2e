"""Markdown as Typst source: CommonMark with tables, and $formulas$ shown as they were typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from common.report.markup import array, code, escape, fence, indent, string

FORMULA = re.compile(r"\$(?=\S)([^$\n]*[^$\s])\$(?!\d)")  # "from $5 to $6" is none

FindImage = Callable[[str], str]  # the address in report.md -> the path beside report.typ


def _formula(state: StateInline, silent: bool) -> bool:
    """A rule of the parser: what stands between dollars is left alone."""
    found = FORMULA.match(state.src, state.pos) if state.src[state.pos] == "$" else None
    if found is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = found[1]
    state.pos = found.end()
    return True


PARSER = MarkdownIt("commonmark", {"maxNesting": 30}).enable(["table", "strikethrough"])
PARSER.inline.ruler.before("escape", "formula", _formula)


def has_words(markdown: str) -> bool:
    """Whether anything is written: a letter, a figure or an image."""

    def said(token: Token) -> bool:
        if token.children:
            return any(map(said, token.children))
        return token.type == "image" or (
            not token.type.startswith("html") and any(letter.isalnum() for letter in token.content)
        )

    return any(map(said, PARSER.parse(markdown)))


def pages(markdown: str, find_image: FindImage) -> list[str]:
    """Typst markup of the words; a rule (---) begins the next page."""
    tree = SyntaxTreeNode(PARSER.parse(markdown))
    result: list[list[str]] = [[]]
    for node in tree.children:
        if node.type == "hr":
            result.append([])
        elif text := _block(node, find_image):
            result[-1].append(text)
    return ["\n\n".join(blocks) for blocks in result if blocks]


def _blocks(nodes: Sequence[SyntaxTreeNode], find_image: FindImage) -> str:
    tight = bool(nodes) and nodes[0].type == "paragraph" and nodes[0].hidden
    return ("\n" if tight else "\n\n").join(filter(None, (_block(node, find_image) for node in nodes)))


def _block(node: SyntaxTreeNode, find_image: FindImage) -> str:
    """One block: a paragraph, a list, a table ..."""
    match node.type:
        case "paragraph":
            return _paragraph(node.children[0], find_image)
        case "heading":
            level = max(2, int(node.tag[1:]))
            return f"{'=' * level} {_inline(node.children[0].children, find_image)}"
        case "bullet_list" | "ordered_list":
            return _list(node, find_image)
        case "fence" | "code_block":
            return fence(node.content, (node.info.split() or ["text"])[0])
        case "blockquote":
            return f"#quote[\n{indent(_blocks(node.children, find_image))}\n]"
        case "table":
            return _table(node, find_image)
        case "html_block":
            return escape(node.content)
        case _:
            return ""  # a rule within a list, say


def _paragraph(inline: SyntaxTreeNode, find_image: FindImage) -> str:
    """A paragraph of images alone shows them beside one another."""
    shown = [child for child in inline.children if not _is_blank(child)]
    if shown and all(child.type == "image" for child in shown):
        return _pictures(shown, find_image)
    return _inline(inline.children, find_image)


def _is_blank(node: SyntaxTreeNode) -> bool:
    return node.type == "softbreak" or (node.type == "text" and not node.content.strip())


def _pictures(images: Sequence[SyntaxTreeNode], find_image: FindImage) -> str:
    lines = []
    for image in images:
        caption = f"[{escape(image.content)}]" if image.content.strip() else "none"
        lines.append(f"  ({string(find_image(str(image.attrs['src'])))}, {caption}),\n")
    return f"#pictures(\n{''.join(lines)})"


def _list(node: SyntaxTreeNode, find_image: FindImage) -> str:
    first = int(node.attrs.get("start", 1))
    items = []
    for number, item in enumerate(node.children, start=first):
        mark = "-" if node.type == "bullet_list" else f"{number}."
        body = indent(_blocks(item.children, find_image), " " * (len(mark) + 1)).lstrip()
        items.append(f"{mark} {body}" if body else f"{mark} #none")
    return "\n".join(items)


def _table(node: SyntaxTreeNode, find_image: FindImage) -> str:
    rows = [row.children for part in node.children for row in part.children]
    header, *body = [[f"[{_inline(cell.children[0].children, find_image)}]" for cell in row] for row in rows]
    alignments = [_alignment(cell) for cell in rows[0]]
    lines = [f"columns: {len(header)}", f"align: {array(*alignments)}", f"header: {array(*header)}"]
    lines += [", ".join(row) for row in body]
    return "#words-table(\n" + "".join(f"  {line},\n" for line in lines) + ")"


def _alignment(cell: SyntaxTreeNode) -> str:
    found = re.search(r"left|right|center", str(cell.attrs.get("style", "")))
    return found[0] if found else "left"


def _inline(nodes: Sequence[SyntaxTreeNode], find_image: FindImage) -> str:
    """The words of one paragraph. Text in several pieces is escaped as one: together they may mean more."""
    result, text = "", ""
    for node in [*nodes, None]:
        if node is not None and node.type in ("text", "softbreak", "html_inline"):
            text = _joined(text, node)
            continue
        if text:
            result += _separator(result, escape(text)) + escape(text)
            text = ""
        if node is not None:
            result += _span(node, find_image)
    return result


def _joined(text: str, node: SyntaxTreeNode) -> str:
    """`text` and what follows it. Between Chinese characters the end of a line is no space: see _tight."""
    if node.type == "html_inline" and node.content.startswith("<!--"):
        return text
    if node.type == "softbreak":
        return text + "\n"
    both = text + node.content
    return re.sub(r"(.)\n(.)", lambda found: found[1] + _tight(found[1], found[2]) + found[2], both)


def _tight(left: str, right: str) -> str:
    wide = all(unicodedata.east_asian_width(letter) in "WF" for letter in (left, right))
    return "" if wide else " "


def _separator(before: str, after: str) -> str:
    """A semicolon where Typst would take `after` as the continuation of the code `before` it."""
    return ";" if re.search(r"[\])]$", before) and re.match(r"[(.;]", after) else ""


def _span(node: SyntaxTreeNode, find_image: FindImage) -> str:
    match node.type:
        case "strong" | "em" | "s":
            name = {"strong": "strong", "em": "emph", "s": "strike"}[node.type]
            return f"#{name}[{_inline(node.children, find_image)}]"
        case "code_inline":
            return code(node.content)
        case "formula":
            return f"#formula({string(node.content)})"
        case "hardbreak":
            return " \\\n"
        case "link":
            return _link(str(node.attrs["href"]), _inline(node.children, find_image))
        case "image":
            return f"\n{_pictures([node], find_image)}\n"
        case _:
            return escape(node.content)


def _link(address: str, text: str) -> str:
    """A link that leads somewhere on the network; another is only its text."""
    if not re.match(r"(?:https?://|mailto:)", address, re.IGNORECASE):
        return f"#text[{text}]"
    return f"#link({string(address)})[{text}]"
