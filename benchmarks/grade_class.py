"""How long a class takes: 60 hand-ins made of one, ten of them hostile, graded by `python -m grading run`.

    python -m common.handin pack hw0 --student-id r12345678 --run runs/hw0/cnn
    python benchmarks/grade_class.py handin/r12345678_hw0.zip                # on the mini data
    python benchmarks/grade_class.py handin/r12345678_hw0.zip --quick        # minutes
    python benchmarks/grade_class.py handin/r12345678_hw0.zip --kill-at 20   # killed, then called again

The honest ones differ from the given one in their weights, code and report. Memory is the sum over all
processes, what they share divided among them (PSS, Linux), looked at twice a second.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import runpy
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tyro

from common import cli
from common.assignments import find
from common.cli import UserError
from grading.classroom.processes import descendants

ROOT = Path(__file__).resolve().parents[1]
MISCHIEF = ROOT / "tests" / "grading" / "mischief.py"
BOMB_BYTES = 1_200_000_000  # of zeros
EVERY = 0.5  # seconds between two looks at the memory
GIGABYTE = 1e9

# What the ten do: the first three break a rule of the intake, the others are run. Their code is the tests'.
ARCHIVES = ("zip slip", "zip bomb", "symlink")
CODE = {
    "endless loop": "hang",
    "fork bomb": "fork",
    "10 GB": "allocate",
    "endless output": "flood",
    "daemon": "outlive",
    "forged output": "forge",
    "network": "network",
}

Files = dict[str, bytes]


@dataclass
class BenchmarkConfig:
    """Grade a class that is made of one hand-in."""

    base: tyro.conf.Positional[Path]
    """A hand-in that `python -m common.handin pack` wrote."""
    count: int = 60
    """Hand-ins, ten hostile ones among them."""
    jobs: int = 2
    """Hand-ins graded at once."""
    data: Path | None = None
    """Test data; default: the mini data."""
    quick: bool = False
    """The tiny variant of the mini data."""
    wall_seconds: float = 120.0
    """Seconds that a run of a hand-in may take; three of the hostile ones take them all."""
    kill_at: int = 0
    """Kill the run (SIGKILL) when so many are graded, and call it again; 0: do not."""
    keep: Path | None = None
    """Folder for the hand-ins and what comes of them; default: a temporary one."""


@dataclass
class Measured:
    """A finished call."""

    seconds: float = 0.0
    peak_bytes: float = 0.0
    graded: list[int] = field(default_factory=list)
    """How many hand-ins were graded at the end of each call."""


def main(config: BenchmarkConfig) -> int:
    cli.at_least(11, count=config.count)
    with tempfile.TemporaryDirectory(prefix="class-", ignore_cleanup_errors=True) as nowhere:
        folder = config.keep or Path(nowhere)
        zips, out = folder / "zips", folder / "out"
        zips.mkdir(parents=True, exist_ok=True)
        kinds = make_class(config.base, zips, config.count)
        command = run_command(zips, out, json.loads(read_zip(config.base)["MANIFEST.json"]), config)
        measured = Measured()
        if config.kill_at:
            call(command, out, measured, kill_at=config.kill_at)
        status = call(command, out, measured)
        report(out, kinds, measured, config)
    return status


# ---- a class out of one hand-in


def make_class(base: Path, folder: Path, count: int) -> dict[str, str]:
    """Write the zips; returns what each student id is: "honest" or one of the ten."""
    files = read_zip(base)
    record = json.loads(files["MANIFEST.json"])
    package = find(record["assignment"]).folder.as_posix()
    hostile = [*ARCHIVES, *CODE]
    kinds = {}
    for number in range(count):
        # Spread over the class, so that honest ones are graded beside each of them.
        place, rest = divmod(number, count // len(hostile))
        kind = hostile[place] if rest == 0 and place < len(hostile) else "honest"
        student_id = f"b{number:08d}"
        kinds[student_id] = kind
        own = variation(files, record["student_id"], student_id, package, number)
        if kind in CODE:
            spoil(own, package, CODE[kind])
        own["MANIFEST.json"] = manifest(own, record, student_id)
        write_zip(folder / f"{student_id}_{record['assignment']}.zip", own, kind)
    return kinds


def read_zip(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def variation(files: Mapping[str, bytes], old: str, new: str, package: str, number: int) -> Files:
    """The files of another student: slightly other weights, a comment in each module, another report."""
    own = {}
    for name, data in files.items():
        if name == "model/model.safetensors":
            data = disturbed(data, seed=number)
        elif name.startswith(f"{package}/") and name.endswith(".py"):
            data += f"\n# Written by {new}.\n".encode()
        elif name.endswith("_report.pdf"):
            data += f"% {new}\n".encode()  # a comment, after the end
        elif name == "README.md":
            data = data.replace(old.encode(), new.encode())
        own[name.replace(f"{old}_report.pdf", f"{new}_report.pdf")] = data
    return own


def disturbed(data: bytes, *, seed: int) -> bytes:
    """A safetensors file with its float32 tensors changed by a thousandth."""
    [length] = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    body = bytearray(data[8 + length :])
    rng = np.random.default_rng(seed)
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            values = np.frombuffer(body[first:last], np.float32)
            factors = 1 + 1e-3 * rng.standard_normal(len(values), dtype=np.float32)
            body[first:last] = (values * factors).tobytes()
    return data[: 8 + length] + bytes(body)


def spoil(files: Files, package: str, behaviour: str) -> None:
    """Put mischief into the inference command, where it runs as soon as that begins."""
    code = runpy.run_path(str(MISCHIEF))["CODE"][behaviour]
    name = f"{package}/infer.py"
    imports = "import json\nimport sys\nfrom pathlib import Path\n\n"
    before, main, after = files[name].decode().partition('if __name__ == "__main__":')
    if not main:
        raise UserError(f"{name}: has no main guard; this benchmark puts its mischief before it")
    files[name] = (before + imports + code + main + after).encode()


def manifest(files: Files, record: dict, student_id: str) -> bytes:
    """The manifest of the changed files."""
    listed = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in sorted(files.items())
        if name != "MANIFEST.json"
    }
    return json.dumps(record | {"student_id": student_id, "files": listed}, indent=2).encode()


def write_zip(path: Path, files: Files, kind: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
        if kind == "zip slip":
            archive.writestr("../outside.py", "print('outside')\n")
        if kind == "symlink":
            link = zipfile.ZipInfo("common/link.py")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
        if kind == "zip bomb":
            with archive.open("model/zeros.json", "w", force_zip64=True) as zeros:
                for _ in range(BOMB_BYTES // 10_000_000):
                    zeros.write(bytes(10_000_000))


# ---- the run, watched


def run_command(zips: Path, out: Path, record: dict, config: BenchmarkConfig) -> list[str]:
    command = [sys.executable, "-m", "grading", "run", str(zips), "--assignment", record["assignment"]]
    command += ["--out", str(out), "--jobs", str(config.jobs), "--wall-seconds", str(config.wall_seconds)]
    command += ["--data", str(config.data.resolve())] if config.data else []
    return command + (["--quick"] if config.quick else [])


def call(command: list[str], out: Path, measured: Measured, *, kill_at: int = 0) -> int:
    """Run the command, and look at its memory; kill it when so many hand-ins are graded, if asked to."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    while process.poll() is None:
        pids = [process.pid, *descendants(process.pid)]
        measured.peak_bytes = max(measured.peak_bytes, sum(map(shared_bytes, pids)))
        if kill_at and graded(out) >= kill_at:
            process.kill()
        time.sleep(EVERY)
    measured.seconds += time.perf_counter() - start
    measured.graded.append(graded(out))
    return process.returncode


