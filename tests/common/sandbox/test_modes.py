"""The ways to run: by an ordinary user, by root without user namespaces, and without any sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.cli import UserError
from common.sandbox import Limits, run, runner
from common.sandbox.identities import host_identity
from common.sandbox.namespaces import run_in_namespaces
from common.sandbox.plain import run_plainly

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_can_do_without_user_namespaces(inside):
    outcome = run_in_namespaces(
        inside.command(
            """
            import ctypes, os
            print(os.getuid() > 1000, os.listdir("/proc/self/fd"), ctypes.CDLL(None).unshare(0x10000000))
            open("/out/answer", "w").write("x")
            """
        ),
        code=inside.code,
        inputs=inside.inputs,
        out=inside.out.parent,
        limits=Limits(tmp_bytes=1 << 20),
        user_namespace=False,
    )
    assert outcome.stdout == b"True ['0', '1', '2', '3'] -1\n", outcome.stderr
    assert (inside.out.parent / "answer").read_text(encoding="utf-8") == "x"


AS_A_USER = """
import json, sys
from pathlib import Path
from common.sandbox import Limits, run

code, inputs, out = map(Path, sys.argv[1:4])
outcome = run(json.loads(sys.argv[4]), code=code, inputs=inputs, out=out, limits=Limits(tmp_bytes=1 << 20))
print(outcome.stdout.decode(), outcome.explain(), [path.name for path in out.iterdir()])
"""

ATTACK_PROCESS_1 = """
import os, signal
for attempt in (
    lambda: os.open("/proc/1/fd/3", os.O_RDWR),
    lambda: open("/proc/1/mem", "rb"),
    lambda: open("/proc/1/environ", "rb"),
    lambda: open("/submission/x", "w"),
):
    try:
        attempt()
        print("possible")
    except OSError:
        pass
for number in signal.valid_signals():
    os.kill(1, number)  # allowed, but process 1 takes no signal from inside
open("/out/answer", "w").close()
print(os.getuid())
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs util-linux")
def test_a_user_who_can_be_nobody_else_has_a_sandbox_too(inside):
    """In `unshare --user` we are an ordinary user, and the command is the same one, but without rights."""
    words = [str(inside.code), str(inside.inputs), str(inside.out)]
    words.append(json.dumps(inside.command(ATTACK_PROCESS_1)))
    done = subprocess.run(
        ["unshare", "--user", "--map-user=1234", "--map-group=1234", sys.executable, "-c", AS_A_USER, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.stderr.startswith("unshare: "):
        pytest.skip(done.stderr.strip())
    assert done.stdout == "1000\n finished ['answer']\n", done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_grades_what_lies_in_a_closed_folder_of_somebody_else(inside, tmp_path):
    (tmp_path / "home").mkdir()
    code = inside.code.rename(tmp_path / "home" / "code")
    (code / "program.py").write_text("print('read')", encoding="utf-8")
    for path in (code / "program.py", code, tmp_path / "home"):
        os.chown(path, 4321, 4321)
        path.chmod(0o700)
    outcome = run(["python", "program.py"], code=code, inputs=inside.inputs, out=inside.out)
    assert outcome.stdout == b"read\n", outcome.explain()


def test_each_run_of_root_is_somebody_else(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for text in ("0 0 4294967295", "0 100000 65536\n", "0 1000 1\n1 100000 65536"):
        monkeypatch.setattr(Path, "read_text", lambda path, text=text: text)
        ids = {host_identity(launcher) for launcher in range(5000, 5100)}
        assert len(ids) == 100 and min(ids) > 1000
    monkeypatch.setattr(Path, "read_text", lambda path: "0 1000 1")
    assert host_identity(5000) is None


def test_what_cannot_be_started_is_told(inside):
    outcome = run(["no-such-program"], code=inside.code, inputs=inside.inputs, out=inside.out)
    assert outcome.reason == "could not start" and outcome.returncode is None
    assert outcome.explain() == "could not start: no-such-program: No such file or directory"


def test_without_namespaces_it_must_be_asked_for(ground, monkeypatch):
    monkeypatch.setattr(runner, "missing", lambda: "namespaces exist on Linux only, this is darwin")
    folders = {"code": ground.code, "inputs": ground.inputs, "out": ground.out}
    with pytest.raises(UserError, match="no sandbox: namespaces exist on Linux only.*--unsafe"):
        run(["python", "-c", ""], **folders)
    outcome = run(["python", "-S", "-c", "open('done', 'w')"], **folders, unsafe=True)
    assert outcome.ok and list(ground.code.iterdir()) == []  # it worked on a copy


def test_folders_are_checked_first(ground):
    with pytest.raises(UserError, match="nowhere: no such folder"):
        run(["true"], code=ground.code, inputs=ground.code / "nowhere", out=ground.out)
    with pytest.raises(UserError, match="is not empty"):
        run(["true"], code=ground.code, inputs=ground.inputs, out=ground.inputs)


def plainly(ground, source: str, **limits: float):
    ground.out.mkdir()
    command = [*ground.command(source), "/inputs/a.txt", "/out", "--out=/out"]
    return run_plainly(
        command, code=ground.code, inputs=ground.inputs, out=ground.out, limits=Limits(**limits)
    )


def test_an_unsafe_run_finds_copies_and_a_clean_environment(ground, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "do not tell")
    outcome = plainly(
        ground,
        """
        import os, sys
        open(sys.argv[2] + "/answer", "w").write(open(sys.argv[1]).read())
        print("SECRET_TOKEN" in os.environ, os.path.basename(os.getcwd()), sys.argv[3])
        print(sorted(os.listdir("/dev/fd")))
        """,
    )
    assert outcome.stdout == b"False submission --out=/out\n['0', '1', '2', '3']\n", outcome.stderr
    assert (ground.out / "answer").read_text(encoding="utf-8") == "an input"


@pytest.mark.parametrize(
    ("reason", "source", "limits"),
    [
        ("wall time", "import os, time; os.fork(); time.sleep(60)", {"wall_seconds": 0.3}),
        ("output", "while True: print('x' * 1000)", {"printed_bytes": 1000}),
        ("processor time", "while True: pass", {"cpu_seconds": 1}),
    ],
)
def test_an_unsafe_run_has_limits_too(ground, reason, source, limits):
    begun = time.monotonic()
    outcome = plainly(ground, source, **limits)
    assert (outcome.reason, outcome.returncode) == (reason, None)
    assert time.monotonic() - begun < 5 and ground.alive() == []


def test_an_unsafe_run_ends_what_it_left_in_its_group(ground):
    outcome = plainly(ground, "import os, time; os.fork() or time.sleep(60)")
    assert outcome.ok and outcome.seconds < 5 and ground.alive() == []
