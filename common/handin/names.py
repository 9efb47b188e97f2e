"""What the names in an archive may be: the same files on every machine, none that runs unasked.

    violations = name_violations(["common/audio.py", "model/"], limits)

Names are judged before a single byte is unpacked. A final "/" makes a folder.
"""

from __future__ import annotations

import importlib.machinery
import re
import sys
import sysconfig
import unicodedata
from collections.abc import Iterable, Iterator

from common.handin.rules import IntakeLimits, Violation, violation


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PICKLES = _words(
    ".pkl .pickle .pck .pcl .pt .pth .pt2 .ckpt .bin .joblib .jl .dill .cloudpickle .mar .torchscript"
)
ARCHIVES = _words(
    ".zip .gz .tgz .bz2 .tbz .tbz2 .xz .txz .lzma .7z .rar .tar .zst .lz4 .lz .z .cab .ar .iso .dmg .jar .whl"
    " .egg .npz .docx .xlsx .pptx .odt .odp .ods .mxl .mscz .deb .rpm .apk .cpio .xar .pyz .pyzw .par"
)
COMPILED = _words(".so .pyd .dll .dylib .pyc .pyo .exe .com .a .lib .o .obj .class .wasm .node .msi")
TEST_SETTINGS = _words("conftest.py pytest.ini .pytest.ini pytest.toml .pytest.toml tox.ini setup.cfg")
STARTUP_NAMES = _words("sitecustomize usercustomize sitecustomize.py usercustomize.py pyvenv.cfg .pdbrc")
STARTUP_ENDINGS = (".pth", "._pth", ".dist-info", ".egg-info", ".egg-link")  # *-info name plug-ins
OWN = re.compile(r"common|model|final_project|hw\d_\w+")  # of a hand-in, even where the project is installed
OURS = frozenset({"grading", "tests"})  # the grader's own; no hand-in brings them along
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)", re.IGNORECASE)
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # Unicode's categories: control, format, ...


def name_violations(names: Iterable[str], limits: IntakeLimits) -> list[Violation]:
    """Everything that is wrong with the names of the entries of one archive."""
    names = list(names)
    found = [violation(rule, name, detail) for name in names for rule, detail in _of_one(name, limits)]
    if any(one.rule == "path-length" for one in found):
        return found  # the folders on the way to a name of 64 kB take gigabytes
    return found + list(_clashes(names)) + list(_shadows(names))


def folded(name: str) -> str:
    """What the name is on a disk that knows neither case nor the ways to write a letter in Unicode."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _of_one(name: str, limits: IntakeLimits) -> Iterator[tuple[str, str]]:
    """(rule, detail) for all that one name breaks by itself."""
    parts = name.removesuffix("/").split("/")
    yield from ((rule, "") for rule in _path_rules(name, parts))
    if len(name.encode("utf-8", "replace")) > limits.path_length:
        yield "path-length", f"more than {limits.path_length} bytes"
    if len(parts) > limits.depth:
        yield "path-length", f"more than {limits.depth} folders deep"
    yield from _kind_rules([folded(part) for part in parts])


def _path_rules(name: str, parts: list[str]) -> Iterator[str]:
    if name.startswith("/"):
        yield "absolute-path"
    if ".." in name.replace("\\", "/").split("/"):
        yield "parent-path"
    if "\\" in name:
        yield "backslash"
    if ":" in name:
        yield "drive-letter"
    if any(unicodedata.category(character) in INVISIBLE for character in name):
        yield "control-character"
    inner = parts[1:] if name.startswith("/") else parts
    if any(map(_is_odd, inner)):
        yield "odd-path"


def _is_odd(part: str) -> bool:
    """Whether a machine may take the part of a path for another name, or not take it at all."""
    changed = part in ("", ".") or part != part.strip(" ").rstrip(".")
    return part != ".." and bool(changed or RESERVED.match(part) or re.search(r'[<>"|?*]', part))


def _kind_rules(parts: list[str]) -> Iterator[tuple[str, str]]:
    """Rules that names break by what such a file or folder would do. parts: folded."""
    last = parts[-1]
    suffixes = {f".{piece}" for piece in last.split(".")[1:]}
    ending = f".{last.rpartition('.')[2]}" if "." in last else ""
    if any(part in STARTUP_NAMES or part.endswith(STARTUP_ENDINGS) for part in parts):
        yield "startup-file", ""
    if any(part in TEST_SETTINGS for part in parts):
        yield "test-settings", ""
    if ending in PICKLES:
        yield "pickle", ""
    if ending in ARCHIVES or suffixes & {".tar"}:
        yield "nested-archive", "save arrays as .npy or .safetensors" if ending == ".npz" else ""
    if ending in COMPILED or ".so" in suffixes or "__pycache__" in parts:
        yield "compiled-code", ""


def _clashes(names: list[str]) -> Iterator[Violation]:
    """Names, and folders on the way to them, that would be one and the same on some disk."""
    spelling: dict[str, str] = {}  # folded path -> as it was first written
    kinds: dict[str, bool] = {}  # folded path -> is a folder
    seen: set[str] = set()
    for name in names:
        path = name.removesuffix("/")
        if path in seen:
            yield violation("duplicate-name", name)
        seen.add(path)
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            part = "/".join(parts[:length])
            key, is_folder = folded(part), length < len(parts) or name.endswith("/")
            if spelling.setdefault(key, part) != part:
                yield violation("clashing-name", name, f"also written {spelling[key]!a}")
                break
            if kinds.setdefault(key, is_folder) != is_folder:
                yield violation("file-as-folder", name)
                break


def _shadows(names: list[str]) -> Iterator[Violation]:
    """Modules at the top, which is on Python's path, that hide Python's own or those of a library.

    Within a package names are free: `python -m PACKAGE.infer` never puts the package's inside on the path.
    """
    tops = {name.split("/")[0] for name in names if name.endswith((".py", ".pyi", ".pyw"))}
    for top in sorted(tops):
        module = top.removesuffix(".py").removesuffix(".pyi").removesuffix(".pyw")
        if module in sys.stdlib_module_names:
            yield violation("shadows-standard-library", top)
        elif module in OURS or (not OWN.fullmatch(module) and _is_installed(module)):
            yield violation("shadows-package", top)


def _is_installed(module: str) -> bool:
    """Whether a library of that name lies where libraries are installed. Nothing is imported."""
    if not module.isidentifier():
        return False
    places = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    spec = importlib.machinery.PathFinder.find_spec(module, places)
    return spec is not None and spec.origin is not None  # None: a mere folder, which hides behind ours
