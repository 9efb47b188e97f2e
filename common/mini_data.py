"""Small data sets that are synthesized here, once, when no other data are given."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from common.cli import say


def ensure(
    path: Path | None, root: Path, *, make: Callable[[Path], None], name: str, cost: str, quick: bool
) -> Path:
    """The data folder `path`; without one, the mini data in `root`, which `make(root)` makes if need be.

    name, cost, quick: what is made, what that takes, whether it is the small variant; all this is told.
    """
    if path is not None:
        return Path(path)
    if not root.is_dir():
        say(f"no --data given: making {'a small ' if quick else ''}{name} in {root} (once, {cost})")
        make(root)
    return root


def make_once(root: Path, make: Callable[[Path], None]) -> None:
    """Make the folder `root` unless it is there: beside it first, renamed when it is complete.

    What an interrupted call made is kept beside `root`. Of several processes one makes, the others wait.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = root.with_name(f"{root.name}.partial")
    with root.with_name(f".{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            make(partial)
            os.replace(partial, root)
