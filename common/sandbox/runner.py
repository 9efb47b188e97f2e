"""Run a stranger's command: it reads its code and inputs, writes to /out, and can do nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.cli import UserError
from common.sandbox.limits import Limits, Outcome
from common.sandbox.namespaces import missing, run_in_namespaces
from common.sandbox.plain import run_plainly


def run(
    command: Sequence[str],
    *,
    code: Path,
    inputs: Path,
    out: Path,
    limits: Limits | None = None,
    unsafe: bool = False,
    extra_env: Mapping[str, str] | None = None,
) -> Outcome:
    """Run `command` in a sandbox of Linux namespaces and fetch what it wrote.

    command: its words. "python" is this interpreter with its packages.
    code, inputs: folders that it sees, read-only, as /submission (where it starts, and first on PYTHONPATH)
        and /inputs. As root, they are made readable for all, as the command runs as another user.
    out: a folder, empty or not yet there. The regular files that the command left in /out lie there
        afterwards, however it ended.
    unsafe: run it without namespaces where these are missing: see `run_plainly` for what that does not stop.
    extra_env: variables beside those of `places.environment`.

    When this returns, nothing that the command started is alive, and nothing is mounted.
    Errors: UserError without namespaces and `unsafe`, for missing folders, and if `out` is not empty.
    """
    limits = limits or Limits()
    for folder in (code, inputs):
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; give the one to run on")
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise UserError(f"{out}: is not empty; give a new folder for what the command writes")
    reason = missing()
    if reason is None:
        return run_in_namespaces(
            command, code=code, inputs=inputs, out=out, limits=limits, extra_env=extra_env
        )
    if not unsafe:
        raise UserError(
            f"no sandbox: {reason}; use Linux with user namespaces, or, if you trust the code, add --unsafe"
        )
    return run_plainly(command, code=code, inputs=inputs, out=out, limits=limits, extra_env=extra_env)
