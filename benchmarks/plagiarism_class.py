"""A class of hand-ins with known copies, for benchmarks/plagiarism.py and the tests.

Every student has what this repository hands out for HW1, and own code: modules of Python's standard library,
which different people wrote, and functions of such modules put into files of the handout. A copyist has
another's own code with other names, another order, other comments and docstrings, maybe with more statements.
"""

from __future__ import annotations

import ast
import os
import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError

ROOT = Path(__file__).resolve().parents[1]
HANDED_OUT = ("common", "hw1_instrument_detection")
STANDARD_LIBRARY = Path(os.__file__).parent
LEFT_OUT = ("test", "tests", "encodings", "lib2to3", "site-packages", "pydoc_data", "idlelib", "turtledemo")
LEFT_OUT += ("distutils",)  # whose modules are copies of each other
KINDS = ("disguised", "reworked", "a part")  # reworked: half as many statements again are put between
LINES = (150, 700)  # of a module that can be somebody's own code
WORDS = ("amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heron", "inlet", "jade", "kite")
REMARKS = ("first of all", "this was hard", "see the slides", "TODO: faster", "works on my laptop")


def disguised(source: str, *, seed: int, more_statements: float = 0.0) -> str:
    """`source` with all names of its own renamed, functions and methods in another order, and new comments.

    more_statements: how many statements to put between each two, on average.
    """
    rng = random.Random(seed)
    tree = ast.parse(source)
    names = _own_names(tree)
    tree = _Renamer({name: f"{rng.choice(WORDS)}_{place}" for place, name in enumerate(sorted(names))}).visit(
        tree
    )
    for node in list(ast.walk(tree)):
        if isinstance(body := getattr(node, "body", None), list) and body:
            node.body = _rewritten(node, body, rng, more_statements)
    text = ast.unparse(ast.fix_missing_locations(tree))
    return "\n".join(_with_remarks(text.split("\n"), rng)) + "\n"


def _own_names(tree: ast.Module) -> set[str]:
    """What the module itself names: functions, classes, arguments, variables and attributes that it sets."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return {name for name in names if not name.startswith("__")}


class _Renamer(ast.NodeTransformer):
    FIELDS = ("id", "arg", "attr", "name")

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, ast.alias):
            for field in self.FIELDS:
                value = getattr(node, field, None)
                if isinstance(value, str):
                    setattr(node, field, self.names.get(value, value))
        return super().generic_visit(node)


def _rewritten(node: ast.AST, body: list[ast.stmt], rng: random.Random, more: float) -> list[ast.stmt]:
    """The statements of one block: without their docstring, definitions shuffled, some statements added."""
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(node, (*named, ast.Module)) and ast.get_docstring(node, clean=False) is not None:
        body = body[1:] or [ast.Pass()]
    definitions = [statement for statement in body if isinstance(statement, named)]
    rng.shuffle(definitions)
    new = [definitions.pop() if isinstance(statement, named) else statement for statement in body]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        new = [part for statement in new for part in (*_additions(rng, more), statement)]
    if isinstance(node, named) and rng.random() < 0.5:
        new.insert(0, ast.Expr(ast.Constant(rng.choice(REMARKS))))
    return new


def _additions(rng: random.Random, more: float) -> Iterator[ast.stmt]:
    while rng.random() < more / (1 + more):
        word, number = rng.choice(WORDS), rng.randrange(100)
        choices = (
            f"{word} = {number}",
            f"print({word!r})",
            f"assert {number} < {number + 1}",
            f"{word} = [{word!r}] * 2",
        )
        yield ast.parse(rng.choice(choices)).body[0]


def _with_remarks(lines: Sequence[str], rng: random.Random) -> Iterator[str]:
    for line in lines:
        if line and rng.random() < 0.15:
            yield f"{re.match(' *', line)[0]}# {rng.choice(REMARKS)}"
        yield line


def own_modules() -> list[tuple[str, str]]:
    """(name, source) of the modules that serve as own code, sorted."""
    found = []
    for path in sorted(STANDARD_LIBRARY.rglob("*.py")):
        parts = path.relative_to(STANDARD_LIBRARY).parts
        if any(part in LEFT_OUT for part in parts):
            continue
        source = path.read_text(encoding="utf-8", errors="replace")
        if LINES[0] <= source.count("\n") <= LINES[1]:
            found.append(("_".join(parts), source))
    return found


def handed_out() -> dict[str, str]:
    """The code of the handout: path -> source."""
    paths = [path for folder in HANDED_OUT for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


@dataclass(frozen=True)
class OwnCode:
    """One student's own code: modules (name -> source), additions to the handout (path -> source)."""

    modules: dict[str, str]
    additions: dict[str, str]

    def files(self, handout: dict[str, str]) -> dict[str, str]:
        """All files of the hand-in."""
        changed = {path: f"{handout[path]}\n\n{added}\n" for path, added in self.additions.items()}
        own = {f"hw1_instrument_detection/{name}": source for name, source in self.modules.items()}
        return {**handout, **changed, **own}


def original(modules: Sequence[tuple[str, str]], paths: Sequence[str], rng: random.Random) -> OwnCode:
    """Own code of some (name, source): the functions of the last are added to files among `paths`."""
    functions = [node for node in ast.parse(modules[-1][1]).body if isinstance(node, ast.FunctionDef)]
    at = rng.sample(paths, min(len(functions), len(paths)))
    additions = {path: ast.unparse(node) for path, node in zip(at, functions, strict=False)}
    return OwnCode(dict(modules[:-1]), additions)


def copied(own: OwnCode, kind: str, *, seed: int, rest: tuple[str, str]) -> OwnCode:
    """A copy of one of the KINDS; of "a part" only the first module is, and `rest` is the copyist's own."""

    def new(source: str, place: int) -> str:
        return disguised(source, seed=seed + place, more_statements=0.5 if kind == "reworked" else 0.0)

    sources = enumerate(own.modules.values())
    modules = {f"own_{seed}_{place}.py": new(source, place) for place, source in sources}
    if kind == "a part":
        return OwnCode(dict([next(iter(modules.items())), rest]), {})
    return OwnCode(modules, {path: new(added, 0) for path, added in own.additions.items()})


def write_zip(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def write_class(folder: Path, *, hand_ins: int, copies: int, seed: int) -> dict[tuple[str, str], str]:
    """Write `hand_ins` zips, `copies` of them of each of the KINDS; tells (original, copy) -> kind."""
    rng = random.Random(seed)
    handout, pool = handed_out(), own_modules()
    rng.shuffle(pool)
    paths = sorted(path for path in handout if path.startswith("hw1_"))
    originals = hand_ins - len(KINDS) * copies
    if originals < len(KINDS) * copies:  # or a copy would be copied again
        raise UserError(f"{hand_ins} hand-ins are too few; give at least {2 * len(KINDS) * copies}")
    share = (len(pool) - copies) // originals  # the last modules are the rest of those who copied a part
    students = [original(pool[place * share :][: min(share, 5)], paths, rng) for place in range(originals)]
    known: dict[tuple[str, str], str] = {}
    for number in range(len(KINDS) * copies):
        kind = KINDS[number % len(KINDS)]
        known[_name(number), _name(len(students))] = kind
        rest = pool[-1 - number // len(KINDS)]
        students.append(copied(students[number], kind, seed=1000 + 100 * number, rest=rest))
    for number, student in enumerate(students):
        write_zip(folder / _name(number), student.files(handout))
    return known


def _name(number: int) -> str:
    return f"r{10_000_000 + number}_hw1.zip"
