"""What of the host a command may see, and the environment it finds."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
FILES_OF_ETC = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "fonts",
    "localtime",
    "mime.types",
)
PROCESSORS = "/sys/devices/system/cpu"  # torch looks here for what the processor can do
MOST_THREADS = 16  # several libraries start as many each, and threads count as processes
SUBMISSION, INPUTS, OUT = "/submission", "/inputs", "/out"


def binds_and_links(code: Path, inputs: Path) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """(host path, path inside) of what is mounted, read-only, and links {path inside: where it points}."""
    binds, links = [], {}
    for place in SYSTEM:
        if os.path.islink(place):
            links[place] = os.readlink(place)
        elif os.path.isdir(place):
            binds.append((place, place))
    files = [f"/etc/{name}" for name in FILES_OF_ETC]
    binds += [(os.path.realpath(place), place) for place in (*files, PROCESSORS) if os.path.exists(place)]
    shown = [inside for _, inside in binds]
    for place in interpreter_folders():
        if not any(place == known or place.startswith(f"{known}/") for known in shown):
            binds.append((os.path.realpath(place), place))
            shown.append(place)
    binds += [(str(code.resolve()), SUBMISSION), (str(inputs.resolve()), INPUTS)]
    return binds, links


def interpreter_folders() -> list[str]:
    """The virtual environment and the Python it was made from, by all names that lead there."""
    named = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    return sorted(named | {os.path.realpath(place) for place in named}, key=lambda place: (len(place), place))


def environment(places: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """All variables that the command finds; nothing comes from the host but the number of threads,
    OMP_NUM_THREADS or else that of the processors.

    places: where "submission", "home" and "tmp" are, as the command sees it.
    """
    tmp = places["tmp"]
    threads = os.environ.get("OMP_NUM_THREADS") or str(processors())
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": places["home"],
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "TMPDIR": tmp,
        "PYTHONPATH": places["submission"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "NUMBA_CACHE_DIR": f"{tmp}/numba",  # libraries put caches beside themselves, where all is read-only
        "MPLCONFIGDIR": f"{tmp}/matplotlib",
        "MPLBACKEND": "Agg",
        "XDG_CACHE_HOME": f"{tmp}/cache",
        "TORCH_HOME": f"{tmp}/torch",
        "TORCHINDUCTOR_CACHE_DIR": f"{tmp}/inductor",
        "HF_HOME": f"{tmp}/huggingface",
        "HF_HUB_OFFLINE": "1",  # there is no network: say so at once
        **(extra or {}),
    }


def processors() -> int:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(count, MOST_THREADS)


def full_command(command: Sequence[str]) -> list[str]:
    """The words of `command`, with this interpreter for a first word "python"."""
    first, *rest = (os.fspath(word) for word in command)
    return [sys.executable if first == "python" else first, *rest]


def let_others_read(folders: Iterable[Path]) -> None:
    """Let all users read the folders: as root, the command runs as a user who owns none of the files."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            add_mode(parent, 0o555)
            for name in names:
                add_mode(os.path.join(parent, name), 0o444)


def add_mode(path: str, mode: int) -> None:
    if os.path.islink(path):
        return
    now = os.stat(path).st_mode & 0o7777
    if now | mode != now:
        os.chmod(path, now | mode)


def remove(folder: Path) -> None:
    """Remove a temporary folder even if what ran in it took away our right to."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
