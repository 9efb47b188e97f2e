"""The demo runs its steps in order, stops where one fails, and tells what was made."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """The script as a module, in an empty repository, with steps that append to a file `order`."""
    spec = importlib.util.spec_from_file_location("demo", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "demo", module)
    spec.loader.exec_module(module)
    (tmp_path / "step.py").write_text(
        "import sys; open('order', 'a').write(' '.join(sys.argv[1:]) + '\\n')\nsys.exit(int(sys.argv[1]))\n"
    )
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "RESULTS", {"runs/demo": "a model"})
    return module


def test_steps_run_in_order_and_the_end_lists_what_was_made(demo, tmp_path, monkeypatch, capfd):
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "runs" / "demo" / "confusion.png").write_bytes(bytes(2_000_000))
    files = demo.Step(["step.py", "0", "second"], files=lambda: demo.spread("*.py"))
    monkeypatch.setattr(demo, "STEPS", [demo.Step(["step.py", "0", "first"]), files])
    assert demo.main() == 0
    assert (tmp_path / "order").read_text() == "0 first\n0 second step.py\n"
    out = capfd.readouterr().out
    assert "$ python step.py 0 second step.py\n" in out
    assert "a model (1 files, 2.0 MB)\n    runs/demo/confusion.png\n" in out


def test_a_failing_step_ends_the_demo_with_its_code(demo, tmp_path, monkeypatch, capfd):
    steps = [demo.Step(["step.py", "0"]), demo.Step(["step.py", "2"]), demo.Step(["step.py", "0", "never"])]
    monkeypatch.setattr(demo, "STEPS", steps)
    assert demo.main() == 2
    assert (tmp_path / "order").read_text() == "0\n2\n"
    captured = capfd.readouterr()
    assert "goes on from here (exit code 2)" in captured.err
    assert "Done" not in captured.out


@pytest.mark.parametrize(("available", "chosen"), [(0, []), (3, [0, 1, 2]), (12, [0, 2, 4, 6, 8, 10])])
def test_examples_are_spread_over_the_files(demo, tmp_path, available, chosen):
    for number in range(available):
        (tmp_path / f"{number:03d}.wav").touch()
    assert demo.spread("*.wav", 6) == [f"{number:03d}.wav" for number in chosen]
