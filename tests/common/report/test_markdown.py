"""Markdown as Typst: what is shown is what was written, whatever Typst would make of it."""

from __future__ import annotations

import json
import random

import pytest
import typst

from common.report.markdown import pages
from common.report.markup import code, escape, fence, string

ATOMS = [
    *"#$*_`<>@[]~\\/-=+.1(){}\"';:!?&|^%, a中é",
    "--",
    "...",
    "//",
    "/*",
    "http://",
    "#let x",
    "-1",
    "- ",
    "1. ",
]
HOSTILE = [
    '#read("/etc/passwd")',
    "#set page(width: 1pt)",
    "\\#eval(1)",
    "] #panic() [",
    '")] #panic() [("',
    "```` #panic() ```",
    "https://example.org/(a",
    "// gone? /* gone? */",
    "= no heading",
    "/ no: term",
    "<label> @reference $x$ ~ --- -? ...",
]


def shown(pieces: list[str]) -> list[str]:
    """What Typst shows for each piece of markup, as plain text, in one compilation."""
    source = "\n".join(f"#metadata[{piece}]<piece>" for piece in pieces)
    contents = json.loads(typst.query(f"#set smartquote(enabled: false)\n{source}".encode(), "<piece>"))
    return [_plain(content["value"]) for content in contents]


def _plain(content) -> str:
    match content["func"]:
        case "text" | "symbol" | "raw":
            return content["text"]
        case "space":
            return " "
        case "smartquote":
            return '"' if content["double"] else "'"
        case "sequence":
            return "".join(map(_plain, content["children"]))
        case other:
            raise AssertionError(f"{other} is not plain text")


def test_escaped_text_is_shown_as_it_was_typed():
    choose = random.Random(0)
    texts = HOSTILE + ["".join(choose.choices(ATOMS, k=12)) for _ in range(3000)]
    for text, result in zip(texts, shown([escape(text) for text in texts]), strict=True):
        assert " ".join(result.split()) == " ".join(text.split())


def test_code_and_strings_are_shown_as_they_were_typed():
    choose = random.Random(1)
    texts = HOSTILE + ["x" + "".join(choose.choices(ATOMS, k=10)) + "x" for _ in range(100)]
    assert shown([code(text) for text in texts]) == texts
    assert shown([fence(text) for text in texts]) == texts
    assert shown([f"#raw({string(text)})" for text in texts]) == texts


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_words_only_in_every_place(text):
    def lines(markdown: str) -> str:
        return "\n".join(pages(markdown, lambda address: "x.png"))

    places = (f"a {text}", f"**{text}**", f"- {text}", f"> {text}", f"| a |\n|---|\n| {text} |", f"## {text}")
    for place in places:
        source = "#let words-table(..all) = []\n#let formula(body) = body\n" + lines(place)
        typst.compile(source.encode(), format="svg", ignore_system_fonts=True)


def test_the_source_is_readable():
    assert pages("Some *words*, **two**(2).\nMore.\n\n- a\n  - b\n\n3. c\n\n## d", str) == [
        "Some #emph[words], #strong[two];(2). More.\n\n- a\n  - b\n\n3. c\n\n== d"
    ]


def test_a_rule_begins_the_next_page():
    assert pages("a\n\n---\n\n---\n\nb", str) == ["a", "b"]


def test_lines_of_chinese_are_joined_without_a_space():
    assert pages("中文\n字 a\nb", str) == ["中文字 a b"]


def test_a_formula_is_left_alone_and_a_price_is_none():
    assert pages(r"$x_i *y* \alpha$, from $5 to $6", str) == [r'#formula("x_i *y* \\alpha"), from \$5 to \$6']


def test_links_lead_to_the_network_or_nowhere():
    assert pages('[a](https://x.org/"b") [c](LOG.md)(d)', str) == [
        '#link("https://x.org/%22b%22")[a] #text[c];(d)'
    ]
    assert pages("[a](javascript:alert(1))", str) == ["\\[a\\](javascript:alert(1))"]


def test_images_alone_stand_beside_one_another():
    assert pages("![one](a.png)\n![](b.png)", "words/{}".format) == [
        '#pictures(\n  ("words/a.png", [one]),\n  ("words/b.png", none),\n)'
    ]
    assert pages("*x* ![one](a.png)", str)[0].startswith("#emph[x] \n#pictures(")


def test_a_table_keeps_its_alignment():
    assert pages("| a | b |\n|:--|--:|\n| *c* | [d |", str) == [
        "#words-table(\n  columns: 2,\n  align: (left, right),\n  header: ([a], [b]),\n"
        "  [#emph[c]], [\\[d],\n)"
    ]
