"""What a process becomes before it is the command, nothing inherited, few resources."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal


def prepare(spec: dict, *, keep: int | None = None) -> None:
    """Standard input empty, no descriptors but `keep`, signals as usual, limits, the working directory."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    close_all_but(keep)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    os.chdir(spec["folder"])
    set_limits(spec["limits"], spec.get("other_processes"))


def close_all_but(keep: int | None) -> None:
    for descriptor in map(int, os.listdir("/dev/fd")):  # on Linux a link to /proc/self/fd
        if descriptor > 2 and descriptor != keep:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(descriptor)


def set_limits(limits: dict, other_processes: int | None) -> None:
    """The limits that the kernel holds each process to; none on their number if other_processes is None."""
    cpu = math.ceil(limits["cpu_seconds"])
    wanted = {
        "RLIMIT_CPU": (cpu, cpu + 1),  # SIGXCPU, then SIGKILL
        "RLIMIT_AS": limits["memory_bytes"],
        "RLIMIT_FSIZE": limits["file_bytes"],
        "RLIMIT_NOFILE": limits["open_files"],
        "RLIMIT_CORE": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    if other_processes is not None:
        wanted["RLIMIT_NPROC"] = limits["processes"] + other_processes
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is not None:  # macOS lacks some
            soft, hard = value if isinstance(value, tuple) else (value, value)
            set_limit(kind, soft, hard)


def set_limit(kind: int, soft: int, hard: int) -> None:
    """Set a limit, or keep that of the host where it is lower."""
    highest = resource.getrlimit(kind)[1]
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(kind, (soft, hard))


def execute(spec: dict) -> None:
    command, environment = spec["command"], spec["environment"]
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        raise OSError(f"{command[0]}: {error.strerror}") from error
