"""Mini data: made once, by one process, never half."""

from __future__ import annotations

import multiprocessing
import time
from functools import partial

import pytest

from common import mini_data


def make(folder, *, seconds: float = 0.0, stop: bool = False) -> None:
    """A maker that notes how often it was called and can be interrupted."""
    folder.mkdir(exist_ok=True)
    with (folder / "calls").open("a") as calls:
        calls.write("called\n")
    time.sleep(seconds)
    if stop:
        raise KeyboardInterrupt
    (folder / "done").write_text("all")


ensure = partial(mini_data.ensure, make=partial(mini_data.make_once, make=make), name="mini", cost="a day")


@pytest.mark.parametrize(("quick", "what"), [(False, "making mini in"), (True, "making a small mini in")])
def test_made_once_and_said(tmp_path, capsys, quick, what):
    root = tmp_path / "data" / "mini"
    assert ensure(None, root, quick=quick) == ensure(None, root, quick=quick) == root
    assert (root / "calls").read_text() == "called\n"
    assert capsys.readouterr().err == f"no --data given: {what} {root} (once, a day)\n"


def test_a_given_folder_is_taken_as_it_is(tmp_path, capsys):
    assert ensure(tmp_path / "other", tmp_path / "mini", quick=False) == tmp_path / "other"
    assert not list(tmp_path.iterdir()) and not capsys.readouterr().err


def test_what_was_interrupted_does_not_count_and_is_gone_on_with(tmp_path):
    root = tmp_path / "mini"
    with pytest.raises(KeyboardInterrupt):
        mini_data.make_once(root, partial(make, stop=True))
    assert not root.exists()
    mini_data.make_once(root, make)
    assert (root / "calls").read_text() == 2 * "called\n" and (root / "done").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mini.lock", "mini"]


def test_of_several_processes_one_makes_and_the_others_wait(tmp_path):
    root = tmp_path / "mini"
    slowly = partial(make, seconds=0.3)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=mini_data.make_once, args=(root, slowly)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert (root / "calls").read_text() == "called\n"
