"""Programs that want too much are ended, and the reason is told."""

from __future__ import annotations

import time

import pytest

BOMBS = {  # reason -> program
    "wall time": ("import time; time.sleep(60)", {"wall_seconds": 0.3}),
    "processor time": (
        """
        import signal
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True: pass
        """,
        {"cpu_seconds": 0.3},
    ),
    "output": ("while True: print('PASSED ' * 1000)", {}),
    "processes": (
        """
        import os
        while True:
            try: os.fork()
            except OSError: pass
        """,
        {},
    ),
    "memory": (  # in children, each of which is within its own limit, under a name that pretends to be others
        """
        import ctypes, os, time
        ctypes.CDLL(None).prctl(15, b") R 1 1 1 1 (", 0, 0, 0)
        for _ in range(4):
            if os.fork() == 0: break
        block = bytearray(b"x") * (60 << 20)
        time.sleep(60)
        """,
        {"memory_bytes": 200 << 20},
    ),
}


@pytest.mark.parametrize("reason", BOMBS)
def test_it_is_ended_for_the_reason_that_is_told(inside, reason):
    source, limits = BOMBS[reason]
    begun = time.monotonic()
    outcome = inside.run(source, **limits)
    assert (outcome.reason, outcome.returncode, outcome.ok) == (reason, None, False)
    assert time.monotonic() - begun < 4 and inside.alive() == []


def test_what_was_printed_before_the_end_is_kept(inside):
    outcome = inside.run("print('x' * 200_000, flush=True); import time; time.sleep(9)", printed_bytes=1000)
    assert (outcome.reason, outcome.stdout, outcome.stderr) == ("output", b"x" * 1000, b"")


def test_a_huge_allocation_fails(inside):
    outcome = inside.run("bytearray(10_000_000_000)")
    assert (outcome.reason, outcome.returncode) == ("finished", 1)
    assert "out of memory (256 MB are allowed)" in outcome.explain()


def test_one_process_that_fills_memory_in_small_pieces_gets_no_more_than_allowed(inside):
    outcome = inside.run(
        """
        kept = []
        while True: kept.append(bytearray(1 << 20))
        """,
        memory_bytes=128 << 20,
    )
    assert not outcome.ok and 16 << 20 < outcome.peak_bytes < 200 << 20


def test_memory_that_processes_share_counts_once_before_they_are_ended(inside):
    outcome = inside.run(
        """
        import os, time
        block = bytearray(b"x") * (60 << 20)
        children = [os.fork() or time.sleep(0.5) or os._exit(0) for _ in range(4)]
        for _ in children: os.wait()
        """,
        memory_bytes=200 << 20,
    )
    assert outcome.ok, outcome.explain()
    assert outcome.peak_bytes > 200 << 20  # counted in each


def test_processor_time_of_many_short_children_adds_up(inside):
    outcome = inside.run(
        """
        import os, time
        while True:
            if os.fork() == 0:
                while time.process_time() < 0.1: pass
                os._exit(0)
            os.wait()
        """,
        cpu_seconds=0.5,
    )
    assert outcome.reason == "processor time" and outcome.seconds < 4


@pytest.mark.parametrize("folder", ["/out", "/tmp", "/dev/shm", "/home/student"])
def test_a_writable_folder_has_a_size(inside, folder):
    printed = inside.answers(
        f"""
        written = 0
        try:
            for number in range(20):
                with open(f"{folder}/{{number}}", "wb") as file:
                    written += file.write(bytes(1 << 20))
        except OSError as error:
            print(error.strerror, written >> 20)
        """
    )
    assert printed == f"No space left on device {4 if folder in ('/out', '/tmp') else 1}"


def test_a_file_has_a_length_and_a_process_few_files(inside):
    printed = inside.answers(
        """
        def attempt(action):
            try:
                action()
                print("done")
            except OSError as error:
                print(error.strerror)
        with open("/tmp/holes", "wb") as file:
            attempt(lambda: file.truncate(1 << 30))
        kept = []
        attempt(lambda: [kept.append(open("/inputs/a.txt")) for _ in range(100)])
        """,
        open_files=50,
    )
    assert printed.splitlines() == ["File too large", "Too many open files"]


def test_runs_at_the_same_time_share_no_limit_on_processes(inside, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from common.sandbox import Limits, run

    source = """
        import threading, time
        for _ in range(20): threading.Thread(target=time.sleep, args=(0.3,)).start()
        print(threading.active_count())
        """

    def one(number: int) -> bytes:
        return run(
            inside.command(source),
            code=inside.code,
            inputs=inside.inputs,
            out=tmp_path / f"out{number}",
            limits=Limits(processes=32, tmp_bytes=1 << 20),
        ).stdout

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(one, range(3))) == [b"21\n"] * 3
