"""What a command may use at most, and how it ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

SHOWN = 200  # characters of a stranger's last line that are told


@dataclass(frozen=True)
class Limits:
    """What one run may use. Memory counts all its processes; /out and /tmp lie in memory too, beside it."""

    wall_seconds: float = 600.0
    cpu_seconds: float = 1200  # of all processes together
    memory_bytes: int = 8 << 30  # torch maps 3.3 GB just to be imported
    file_bytes: int = 1 << 30  # the longest file it may write
    out_bytes: int = 2 << 30  # all of /out
    out_files: int = 10_000  # files and folders in /out
    tmp_bytes: int = 2 << 30  # all of /tmp; HOME and /dev/shm have a quarter of it each
    open_files: int = 1024  # of one process
    processes: int = 256  # and threads, of all processes together
    printed_bytes: int = 16 << 20  # standard output and standard error together


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed, both streams together cut at `limits.printed_bytes`."""

    reason: str  # "finished", or what ended it: a key of STOPPED, or "could not start"
    returncode: int | None  # negative: the signal that ended it; None unless it finished
    stdout: bytes
    stderr: bytes
    seconds: float  # of wall time
    peak_bytes: int  # of resident memory, summed over processes (shared pages count in each); 0: unknown
    limits: Limits = field(default_factory=Limits)
    left_out: tuple[str, ...] = ()  # what of /out was not taken, and why

    @property
    def ok(self) -> bool:
        return self.reason == "finished" and self.returncode == 0

    def explain(self) -> str:
        """One line for who wrote the command. It holds limits but nothing measured: the same each time."""
        if self.reason == "could not start":
            return f"could not start: {last_line(self.stderr)}"
        if self.reason in STOPPED:
            return STOPPED[self.reason].format(**self._readable_limits())
        if not self.returncode:
            return "finished"
        return self._explain_failure(self.returncode) + self._last_words()

    def _readable_limits(self) -> dict[str, str]:
        limits = self.limits
        return {
            "wall": f"{limits.wall_seconds:g} s",
            "cpu": f"{limits.cpu_seconds:g} s",
            "memory": size(limits.memory_bytes),
            "printed": size(limits.printed_bytes),
            "processes": str(limits.processes),
        }

    def _explain_failure(self, returncode: int) -> str:
        memory = size(self.limits.memory_bytes)
        if returncode < 0:
            hint = SIGNALS.get(-returncode, "")
            return f"killed by signal {-returncode} ({signal_name(-returncode)}){hint and ': ' + hint}"
        if any(word in self.stderr for word in OUT_OF_MEMORY):
            return f"ended with exit code {returncode}: out of memory ({memory} are allowed)"
        return f"ended with exit code {returncode}"

    def _last_words(self) -> str:
        line = last_line(self.stderr)
        return f"; it wrote last: {line}" if line else "; it wrote nothing to standard error"


STOPPED = {  # reason -> what is told
    "wall time": "stopped after {wall} of wall time; make it faster, or see whether it waits for something",
    "processor time": "stopped after {cpu} of processor time; make it faster, or look for an endless loop",
    "memory": "stopped because it used more than {memory} of memory; use smaller batches, or read in pieces",
    "output": "stopped because it printed more than {printed}; write results to files and print less",
    "processes": "stopped because it had {processes} processes and threads at once; start fewer workers",
}

SIGNALS = {  # signal -> what is behind it most often
    signal.SIGKILL: "out of memory?",
    signal.SIGSEGV: "a fault in a compiled library, or out of memory",
    signal.SIGABRT: "a fault in a compiled library, or out of memory",
    signal.SIGBUS: "a full /tmp, /out or /dev/shm",
    signal.SIGXFSZ: "a file longer than is allowed",
}

OUT_OF_MEMORY = (b"MemoryError", b"can't allocate memory", b"Cannot allocate memory", b"std::bad_alloc")


def size(count: int) -> str:
    """`count` bytes for people: "8 GB" for 8 << 30, as `free` and `ls` count."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} bytes"


def signal_name(number: int) -> str:
    return next((known.name for known in signal.Signals if known == number), "unknown")


def last_line(printed: bytes) -> str:
    """The last line with something on it, without what a screen would not show, cut to SHOWN characters."""
    lines = printed[-8192:].decode("utf-8", "replace").splitlines()
    seen = ["".join(sign for sign in line if sign.isprintable()).strip() for line in lines]
    return next((line for line in reversed(seen) if line), "")[:SHOWN]
