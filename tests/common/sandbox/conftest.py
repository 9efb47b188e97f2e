"""How the tests run a stranger's program: `inside(source)`, with small limits."""

from __future__ import annotations

import os
import textwrap
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.sandbox import Limits, Outcome, missing, run

SMALL = {
    "wall_seconds": 5.0,
    "cpu_seconds": 5.0,
    "memory_bytes": 256 << 20,
    "file_bytes": 8 << 20,
    "out_bytes": 4 << 20,
    "out_files": 50,
    "tmp_bytes": 4 << 20,
    "processes": 32,
    "printed_bytes": 100_000,
}


@dataclass
class Ground:
    """The folders of one run, and a word that marks its processes on the host."""

    code: Path
    inputs: Path
    out: Path
    marker: str

    def run(self, source: str, *, extra_env: dict[str, str] | None = None, **limits: float) -> Outcome:
        """Run Python source in the sandbox; what it left lies in `out`."""
        return run(
            self.command(source),
            code=self.code,
            inputs=self.inputs,
            out=self.out,
            limits=Limits(**(SMALL | limits)),
            extra_env=extra_env,
        )

    def command(self, source: str) -> list[str]:
        return ["python", "-S", "-c", f"{textwrap.dedent(source)}\n# {self.marker}"]

    def answers(self, source: str, **limits: float) -> str:
        """What the source printed, which must end well."""
        outcome = self.run(source, **limits)
        assert outcome.ok, (outcome.explain(), outcome.stderr.decode())
        return outcome.stdout.decode().strip()

    def alive(self) -> list[int]:
        """The processes on the host that carry our marker."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if self.marker.encode() in words and int(process.name) != os.getpid():
                found.append(int(process.name))
        return found


@pytest.fixture
def ground(tmp_path) -> Ground:
    for name in ("code", "inputs"):
        (tmp_path / name).mkdir()
    (tmp_path / "inputs" / "a.txt").write_text("an input", encoding="utf-8")
    return Ground(tmp_path / "code", tmp_path / "inputs", tmp_path / "out", f"marker-{uuid.uuid4().hex}")


@pytest.fixture
def inside(ground) -> Ground:
    """As `ground`, where there is a sandbox."""
    if reason := missing():
        pytest.skip(reason)
    return ground
