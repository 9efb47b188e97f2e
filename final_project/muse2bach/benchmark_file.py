"""The JSB chorales benchmark, one file of JSON, plain or gzip: {"train", "valid", "test"}: lists of chorales.

    Jsb16thSeparated.json.gz      a chorale is a list of [soprano, alto, tenor, bass], one per sixteenth

Pitches are MIDI numbers, -1 is silence. Onsets, bars, fermatas and keys are not in it: a repeated note is as
a held one. Read as what a stranger gives: nothing but lists of integers, and no more than the limits below.
Sources: Boulanger-Lewandowski et al. 2012 (the split), Huang et al. 2017 (separate voices),
github.com/czhuang/JSB-Chorales-dataset (the file).
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from common.cli import UserError
from final_project.muse2bach.chorale import HIGHEST, LOWEST, SILENT, VOICES, Chorale

PARTS = ("train", "valid", "test")
ENDINGS = (".json", ".json.gz")
MOST_BYTES = 64 * 2**20  # of JSON; the benchmark has 1.8 MB
MOST_CHORALES = 20_000  # of all parts
MOST_FRAMES = 20_000  # of a chorale: over an hour


def benchmark_path(root: Path) -> Path | None:
    """The benchmark file that `root` names, or the one in the folder `root`; None if there is none.

    Errors: UserError for a folder with several.
    """
    if root.is_file():
        return root if root.name.endswith(ENDINGS) else None
    files = sorted(path for ending in ENDINGS for path in root.glob(f"Jsb*{ending}"))
    if len(files) > 1:
        raise UserError(f"{root}: {len(files)} files Jsb*.json; name the one to read")
    return files[0] if files else None


def read_benchmark(path: Path) -> dict[str, list[Chorale]]:
    """The chorales of each part, named by part and place: "test-003". Errors: UserError, one line."""
    content = _parse(path)
    if not isinstance(content, dict) or set(content) != set(PARTS):
        raise UserError(f"{path}: no JSB benchmark: not an object of {', '.join(PARTS)}; get the file anew")
    if not all(isinstance(chorales, list) for chorales in content.values()):
        raise UserError(f"{path}: no JSB benchmark: a part is no list of chorales; get the file anew")
    if (count := sum(map(len, content.values()))) > MOST_CHORALES:
        raise UserError(f"{path}: {count:,} chorales; at most {MOST_CHORALES:,} are read")
    return {
        part: [_chorale(frames, f"{part}-{place:03}", path) for place, frames in enumerate(content[part])]
        for part in PARTS
    }


def _parse(path: Path) -> Any:
    """The JSON value in the file, which may be compressed."""
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise UserError(f"{path}: over {MOST_BYTES // 2**20} MiB of JSON; the benchmark has 2")
        return json.loads(text)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be unpacked ({error}); get the file anew") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}); get the file anew") from None


def _chorale(frames: Any, name: str, path: Path) -> Chorale:
    if not isinstance(frames, list) or not 1 <= len(frames) <= MOST_FRAMES:
        raise UserError(f"{path}: {name} is no list of 1 to {MOST_FRAMES:,} frames; get the file anew")
    for number, frame in enumerate(frames):
        if not isinstance(frame, list) or len(frame) != len(VOICES) or not all(map(_is_pitch, frame)):
            rule = f"{len(VOICES)} MIDI pitches in {LOWEST}..{HIGHEST} or {SILENT}"
            raise UserError(f"{path}: frame {number} of {name} is {_short(frame)}, not {rule}")
    return Chorale(name, np.array(frames, dtype=np.int16))


def _is_pitch(value: Any) -> bool:
    return type(value) is int and (value == SILENT or LOWEST <= value <= HIGHEST)


def _short(value: Any) -> str:
    """A value in the file, short enough for one line."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
