"""When a run is over nothing of it is left: no process, no mount, no file but what is fetched from /out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

DAEMON = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                open("/out/late", "a").write("x")
                open("/tmp/late", "a").write("x")
                time.sleep(0.01)
        os._exit(0)
    os.wait()
    time.sleep(0.2)
"""


def test_a_process_that_outlives_its_parent_dies_with_the_run(inside):
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    outcome = inside.run(DAEMON)
    assert outcome.ok and outcome.seconds < 2
    assert inside.alive() == []
    size = (inside.out / "late").stat().st_size
    time.sleep(0.1)
    assert (inside.out / "late").stat().st_size == size > 0
    assert Path("/proc/mounts").read_text(encoding="utf-8") == mounts


def test_no_file_is_left_outside(inside, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    inside.run("open('/tmp/x', 'w').write('x'); open('/dev/shm/x', 'w').write('x'); print(1)")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["code", "inputs", "out", "temporary"]
    assert not any(inside.out.iterdir()) and not Path("/dev/shm/x").exists()


def test_descriptors_of_ours_are_closed(inside):
    inside.run("print(1)")
    before = len(os.listdir("/proc/self/fd"))
    for source in ("print(1)", "import os; os.abort()"):
        inside.run(source)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("how", ["_exit", "atexit", "exec"])
def test_an_early_exit_leaves_only_files_that_count(inside, how):
    ends = {
        "_exit": "import os; print('100 passed', flush=True); os._exit(0)",
        "atexit": "import atexit, os; atexit.register(lambda: os._exit(0)); raise SystemExit('forged')",
        "exec": "import os; os.execv('/bin/true', ['PASSED'])",
    }
    outcome = inside.run(ends[how])
    assert outcome.ok and list(inside.out.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_dies_with_the_grader(inside, number):
    program = (
        "import sys; from pathlib import Path; from common.sandbox import run\n"
        "code, inputs, out, source = sys.argv[1:]\n"
        "run(['python', '-S', '-c', source], code=Path(code), inputs=Path(inputs), out=Path(out))"
    )
    folders = [str(folder) for folder in (inside.code, inside.inputs, inside.out)]
    source = f"import time; time.sleep(60)  # {inside.marker}"
    grader = subprocess.Popen(
        [sys.executable, "-c", program, *folders, source], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        assert until(lambda: len(inside.alive()) == 2)  # the grader and the command
        grader.send_signal(number)
        grader.wait(timeout=10)
        assert until(lambda: not inside.alive())
    finally:
        grader.kill()
        grader.wait()


def until(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
