"""The frame around every command: options from a dataclass, errors in one line, clean interrupts.

    if __name__ == "__main__":
        cli.run(main, TrainConfig)

`main` receives the parsed dataclass. Options of a dataclass within it are typed without its name
(`--epochs`, not `--training.epochs`). Exit codes: 0 done, 1 a fault of ours (with traceback),
2 bad input or usage (one line on standard error), 130 Ctrl-C, 141 the reader of our output went away.
"""

from __future__ import annotations

import errno
import io
import multiprocessing
import os
import re
import select
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar

import tyro

Config = TypeVar("Config")


class UserError(Exception):
    """Something the user can mend. Its text is one line: what is wrong; what to do."""


def say(text: str) -> None:
    """Tell the user something beside the results: on standard error, at once."""
    print(text, file=sys.stderr, flush=True)


def at_least(lowest: float, **options: float) -> None:
    """Raise UserError for an option below `lowest`: `at_least(1, batch_size=config.batch_size)`."""
    for name, value in options.items():
        if value < lowest:
            raise UserError(f"--{name.replace('_', '-')} is {value}; give at least {lowest}")


def run(
    main: Callable[[Config], int | None],
    config_class: type[Config],
    argv: list[str] | None = None,
    *,
    presets: Mapping[str, Config] | None = None,
) -> None:
    """Parse `argv` (default: the command line) into `config_class`, call `main`, exit.

    `presets` maps the values of the field `preset` to whole configs ("default" among them): the one that
    `--preset` names gives the defaults, which any other option overrides.
    `--debug`, anywhere on the command line, shows the traceback of an error in the input.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # names may hold what the screen cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    debug = "--debug" in argv
    argv = [argument for argument in argv if argument != "--debug"]
    leave(guarded(lambda: main(parse(config_class, argv, main.__module__, presets)), debug=debug))


def leave(status: int) -> NoReturn:
    """Exit. Of the processes that torchrun started, all but the first exit at once, without tidying up.

    They are done while the first still reports; taking down their connections to it then has, rarely, aborted
    them ("terminate called without an active exception"), upon which torchrun ends the first one as well.
    """
    if int(os.environ.get("RANK", "0")) == 0:
        sys.exit(status)
    for child in multiprocessing.active_children():  # those that read data
        child.terminate()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def parse(
    config_class: type[Config], argv: list[str], module: str, presets: Mapping[str, Config] | None
) -> Config:
    """The config that `argv` asks for, or exit code 2. The docstring of `module` heads the help."""
    shown = {"prog": typed_as(module), "description": (sys.modules[module].__doc__ or "").strip()}
    if presets is None:
        return tyro.cli(config_class, args=argv, config=(tyro.conf.OmitArgPrefixes,), **shown)
    name = chosen(argv, "--preset", default="default")
    preset = presets.get(name, presets["default"])  # tyro itself refuses a name that is no choice
    return tyro.cli(config_class, args=argv, default=preset, config=(tyro.conf.OmitArgPrefixes,), **shown)


def typed_as(module: str) -> str | None:
    """What the help calls a command that was started as `python -m PACKAGE`; None: a script, by its path."""
    spec = getattr(sys.modules[module], "__spec__", None) if module == "__main__" else None
    return f"python -m {spec.name.removesuffix('.__main__')}" if spec else None


def chosen(argv: list[str], option: str, *, default: str) -> str:
    """The value of the last `OPTION VALUE` or `OPTION=VALUE`: for one that decides over all others."""
    line = "\0" + "\0".join(argv)
    return (re.findall(rf"\0{re.escape(option)}[=\0]([^\0]*)", line) or [default])[-1]


def guarded(action: Callable[[], int | None], *, debug: bool = False) -> int:
    """Run `action`; turn what went wrong into one line on standard error and an exit code."""
    try:
        status = action() or 0
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as interrupt:
        print(f"\ninterrupted: {str(interrupt) or 'nothing half-written was left'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        if not reader_went_away():
            raise
        return 141  # 128 + SIGPIPE, what a shell reports for `infer.py ... | head -1`
    except (UserError, OSError) as error:
        message = one_line(error) if isinstance(error, UserError) else explain_os_error(error)
        if message is None:
            raise
        if debug:
            traceback.print_exc()
        print(f"error: {message}", file=sys.stderr)
        return 2


def one_line(error: UserError) -> str:
    """The text of the error: the last line, because a DataLoader's worker sends its traceback along."""
    return re.sub(r"^[\w.]*Error: ", "", str(error).strip().split("\n")[-1])


def reader_went_away() -> bool:
    """Whether nobody reads our standard output any longer; if so, what is left to say goes nowhere."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)  # an error is reported unasked
    if not output.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it exits
    return True


def explain_os_error(error: OSError) -> str | None:
    """One line for the faults of the machine that a user can mend; None for all others."""
    place = error.filename or "the output folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place}: the disk is full, what was finished is kept; free some space and run it again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}: no permission; choose another folder or change its owner"
    if error.errno == errno.ENOENT:
        return f"{place}: no such file or folder; check the path"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{place}: a file stands where a folder is needed; choose another path"
    if error.errno == errno.EISDIR:
        return f"{place}: is a folder, not a file; name a file"
    return None
