"""What a command sees and finds: its own folders, the system, and nothing else of the host."""

from __future__ import annotations

import json
import os
import sys

import pytest

FOLDERS = {"submission", "inputs", "out", "tmp", "home", "dev", "proc", "usr", "etc"}
WRITABLE = {"/out", "/tmp", "/dev/shm", "/home/student", "/proc"}
DEVICES = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}
MAY_BE_THERE = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "sys"}


def test_it_reads_its_code_and_inputs_and_leaves_files(inside):
    (inside.code / "helper.py").write_text("WORD = 'helped'", encoding="utf-8")
    printed = inside.answers(
        """
        import helper, os, sys, pathlib
        os.makedirs("/out/sub")
        pathlib.Path("/out/sub/answer.txt").write_text(helper.WORD + open("/inputs/a.txt").read())
        print(os.getcwd(), sys.stdin.read() == "", os.getpid(), os.getuid() > 0, os.uname().nodename)
        """
    )
    assert printed == "/submission True 2 True sandbox"
    assert [path.name for path in inside.out.rglob("*")] == ["sub", "answer.txt"]
    assert (inside.out / "sub" / "answer.txt").read_text(encoding="utf-8") == "helpedan input"


def test_files_that_only_the_owner_may_read_are_read(inside):
    (inside.code / "private").mkdir(mode=0o700)
    (inside.code / "private" / "a.py").write_text("print('read')", encoding="utf-8")
    (inside.code / "private" / "a.py").chmod(0o600)
    inside.code.chmod(0o700)
    assert inside.answers("import private.a") == "read"


def test_nothing_else_of_the_host_is_visible(inside, tmp_path):
    (tmp_path / "secret.txt").write_text("labels", encoding="utf-8")
    printed = inside.answers(
        f"""
        import json, os
        system = {("/proc", "/sys", "/usr", sys.prefix, sys.base_prefix)!r}
        found = []
        for folder, folders, names in os.walk("/"):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in system]
            found += [name for name in names if name == "secret.txt"]
        empty = [os.listdir("/tmp"), os.listdir("/out"), os.listdir(os.environ["HOME"])]
        users = open("/etc/passwd").read().count(":x:")
        print(json.dumps([os.listdir("/"), found, os.path.exists({str(tmp_path)!r}), users, empty]))
        """
    )
    names, found, exists, users, empty = json.loads(printed)
    python = [path.split("/") for path in (sys.prefix, sys.base_prefix)]
    assert set(names) >= FOLDERS and set(names) - FOLDERS - MAY_BE_THERE <= {parts[1] for parts in python}
    in_tmp = sorted({parts[2] for parts in python if parts[1] == "tmp"})  # where a checkout may lie, too
    assert (found, exists, users, empty) == ([], False, 1, [in_tmp, [], []])


def test_the_repository_of_the_grader_is_not_imported(inside):
    """The virtual environment knows the way to it (an editable install), which leads nowhere in here."""
    outcome = inside.run("import site; site.main(); import common.sandbox, os, pwd")
    assert outcome.returncode == 1 and b"No module named 'common'" in outcome.stderr


def test_no_mount_gives_rights_and_few_can_be_written(inside):
    mounts = [line.split() for line in inside.answers("print(open('/proc/self/mounts').read())").splitlines()]
    options = {place: set(words.split(",")) for _, place, _, words, *_ in mounts}
    assert all("nosuid" in words for words in options.values())
    assert {place for place, words in options.items() if "nodev" not in words} == DEVICES
    assert {place for place, words in options.items() if "ro" not in words} == WRITABLE
    assert {"/", "/submission", "/inputs", "/usr"} <= options.keys()


@pytest.mark.parametrize("place", ["/submission", "/inputs", "/usr", "/", "/etc", "/proc/sys/kernel", "/dev"])
def test_it_writes_nowhere_else(inside, place):
    printed = inside.answers(
        f"""
        import os
        for change in (
            lambda: open("{place}/new", "w"),
            lambda: os.mkdir("{place}/folder"),
            lambda: os.chmod("{place}", 0o777),
        ):
            try:
                change()
                print("changed")
            except OSError:
                pass
        """
    )
    assert printed == ""


def test_inputs_can_be_neither_changed_nor_replaced(inside):
    printed = inside.answers(
        """
        import os
        for change in (
            lambda: open("/inputs/a.txt", "r+"),
            lambda: os.unlink("/inputs/a.txt"),
            lambda: os.rename("/inputs/a.txt", "/tmp/a"),
            lambda: os.link("/inputs/a.txt", "/out/a"),
        ):
            try:
                change()
                print("changed")
            except OSError:
                pass
        """
    )
    assert printed == "" and (inside.inputs / "a.txt").read_text(encoding="utf-8") == "an input"


def test_the_environment_holds_nothing_of_ours(inside, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "do not tell")
    printed = inside.run("import os; print(dict(os.environ))", extra_env={"ROUND": "main"}).stdout.decode()
    assert (
        "do not tell" not in printed
        and "'ROUND': 'main'" in printed
        and "'PYTHONPATH': '/submission'" in printed
    )


def test_no_descriptor_is_inherited(inside, tmp_path):
    (tmp_path / "secret.txt").write_text("labels", encoding="utf-8")
    with (tmp_path / "secret.txt").open() as file:
        os.set_inheritable(file.fileno(), True)
        assert (
            inside.answers("import os; print(sorted(os.listdir('/proc/self/fd')))") == "['0', '1', '2', '3']"
        )


def test_only_its_own_processes_are_visible(inside):
    printed = inside.answers(
        f"""
        import os
        print([name for name in os.listdir("/proc") if name.isdigit()])
        for path in ("1/environ", "1/mem", "1/fd/3", "1/root/tmp", "{os.getpid()}/mem"):
            print("opened" if os.path.exists(f"/proc/{{path}}") else "hidden")
        """
    )
    assert printed.split("\n") == ["['2']", *["hidden"] * 5]


def test_the_program_has_no_frames_or_modules_of_the_grader(inside):
    printed = inside.answers(
        """
        import sys
        frame, depth = sys._getframe(), 0
        while frame := frame.f_back:
            depth += 1
        print(depth, [name for name in ("pytest", "common", "grading") if name in sys.modules])
        """
    )
    assert printed == "0 []"


def test_signals_and_umask_are_as_usual(inside):
    umask, *status = inside.answers(
        "import os; print(oct(os.umask(0))); print(open('/proc/self/status').read())"
    ).splitlines()
    assert umask == "0o22" and "SigBlk:\t0000000000000000" in status
