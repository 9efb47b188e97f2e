"""From a child of process 1 to the command: a plain user without rights."""

from __future__ import annotations

import contextlib
import os

import calls
import command
import syscall_filter

HIGHEST_CAPABILITY = 63


def start(spec: dict, user: int, group: int) -> int:
    """Start the command as `user`. Returns its process id. OSError if it cannot be started."""
    faults, told = os.pipe()  # close on exec: the end of the pipe says that the command runs
    child = os.fork()
    if child == 0:
        try:
            become(spec, user, group, keep=told)
        except BaseException as error:
            os.write(told, f"{error}".encode()[:1000])
        finally:
            os._exit(127)
    os.close(told)
    with os.fdopen(faults, "rb") as pipe:
        fault = pipe.read()
    if fault:
        os.waitpid(child, 0)
        raise OSError(fault.decode("utf-8", "replace"))
    return child


def become(spec: dict, user: int, group: int, *, keep: int) -> None:
    """Turn this process into the command; returns only by an exception."""
    os.setsid()
    calls.prctl(calls.PR_SET_DUMPABLE, 1)
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")  # when the host runs out of memory, this goes first
    command.prepare(spec, keep=keep)
    give_up_rights(user, group)
    calls.prctl(calls.PR_SET_NO_NEW_PRIVS, 1)
    syscall_filter.install()
    command.execute(spec)


def give_up_rights(user: int, group: int) -> None:
    """Become a plain user without capabilities, now and after any exec."""
    calls.prctl(calls.PR_CAP_AMBIENT, calls.PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(HIGHEST_CAPABILITY + 1):
        try:
            calls.prctl(calls.PR_CAPBSET_DROP, capability)
        except OSError:
            break  # beyond the last that this kernel knows
    with contextlib.suppress(PermissionError):  # an ordinary user keeps groups, which open nothing visible
        os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    calls.drop_capabilities()
