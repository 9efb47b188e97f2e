"""How an outcome is told: one line, the same each time, that helps who wrote the command."""

from __future__ import annotations

import pytest

from common.sandbox import Limits, Outcome
from common.sandbox.limits import STOPPED, size


def outcome(
    reason: str = "finished", returncode: int | None = None, stderr: bytes = b"", **measured
) -> Outcome:
    measured = {"seconds": 1.0, "peak_bytes": 1} | measured
    return Outcome(reason, returncode, b"", stderr, **measured, limits=Limits(wall_seconds=60))


@pytest.mark.parametrize(
    ("told", "is_told"),
    [
        (outcome(returncode=0), "finished"),
        (outcome(returncode=1), "ended with exit code 1; it wrote nothing to standard error"),
        (
            outcome(returncode=2, stderr=b"a\nerror: no\n \n"),
            "ended with exit code 2; it wrote last: error: no",
        ),
        (outcome(returncode=-11), "killed by signal 11 (SIGSEGV): a fault in a compiled library"),
        (outcome(returncode=-35), "killed by signal 35 (unknown);"),
        (outcome("wall time"), "stopped after 60 s of wall time"),
        (outcome("memory"), "more than 8 GB of memory"),
        (
            outcome("could not start", stderr=b"\nunshare: Operation not permitted"),
            "could not start: unshare: Op",
        ),
        (outcome(returncode=1, stderr=b"\x1b[31m\xffRED" + b"x" * 999), "wrote last: [31m\ufffdRED"),
    ],
)
def test_one_line_says_why(told, is_told):
    assert is_told in told.explain() and "\n" not in told.explain() and len(told.explain()) < 300


@pytest.mark.parametrize("reason", STOPPED)
def test_what_was_measured_is_not_told(reason):
    one, other = outcome(reason), outcome(reason, seconds=2.0, peak_bytes=2)
    assert one.explain() == other.explain() and not one.ok


def test_sizes_are_short():
    assert [size(count) for count in (0, 1023, 1 << 10, 3 << 29, 8 << 30)] == [
        "0 bytes",
        "1023 bytes",
        "1 kB",
        "1.5 GB",
        "8 GB",
    ]
