"""The frame of a command: exit codes, one line per error, presets."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from common import cli
from common.cli import UserError

ROOT = Path(__file__).parents[2]


@dataclass
class Training:
    epochs: int = 3
    """Passes (count)."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UserError(f"--epochs is {self.epochs}; give at least 1")


@dataclass(kw_only=True)
class Options:
    preset: str = "default"
    rate: float = 0.5
    training: Training = field(default_factory=Training)


PRESETS = {"default": Options(), "quick": Options(preset="quick", rate=0.1, training=Training(1))}


def run(*argv: str, main=lambda options: None, presets=None) -> tuple[int, list[Options]]:
    """Exit code, and the options that `main` saw."""
    seen = []

    def remember(options: Options) -> int | None:
        seen.append(options)
        return main(options)

    with pytest.raises(SystemExit) as caught:
        cli.run(remember, Options, list(argv), presets=presets)
    return caught.value.code or 0, seen


def raising(error: BaseException):
    def main(_options):
        raise error

    return main


def test_options_of_an_inner_dataclass_need_no_prefix():
    assert run("--epochs", "9", "--rate", "1") == (0, [Options(rate=1.0, training=Training(9))])


def test_the_exit_code_of_main_is_kept():
    assert run(main=lambda options: 1)[0] == 1


def test_an_unknown_option_is_answered_with_the_nearest(capsys):
    code, seen = run("--epoch", "9")
    assert code == 2 and not seen
    errors = capsys.readouterr().err
    assert (
        "Unrecognized options: --epoch" in errors and "--epochs INT" in errors and "Traceback" not in errors
    )


def test_a_value_of_the_wrong_type(capsys):
    assert run("--epochs", "many")[0] == 2
    assert "--epochs" in capsys.readouterr().err


def test_a_value_that_the_config_refuses_is_one_line(capsys):
    assert run("--epochs", "0") == (2, [])
    assert capsys.readouterr().err == "error: --epochs is 0; give at least 1\n"


@pytest.mark.parametrize("argv", [("--preset", "quick"), ("--preset=quick",)])
def test_a_preset_gives_defaults_that_options_override(argv):
    assert run(*argv, presets=PRESETS)[1] == [PRESETS["quick"]]
    expected = Options(preset="quick", rate=0.1, training=Training(5))
    assert run("--epochs", "5", *argv, presets=PRESETS)[1] == [expected]
    assert run(presets=PRESETS)[1] == [Options()]


def test_an_option_that_decides_over_others_is_found_before_parsing():
    for argv in (["--model", "svm"], ["--model=svm"], ["--model", "cnn", "--rate", "1", "--model", "svm"]):
        assert cli.chosen(argv, "--model", default="cnn") == "svm"
    for argv in ([], ["--models", "svm"], ["x--model", "svm"], ["--model"], ["--name", "model=svm"]):
        assert cli.chosen(argv, "--model", default="cnn") == "cnn"


def test_a_user_error_is_one_line(capsys):
    assert run(main=raising(UserError("a.wav: empty; give another")))[0] == 2
    assert capsys.readouterr().err == "error: a.wav: empty; give another\n"


def test_a_user_error_from_a_worker_process_is_one_line_too(capsys):
    relayed = (
        "Caught AudioError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
        '  File "x.py", line 1, in f\ncommon.audio.AudioError: a.wav: empty; give another\n'
    )
    assert run(main=raising(UserError(relayed)))[0] == 2
    assert capsys.readouterr().err == "error: a.wav: empty; give another\n"


@pytest.mark.parametrize("place", [("--debug", "--rate", "1"), ("--rate", "1", "--debug")])
def test_debug_shows_the_traceback_as_well(capsys, place):
    assert run(*place, main=raising(UserError("a.wav: empty; give another")))[0] == 2
    errors = capsys.readouterr().err
    assert errors.startswith("Traceback") and errors.endswith("error: a.wav: empty; give another\n")


def test_ctrl_c_passes_the_hint_on(capsys):
    assert run(main=raising(KeyboardInterrupt("the same command goes on after epoch 3")))[0] == 130
    assert capsys.readouterr().err == "\ninterrupted: the same command goes on after epoch 3\n"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "run/x: the disk is full"),
        (errno.EACCES, "run/x: no permission"),
        (errno.ENOENT, "run/x: no such file"),
        (errno.ENOTDIR, "run/x: a file stands where a folder is needed"),
        (errno.EISDIR, "run/x: is a folder"),
    ],
)
def test_faults_of_the_machine_are_one_line(capsys, number, message):
    assert run(main=raising(OSError(number, os.strerror(number), "run/x")))[0] == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"error: {message}") and errors.count("\n") == 1


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.guarded(lambda: 1 // 0)
    with pytest.raises(OSError, match="unheard of"):
        cli.guarded(lambda: (_ for _ in ()).throw(OSError(errno.EXDEV, "unheard of")))


# ---- real processes ----


def start(tmp_path: Path, body: str, **options) -> subprocess.Popen:
    script = tmp_path / "command.py"
    script.write_text(
        '"""Say many things."""\nimport dataclasses, time\nfrom common import cli\n'
        "@dataclasses.dataclass\nclass Options: pass\n"
        f"def main(options):\n{textwrap.indent(textwrap.dedent(body), '    ')}\ncli.run(main, Options)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(script)], env=environment, text=True, stderr=subprocess.PIPE, **options
    )


def test_the_help_names_a_module_as_it_was_typed():
    done = subprocess.run(
        [sys.executable, "-m", "common.handin", "pack", "--help"], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )
    assert done.stdout.startswith("usage: python -m common.handin pack [-h]")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
def test_a_disk_that_is_really_full(tmp_path):
    process = start(tmp_path, "with open('/dev/full', 'w') as file:\n    file.write('x')")
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert "the disk is full" in errors and errors.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    process = start(tmp_path, "for number in range(10**6):\n    print(number)", stdout=subprocess.PIPE)
    assert process.stdout.readline() == "0\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 141


def test_options_below_the_least_are_named():
    cli.at_least(0, batch_size=0, workers=2)
    with pytest.raises(UserError, match="--batch-size is 0; give at least 1"):
        cli.at_least(1, workers=2, batch_size=0)


def test_what_the_screen_cannot_show_is_escaped(tmp_path):
    process = start(tmp_path, "print('caf\\udce9')", stdout=subprocess.PIPE)
    assert process.communicate(timeout=60)[0] == "caf\\udce9\n"
    assert process.returncode == 0


@pytest.mark.parametrize(("rank", "tidied"), [("0", True), ("1", False)])
def test_further_processes_of_torchrun_leave_at_once_with_their_code(rank, tidied):
    """What is registered for the exit, such as taking down connections, runs in the first process alone."""
    code = (
        "import atexit; from common import cli; atexit.register(print, 'tidied'); print('done'); cli.leave(2)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "RANK": rank}, capture_output=True, text=True
    )
    assert result.returncode == 2 and result.stderr == ""
    assert result.stdout.split() == (["done", "tidied"] if tidied else ["done"])
