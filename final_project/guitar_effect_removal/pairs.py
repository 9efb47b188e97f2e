"""A data folder of wet and dry guitars, and what is read of it.

    ROOT/{train,validation,test}/dry/NAME.flac       any audio format, any rate
    ROOT/{train,validation,test}/wet/NAME.flac       a wet file belongs to the dry one of the same name
    ROOT/{train,validation,test}/pairs.json          [{"wet": "A.flac", "dry": "B.flac", "chain": [...]}]

Our own data have a pairs.json; without one, files are paired by name, and nobody knows which effects are
on. A training split with dry guitars alone gets its effects while training (wet_dataset.py). GuitarSet's
recordings through the pick-up ("audio_mono-pickup_mix"), or EGDB's "audio_DI" beside one of its folders of
amplifiers, become such a folder by copying or linking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.audio_files import audio_files
from common.cli import UserError
from final_project.guitar_effect_removal.effects import Chain, Effect
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE

PAIRS_FILE = "pairs.json"
DRY, WET = "dry", "wet"
FEWEST_SECONDS = 0.5


@dataclass(frozen=True)
class Pair:
    """A wet guitar, the dry one it was made of, and the effects between them; None where nobody knows."""

    wet: Path
    dry: Path
    chain: Chain | None = None

    @property
    def name(self) -> str:
        return self.wet.stem

    def read(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(wet, dry), float32 (samples,) at SAMPLE_RATE, as long as the shorter one. Errors: AudioError."""
        wet, dry = read_guitar(self.wet), read_guitar(self.dry)
        samples = min(len(wet), len(dry))
        return wet[:samples], dry[:samples]


def read_guitar(path: Path, **part: float) -> NDArray[np.float32]:
    """A recording, or `duration` seconds of it from `start` on, as one channel at SAMPLE_RATE, (samples,).

    Errors: AudioError.
    """
    waveform, _ = audio.read(path, sample_rate=SAMPLE_RATE, mono=True, allow_silence=bool(part), **part)
    return waveform[0]


def dry_files(root: Path, split: str) -> list[Path]:
    """The dry guitars of a split, sorted. Errors: UserError without any."""
    folder = root / split / DRY
    found = [path for path in audio_files([folder]) if path != folder]
    if not folder.is_dir() or not found:
        raise UserError(f"{folder}: no guitars there; give a folder with {split}/{DRY}/NAME.flac")
    return sorted(found)


def has_wet(root: Path, split: str) -> bool:
    """Whether a split has wet guitars of its own."""
    return (root / split / WET).is_dir()


def find_pairs(root: Path, split: str) -> list[Pair]:
    """The pairs of a split, in order. Errors: UserError for none, for a wet file without a dry one, and for a
    broken pairs.json."""
    folder = root / split
    listing = folder / PAIRS_FILE
    if listing.is_file():
        return _listed(listing)
    dry = {path.stem: path for path in dry_files(root, split)}
    wet = sorted(path for path in audio_files([folder / WET]) if path.is_file())
    if not wet:
        raise UserError(f"{folder / WET}: no guitars there; give wet ones with the names of the dry ones")
    if alone := [path for path in wet if path.stem not in dry]:
        raise UserError(
            f"{alone[0]}: no dry guitar of this name in {folder / DRY}; add it, or take this away"
        )
    return [Pair(path, dry[path.stem]) for path in wet]


def _listed(listing: Path) -> list[Pair]:
    """The pairs of a pairs.json."""
    folder = listing.parent
    try:
        records = json.loads(listing.read_text(encoding="utf-8"))
        pairs = [
            Pair(
                folder / WET / _plain(record["wet"]),
                folder / DRY / _plain(record["dry"]),
                tuple(map(Effect.from_json, record["chain"])) if record.get("chain") is not None else None,
            )
            for record in records
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{listing}: not a list of pairs ({error}); make the data anew") from error
    for pair in pairs:
        for path in (pair.wet, pair.dry):
            if not path.is_file():
                raise UserError(f"{path}: is named in {PAIRS_FILE}, but is not there; make the data anew")
    return pairs


def _plain(name: str) -> str:
    """A file name without a folder. Errors: ValueError."""
    if Path(name).name != name:
        raise ValueError(f"{name!r} is no plain file name")
    return name
