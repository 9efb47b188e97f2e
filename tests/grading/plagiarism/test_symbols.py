"""Symbols: what a disguise changes goes, what the code does stays."""

from __future__ import annotations

import pytest

from grading.plagiarism.lexer import lex
from grading.plagiarism.symbols import CUT, symbols


def texts(code: str) -> list[str]:
    return [symbol[0] for symbol in symbols(lex(code).tokens)]


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ("total = a + 1.5", "SUM=b+0x10 # comment"),
        ("x = 'a' 'b'", 'x = """other"""'),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("if x: return 1", "if x:\n    return 1\n"),
        ("a = 1; b = 2", "a = 1\n\nb = 2"),
        ("def f(x, y=3, *z): pass", "def f(x: int, y: dict[str, int] = 3, *z: str) -> list[int]: pass"),
        ("def f(k=lambda a: a[1:2], y=3): pass", "def f(k: F = lambda a: a[1:2], y: int = 3): pass"),
        ("x = {}", "x: dict[str, list[int]] = {}"),
        ("self.x = 1", "self.x: int = 1"),
        ("x", "x: int"),
        ("def f():\n    return 1", 'def f():\n    """Docstring."""\n    return 1'),
        ("for a, b in c: pass", "for (a, b) in c: pass"),
        ("return a, b", "return (a, b)"),
        ("if not a and b: pass", "if (not a) and (b): pass"),
        ("x = 1", "import os\nfrom a import (b,\n c)\nx = 1"),
    ],
)
def test_a_disguise_makes_no_difference(code, same):
    assert texts(code) == texts(same)


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("a = b + c", "a = b - c"),
        ("a = len(b)", "a = sum(b)"),
        ("f(a)", "f(a)(b)"),
        ("x[1:2]", "x[1]"),
        ("x = {a: b}", "x = {a, b}"),
        ("while x: pass", "if x: pass"),
        ("(yield)(a)", "f(a)"),
    ],
)
def test_what_the_code_does_makes_a_difference(code, other):
    assert texts(code) != texts(other)


def test_functions_are_cut_apart_with_their_decorators():
    code = "x = 1\n@d(2)\n@e\ndef f(): pass\nclass A:\n    async def g(self): pass\n"
    found = texts(code)
    after = [found[place + 1] for place, text in enumerate(found) if text == CUT]
    assert after == ["@", "class", "async"]


def test_lines_of_symbols_cover_joined_strings():
    assert ("s", 1, 3) in symbols(lex("x = ('a'\n 'b'\n 'c')").tokens)
