"""Tokens: the same as Python's own where code is right, and something sensible where it is not."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

import pytest

from grading.plagiarism.lexer import NAME, NEWLINE, NUMBER, OPERATOR, STRING, lex

ROOT = Path(__file__).parents[3]
KINDS = {tokenize.NAME: NAME, tokenize.NUMBER: NUMBER, tokenize.OP: OPERATOR, tokenize.STRING: STRING}


def pythons_own(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, line) of `tokenize`, an f-string as one token as it was until Python 3.11."""
    found, depth, begun = [], 0, 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        begun = token.start[0] if name == "FSTRING_START" and not depth else begun
        depth += (name == "FSTRING_START") - (name == "FSTRING_END")
        if name == "FSTRING_END" and not depth:
            found.append((STRING, "", begun))
        elif not depth and token.type in KINDS and token.string != ";":
            kind = KINDS[token.type]
            found.append((kind, "" if kind == STRING else token.string, token.start[0]))
    return found


@pytest.mark.parametrize("folder", ["hw1_instrument_detection", "common/metrics", "grading"])
def test_right_code_is_read_as_python_reads_it(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lexed = lex(text)
        ours = [
            (token.kind, "" if token.kind == STRING else token.text, token.line)
            for token in lexed.tokens
            if token.kind != NEWLINE
        ]
        assert ours == pythons_own(text), path
        assert not lexed.faults, path


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ('x = rb\'a\\\'b\' + F"""c\n\'d\'"""', ["x", "=", "rb'a\\'b'", "+", 'F"""c\n\'d\'"""', None]),
        ("a = 0x_ff + 1_0.5e-3j + .5", ["a", "=", "0x_ff", "+", "1_0.5e-3j", "+", ".5", None]),
        ("f(a,\n  b)  # no; token", ["f", "(", "a", ",", "b", ")", None]),
        ("a; b \\\n + c", ["a", None, "b", "+", "c", None]),
        ("é, 名 = x@y", ["é", ",", "名", "=", "x", "@", "y", None]),
    ],
)
def test_tokens_by_hand(code, texts):
    assert [token.text or None for token in lex(code + "\n").tokens] == texts


def test_lines_count_on_within_strings_and_brackets():
    tokens = lex('a = """\n\n"""\nb = (\n1)\nc').tokens
    lines = {token.text: (token.line, token.last_line) for token in tokens}
    assert (
        lines["a"] == (1, 1)
        and lines['"""\n\n"""'] == (1, 3)
        and lines["b"] == (4, 4)
        and lines["c"] == (6, 6)
    )


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("x = 'abc\ny = 1\n", "line 1: a string is not closed"),
        ('x = """abc\ny = 1\n', "line 1: a string is not closed"),
        ("x = (1,\n", "line 1: a bracket is not closed"),
        ("x = 1]\n", "line 1: ] closes nothing"),
        ("x = (1]\n", "line 1: ] closes nothing"),
        ("a\nx = 1 ? 2\n", "line 2: the character U+003F is no Python"),
    ],
)
def test_what_is_wrong_is_told(code, fault):
    assert fault in lex(code).faults


def test_after_a_forgotten_bracket_statements_are_found_again():
    tokens = lex("x = f(1,\n\ndef g():\n    return 2\n").tokens
    assert [token.text for token in tokens if token.kind == NEWLINE or token.text in ("def", "return")] == [
        "",
        "def",
        "",
        "return",
        "",
    ]


@pytest.mark.parametrize(
    "code",
    ["(" * 200_000, "'" * 200_001, '"""' + '"" ' * 70_000, "\\\n" * 90_000, "f'{" * 60_000, "\0\x1b" * 500],
)
def test_hostile_code_is_read_to_its_end(code):
    lexed = lex(code + "\nthe_end")
    assert 1 <= len(lexed.faults) <= 3 or code.startswith("\\")
    assert any("the_end" in token.text for token in lexed.tokens[-2:])
