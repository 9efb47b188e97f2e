"""Pages: everything of a hand-in is escaped, links lead somewhere, long things are cut."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from grading.plagiarism.code_files import Code
from grading.plagiarism.pages import MOST_LINES, distribution, index_page, pair_page, summary, visible
from grading.plagiarism.results import inert, table
from grading.plagiarism.similarity import Comparison, Owned, Pair
from grading.plagiarism.spans import Block, Run

NASTY = "<script>alert(1)</script>\"'&{{pairs}}\u202e\x1b\udc80.zip"
NONE = np.empty(0, np.uint64)


class Tags(HTMLParser):
    """Collects the tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data


def pair(first: str = "a", second: str = "b", score: float = 0.5, reference: bool = False) -> Pair:
    return Pair(first, second, reference, score, 60, 120, 130)


def comparison(*pairs: Pair, compared: int = 10) -> Comparison:
    return Comparison(pairs, compared, NONE, {"a": 0, NASTY: 1})


def test_names_and_problems_are_escaped_in_the_list():
    code = Code(NASTY, {"x.py": "key"}, [f"{NASTY}: {NASTY}"] * 20)
    hand_in = (code, Owned(NASTY, NASTY, NONE))
    page = index_page(comparison(pair(NASTY, NASTY)), [hand_in], [code], pages=1, about=NASTY)
    tags = Tags(page)
    assert "script" not in tags.tags and not any(name.startswith("on") for name in tags.attributes)
    assert tags.text.count("<script>alert(1)</script>\"'&{{pairs}}\\u202e\\x1b\\udc80.zip") >= 5
    assert "8 more" in tags.text
    page.encode("utf-8")
    assert not re.search(r'(?:src|href)="(?!pair_|data:)', page)


def test_code_is_escaped_and_cut_on_the_page_of_a_pair():
    lines = ["</code><img onerror=alert(1)>", "\tx = '\u2066'", "y" * 1000, *["z = 1"] * 1000]
    run = Run(NASTY, (1, 1003), NASTY, (2, 2), 99)
    texts = ({NASTY: "\n".join(lines)}, {NASTY: "a\nb\nc\nd\ne\nf"})
    page = pair_page(pair(NASTY, NASTY, reference=True), 1, [Block((run,))], texts)
    tags = Tags(page)
    assert not {"script", "img"} & tags.tags
    assert "</code><img onerror=alert(1)>" in tags.text and "\tx = '\\u2066'" in tags.text
    assert "y" * 300 + "…" in tags.text and "y" * 301 not in tags.text
    assert tags.text.count("z = 1") == MOST_LINES - 3 and "603 more lines" in tags.text
    assert "a reference" in tags.text


def test_lines_of_a_run_have_one_colour_on_both_sides():
    runs = (Run("a.py", (2, 3), "b.py", (5, 5), 30), Run("a.py", (4, 4), "b.py", (6, 7), 30))
    texts = ({"a.py": "\n".join("123456")}, {"b.py": "\n".join("123456789")})
    page = pair_page(pair(), 1, [Block(runs)], texts)
    rows = re.findall(r'<li(?: class="m (m\d)")? value=(\d+)>', page)
    left, right = rows[:6], rows[6:]
    assert left == [("", "1"), ("m0", "2"), ("m0", "3"), ("m1", "4"), ("", "5"), ("", "6")]
    assert right == [("", "3"), ("", "4"), ("m0", "5"), ("m1", "6"), ("m1", "7"), ("", "8"), ("", "9")]


def test_only_pairs_with_a_page_have_a_link():
    page = index_page(comparison(pair(), pair(score=0.4)), [], [], pages=1, about="two")
    assert re.findall(r'href="(pair_\d+.html)"', page) == ["pair_001.html"]
    assert "changes no score" in page


def test_where_the_scores_lie():
    found = comparison(pair(score=1.0), pair(score=0.26), compared=10)
    assert summary(found) == "10 pairs: half score 0.00 or less, 95 in 100 0.26 or less."
    counts = re.findall(r"<b>(\d*)</b>", distribution(found))
    assert (counts[0], counts[5], counts[19], len(counts)) == ("8", "1", "1", 20)
    assert "No two" in summary(comparison(compared=0))


@pytest.mark.parametrize(
    ("name", "shown"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("a=1", "a=1"), ("\tx", "'\tx"), ("a\n", "a\\n")]
)
def test_no_name_is_a_formula(name, shown):
    assert inert(name) == shown


def test_the_table_has_a_row_for_each_pair():
    rows = table(comparison(pair("a,1"), pair(reference=True, score=1 / 3)), 1).split("\n")
    assert rows == [
        "rank,score,first,second,reference,shared,own_first,own_second,page",
        '1,0.5000,"a,1",b,0,60,120,130,pair_001.html',
        "2,0.3333,a,b,1,60,120,130,",
        "",
    ]


def test_other_scripts_stay_readable():
    assert visible("王小明 é ñ 🎵") == "王小明 é ñ 🎵"
