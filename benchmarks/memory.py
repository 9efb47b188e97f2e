"""Memory and start-up time of the NSynth reader, against the number of notes.

    python benchmarks/memory.py [--out FILE.json]

Splits of several sizes, up to NSynth's 289 205 training notes, are laid out with links to a few recordings.
In a fresh process for each measurement a split is opened, twice to see the index cache work (large splits
have one), and shuffled batches are read with workers. Memory is the peak resident set of the main process,
and of the largest worker, which counts what it shares with the main process. The audio is in the disk cache.
Wants 300 000 inodes and 1.5 GB of disk for a minute or two; `--sizes 10000 100000` wants less.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from common import cli

RECORDINGS = 16
MEGABYTE = 1e6
HEADER = "    notes     import           cold open           warm open   first batch    training  a worker"
ROW = (
    "{notes:9,} {import_mb:7.0f} MB {cold_seconds:7.1f} s {cold_mb:6.0f} MB {warm_seconds:7.1f} s"
    " {warm_mb:6.0f} MB {first_batch_seconds:11.1f} s {read_mb:8.0f} MB {worker_mb:6.0f} MB"
)


@dataclass
class MemoryConfig:
    """Measure the reader on splits of several sizes."""

    sizes: tuple[int, ...] = (10_000, 100_000, 289_205)
    """Notes in each split; the last default is NSynth's training split."""
    batches: int = 100
    """Batches to read from each."""
    batch_size: int = 64
    """Notes in a batch."""
    workers: int = 2
    """Loader processes."""
    folder: Path | None = None
    """Where to lay out the splits; default: the system's temporary folder. Removed at the end."""
    out: Path | None = None
    """JSON file for the rows of the table."""


def main(config: MemoryConfig) -> None:
    rows = [measure(size, config) for size in config.sizes]
    print(HEADER)
    for row in rows:
        print(ROW.format(**row))
    smallest, largest = rows[0], rows[-1]
    growth = largest["read_mb"] - smallest["read_mb"]
    print(f"{largest['notes'] / smallest['notes']:.0f} times the notes: {growth:+.0f} MB at the peak")
    if config.out:
        config.out.write_text(json.dumps(rows, indent=1))


def measure(notes: int, config: MemoryConfig) -> dict[str, float]:
    """One row of the table: a split of `notes` notes, opened without and with the cache, then read."""
    with tempfile.TemporaryDirectory(dir=config.folder) as name:
        root = Path(name)
        lay_out(root, notes)
        cold = in_fresh_process(root, batches=0, config=config)
        warm = in_fresh_process(root, batches=0, config=config)
        read = in_fresh_process(root, batches=config.batches, config=config)
    return {
        "notes": notes,
        "import_mb": cold["import_mb"],
        "cold_seconds": cold["open_seconds"],
        "cold_mb": cold["peak_mb"],
        "warm_seconds": warm["open_seconds"],
        "warm_mb": warm["peak_mb"],
        "first_batch_seconds": read["first_batch_seconds"],
        "read_mb": read["peak_mb"],
        "worker_mb": read["worker_mb"],
    }


def lay_out(root: Path, notes: int) -> None:
    """Write nsynth-train with `notes` entries of NSynth's size whose recordings are links to a few files."""
    from hw0_note_classification.data import NUM_SAMPLES, SAMPLE_RATE

    rng = np.random.default_rng(0)
    audio = root / "nsynth-train" / "audio"
    audio.mkdir(parents=True)
    recordings = [root / f"recording_{number}.wav" for number in range(RECORDINGS)]
    for path in recordings:
        sf.write(path, rng.uniform(-0.5, 0.5, NUM_SAMPLES), SAMPLE_RATE, subtype="PCM_16")
    with (audio.parent / "examples.json").open("w") as file:
        for note in range(notes):
            entry = synthetic_entry(note)
            os.symlink(recordings[note % RECORDINGS], audio / f"{entry['note_str']}.wav")
            file.write(("{" if note == 0 else ",") + json.dumps({entry["note_str"]: entry}, indent=4)[1:-1])
        file.write("}")


def synthetic_entry(note: int) -> dict:
    """The entry number `note`: 440 notes for each instrument, all fields of NSynth."""
    from hw0_note_classification.data import FAMILIES

    instrument, within = divmod(note, 88 * 5)
    pitch, velocity = 21 + within // 5, (25, 50, 75, 100, 127)[within % 5]
    family = instrument % len(FAMILIES)
    instrument_str = f"{FAMILIES[family]}_synthetic_{instrument:03d}"
    return {
        "note": note,
        "note_str": f"{instrument_str}-{pitch:03d}-{velocity:03d}",
        "instrument": instrument,
        "instrument_str": instrument_str,
        "pitch": pitch,
        "velocity": velocity,
        "sample_rate": 16_000,
        "qualities": [0, 1, 0, 0, 0, 0, 0, 1, 0, 0],
        "qualities_str": ["dark", "percussive"],
        "instrument_family": family,
        "instrument_family_str": FAMILIES[family],
        "instrument_source": 2,
        "instrument_source_str": "synthetic",
    }


def in_fresh_process(root: Path, *, batches: int, config: MemoryConfig) -> dict[str, float]:
    """What `_probe` measures in a process of its own, whose peak memory nothing else has touched."""
    arguments = [str(number) for number in (batches, config.batch_size, config.workers)]
    command = [sys.executable, __file__, "--probe", str(root), *arguments]
    return json.loads(subprocess.check_output(command, text=True))


def _probe(root: Path, batches: int, batch_size: int, workers: int) -> dict[str, float]:
    from torch.utils.data import DataLoader

    from hw0_note_classification.data import NoteDataset, open_split

    import_mb = peak_megabytes(resource.RUSAGE_SELF)
    start = time.perf_counter()
    index, _ = open_split(root, "train")
    result = {"import_mb": import_mb, "open_seconds": time.perf_counter() - start}
    if batches:
        loader = DataLoader(NoteDataset(index), batch_size=batch_size, num_workers=workers, shuffle=True)
        for number, _ in zip(range(batches), loader, strict=False):
            if number == 0:
                result["first_batch_seconds"] = time.perf_counter() - start
    result["peak_mb"] = peak_megabytes(resource.RUSAGE_SELF)
    result["worker_mb"] = peak_megabytes(resource.RUSAGE_CHILDREN)
    return result


def peak_megabytes(who: int) -> float:
    """The largest resident set of this process, or of its largest child."""
    status = Path("/proc/self/status")
    if who == resource.RUSAGE_SELF and status.exists():  # ru_maxrss would start with the parent's
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / MEGABYTE
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, KiB elsewhere
    return resource.getrusage(who).ru_maxrss * unit / MEGABYTE


if __name__ == "__main__":
    if sys.argv[1:2] == ["--probe"]:
        print(json.dumps(_probe(Path(sys.argv[2]), *map(int, sys.argv[3:]))))
    else:
        cli.run(main, MemoryConfig)