def graded(out: Path) -> int:
    return len(list(out.glob("hand_ins/*/done.json")))


def shared_bytes(pid: int) -> int:
    """Memory of a process, its part of what it shares; 0 if it is gone or may not be asked."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except OSError:
        return 0


def report(out: Path, kinds: dict[str, str], measured: Measured, config: BenchmarkConfig) -> None:
    """The hostile ones one by one, the others together; then time and memory."""
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    honest = [rows[one]["final_score"] for one, kind in kinds.items() if kind == "honest" and one in rows]
    print(f"\n{'hostile':16} {'status':10} {'score':>6}")
    for student_id, kind in kinds.items():
        if kind != "honest":
            row = rows.get(student_id, {"status": "no result", "final_score": ""})
            print(f"{kind:16} {row['status']:10} {row['final_score']:>6}")
    scores = ", ".join(f"{count} x {score}" for score, count in Counter(honest).most_common())
    print(f"{len(honest)} honest ones: {scores}")
    print(f"{len(rows)} of {config.count} hand-ins have a result; graded after each call: {measured.graded}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"wall time {measured.seconds:.1f} s with --jobs {config.jobs} on {cores} cores")
    print(f"memory at the peak {measured.peak_bytes / GIGABYTE:.2f} GB, all processes together")


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
