"""Tokens -> symbols: what stays of code when names, values, comments, docstrings, hints and layout are gone.

Any name becomes NAME, any number NUMBER, any string STRING; keywords, operators and the usual built-in
functions, which nobody renames, stay. Imports go: they say which libraries are used, and there is little to
choose in their form.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Sequence

from grading.plagiarism import lexer
from grading.plagiarism.lexer import Token

NAME, NUMBER, STRING, END = "n", "0", "s", ";"
CUT = "cut"  # stands before each function and class, which may stand in any order
KEYWORDS = frozenset(keyword.kwlist)
BUILT_IN = frozenset(  # a list of our own: Python's grows with its versions, and scores must not
    """abs all any bool dict enumerate filter float format getattr hasattr int isinstance iter len list map
    max min next object open print property range repr reversed round set setattr sorted staticmethod
    str sum super tuple type zip Exception ValueError TypeError KeyError IndexError RuntimeError
    NotImplementedError FileNotFoundError OSError StopIteration""".split()  # noqa: SIM905
)
OPEN, CLOSE = lexer.OPEN, lexer.CLOSE
Symbol = tuple[str, int, int]  # its text, the first and the last line it stands on


def symbols(tokens: Iterable[Token]) -> list[Symbol]:
    """What is compared of a file's tokens, in order. Lines count from 1."""
    found: list[Symbol] = []
    decorated = False
    for statement in statements(tokens):
        first = statement[0]
        if first.text in ("@", "async", "class", "def") and not decorated:
            found.append((CUT, first.line, first.line))
        decorated = first.text == "@"
        found += statement_symbols(statement)
    return found


def statements(tokens: Iterable[Token]) -> Iterator[list[Token]]:
    """The tokens of one statement after the other, without those that end them; none is empty."""
    statement: list[Token] = []
    for token in tokens:
        if token.kind != lexer.NEWLINE:
            statement.append(token)
        elif statement:
            yield statement
            statement = []
    if statement:
        yield statement


def statement_symbols(statement: Sequence[Token]) -> Iterator[Symbol]:
    """The symbols of one statement; nothing for a docstring and for an import."""
    if statement[0].text in ("import", "from") or all(token.kind == lexer.STRING for token in statement):
        return
    held: Symbol | None = None  # one symbol is held back until what follows is known
    for token in without_groups(without_hints(statement)):
        new = (symbol_of(token), token.line, token.last_line)
        if held and held[0] == STRING and new[0] == STRING:  # "a" "b" is one string
            held = (STRING, held[1], new[2])
            continue
        if held and not (held[0] == "," and new[0] in CLOSE):  # a comma before a bracket is layout
            yield held
        held = new
    if held:
        yield held
        if held[0] != ":":  # `if x: return` may stand on one line or on two
            yield END, held[2], held[2]


def symbol_of(token: Token) -> str:
    if token.kind == lexer.NAME:
        return token.text if token.text in KEYWORDS or token.text in BUILT_IN else NAME
    return {lexer.NUMBER: NUMBER, lexer.STRING: STRING}.get(token.kind, token.text)


def without_groups(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens but for round brackets that call nothing: around tuples and conditions they are a habit."""
    calls: list[bool] = []
    before = ""
    for token in tokens:
        text = token.text if token.kind != lexer.STRING else STRING
        if text == "(":
            calls.append(before.isidentifier() and before not in KEYWORDS or before in CLOSE)
            if calls[-1]:
                yield token
        elif text != ")" or not calls or calls.pop():
            yield token
        before = text


def without_hints(statement: Sequence[Token]) -> Iterator[Token]:
    """The tokens of a statement but for its type hints."""
    texts = [token.text for token in statement[:2]]
    if texts[0] == "def" or texts == ["async", "def"]:
        return _function_head(statement)
    if (
        statement[0].kind == lexer.NAME
        and texts[0] not in KEYWORDS
        and texts[1:]
        and texts[1] in (":", ".", "[")
    ):
        return _assignment(statement)
    return iter(statement)


def _function_head(statement: Sequence[Token]) -> Iterator[Token]:
    """`def f(x: int = 3) -> int:` becomes `def f(x = 3):`."""
    depth, in_lambda = 0, False
    ends: tuple[tuple[int, str], ...] = ()  # while in a hint: the depths and tokens that end it
    for token in statement:
        text = token.text if token.kind != lexer.STRING else ""
        depth += (text in OPEN) - (text in CLOSE)
        if ends:
            ends = () if (depth, text) in ends else ends
        elif depth == 0 and text == "->":
            ends = ((0, ":"),)
        elif depth == 1 and text == ":" and not in_lambda:
            ends = ((1, ","), (1, "="), (0, ")"), (0, "]"))
        elif depth == 1 and text in ("lambda", ":"):
            in_lambda = text == "lambda"
        if not ends:
            yield token


def _assignment(statement: Sequence[Token]) -> Iterator[Token]:
    """`x: int = 3` becomes `x = 3`."""
    depth, hint, plain = 0, False, True  # plain: before any operator that may not stand in a target
    for token in statement:
        text = token.text if token.kind != lexer.STRING else ""
        depth += (text in OPEN) - (text in CLOSE)
        if depth == 0 and text == "=":
            hint = plain = False
        elif depth == 0 and text == ":" and plain:
            hint = True
        if not hint:
            yield token
