"""Process 1 waits for the command, and ends everything when it is done or uses too much."""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import time

TICK = 0.05  # seconds between two looks
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def wait_for_end(command: int, limits: dict, control: socket.socket) -> dict:
    """How the command ended; nothing but process 1 is left then."""
    begun, peak = time.monotonic(), 0
    reason = status = None
    while reason is None:
        signal.sigtimedwait({signal.SIGCHLD}, TICK)
        status = reap(command)
        if status is not None:
            reason = "finished"
        elif len(others()) >= limits["processes"]:  # a bomb leaves little time to look closer
            reason = "processes"
        else:
            memory, tasks, cpu = survey()
            peak = max(peak, memory)
            reason = exceeded(limits, memory, tasks, cpu, time.monotonic() - begun)
        if select.select([control], [], [], 0)[0]:  # a word from outside, or there is no outside any more
            reason = reason or "stopped"
    seconds = time.monotonic() - begun
    end_everything()
    longest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # between two looks
    if status == -signal.SIGXCPU:
        reason = "processor time"
    return {
        "reason": reason,
        "returncode": status if reason == "finished" else None,
        "seconds": seconds,
        "peak_bytes": max(peak, longest),
    }


def exceeded(limits: dict, memory: int, tasks: int, cpu: float, seconds: float) -> str | None:
    """Which limit was exceeded, if one was: wall time only when nothing says why it takes so long."""
    if tasks >= limits["processes"]:
        return "processes"
    if memory > limits["memory_bytes"] and proportional() > limits["memory_bytes"]:
        return "memory"
    if cpu > limits["cpu_seconds"]:
        return "processor time"
    return "wall time" if seconds > limits["wall_seconds"] else None


def reap(command: int) -> int | None:
    """Bury the dead, orphans too. Returns the exit code of `command` if it was one; negative: a signal."""
    found = None
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if process == 0:
            return found
        if process == command:
            found = os.waitstatus_to_exitcode(status)


def survey() -> tuple[int, int, float]:
    """Resident bytes, number of threads and seconds of processor time of all processes but process 1."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    memory, tasks, cpu = 0, 0, used.ru_utime + used.ru_stime
    for process in others():
        try:
            with open(f"/proc/{process}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()  # a name may hold spaces and brackets
        except OSError:
            continue  # it has just ended
        cpu += sum(map(int, fields[11:15])) / TICKS_PER_SECOND  # its own, and of its children that ended
        tasks += int(fields[17])
        memory += int(fields[21]) * PAGE
    return memory, tasks, cpu


def others() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def proportional() -> int:
    """Resident bytes of all processes but process 1; what several share counts once. Slower than survey."""
    total = 0
    for process in others():
        try:
            with open(f"/proc/{process}/smaps_rollup", "rb") as file:
                sizes = [line.split()[1] for line in file if line.startswith(b"Pss:")]
        except OSError:
            continue
        total += sum(map(int, sizes)) * 1024
    return total


def end_everything() -> None:
    """Kill and bury all other processes of this process namespace."""
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ChildProcessError, ProcessLookupError):
        pass
