"""Makes the data without download: guitars played by a synthesizer, wet ones through effects.

    make_guitars(Path("data/guitars"))         # 240 + 24 + 48 phrases of 8 s; 52 and 156 pairs

Training gets dry guitars alone, since its effects are drawn anew in every epoch. Validation and test have
fixed pairs: for each effect alone, for chains of 2 to 5, and without any effect. Guitars, phrases and
amplifiers of the three are disjoint, and everything follows from the seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import joblib
import numpy as np
from tqdm import tqdm

from common import audio
from common.run_folder import write_atomically
from final_project.guitar_effect_removal.amps import amps_of
from final_project.guitar_effect_removal.effects import (
    EFFECTS,
    MOST,
    Chain,
    apply_chain,
    draw_chain,
    draw_effect,
)
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE, SPLITS, Guitars, draw_guitarist
from final_project.guitar_effect_removal.pairs import DRY, PAIRS_FILE, WET
from final_project.guitar_effect_removal.phrases import KINDS, draw_phrase
from final_project.guitar_effect_removal.training_data import MINI_MARK

NOISE = -80.0  # dB, of the pick-up and the cable: what an amplifier and a compressor bring up
JOB = 12  # phrases that one process plays in a row
VERSION = 1  # raised when the same seed would give other data


@dataclass(frozen=True)
class Size:
    """How much there is. phrases: by split, of so many `seconds`; repeats: pairs of each kind in validation
    and test."""

    phrases: dict[str, int]
    repeats: dict[str, int]
    seconds: float


FULL = Size({"train": 240, "validation": 24, "test": 48}, {"validation": 4, "test": 12}, 8.0)
QUICK = Size({"train": 8, "validation": 2, "test": 3}, {"validation": 1, "test": 1}, 3.0)


def make_guitars(root: Path, *, seed: int = 0, jobs: int = 2, size: Size = FULL) -> None:
    """Make the data set in `root`. Errors: SynthesisError without the soundfonts."""
    tasks = [
        (split, numbers)
        for split in SPLITS
        for numbers in np.array_split(range(size.phrases[split]), -(-size.phrases[split] // JOB))
    ]
    for split in SPLITS:
        (root / split / DRY).mkdir(parents=True, exist_ok=True)
    calls = (
        joblib.delayed(play_phrases)(root, split, numbers, size.seconds, seed=seed)
        for split, numbers in tasks
    )
    done = joblib.Parallel(n_jobs=jobs, return_as="generator")(calls)
    for _ in tqdm(done, "guitars", len(tasks), disable=None):
        pass
    for split, repeats in size.repeats.items():
        make_pairs(root, split, repeats, seed=seed)
    write_atomically(
        root / MINI_MARK, json.dumps({"version": VERSION, "seed": seed, **asdict(size)}).encode()
    )


def play_phrases(root: Path, split: str, numbers: np.ndarray, seconds: float, *, seed: int) -> None:
    """Write the dry phrases of these numbers, each of so many seconds."""
    with Guitars() as guitars:
        for number in numbers:
            rng = np.random.default_rng([seed, SPLITS.index(split), number])
            guitarist, kind = draw_guitarist(split, rng), KINDS[number % len(KINDS)]
            dry = guitars.play(guitarist, draw_phrase(kind, rng, seconds=seconds), seconds=seconds)
            dry += (10 ** (NOISE / 20) * rng.standard_normal(len(dry))).astype(np.float32)
            path = root / split / DRY / f"{number:03}_{kind}_{guitarist.name}.flac"
            audio.write(path, dry[None], sample_rate=SAMPLE_RATE, subtype="PCM_24")


def make_pairs(root: Path, split: str, repeats: int, *, seed: int) -> None:
    """Write the wet guitars of a split and its pairs.json; each dry guitar is used as often as the others."""
    rng = np.random.default_rng([seed, SPLITS.index(split), 1_000_000])
    dry = sorted((root / split / DRY).iterdir())
    (root / split / WET).mkdir(exist_ok=True)
    records = []
    for number, (kind, chain) in enumerate(draw_chains(split, repeats, rng)):
        path = dry[number % len(dry)]
        name = f"{number:03}_{kind}.flac"
        waveform, sample_rate = audio.read(path)
        wet = apply_chain(waveform[0], chain, sample_rate=sample_rate)
        audio.write(root / split / WET / name, within(wet)[None], sample_rate=sample_rate, subtype="PCM_24")
        records.append({"wet": name, "dry": path.name, "chain": [effect.to_json() for effect in chain]})
    write_atomically(root / split / PAIRS_FILE, json.dumps(records, indent=1).encode())


def draw_chains(split: str, repeats: int, rng: np.random.Generator) -> Iterator[tuple[str, Chain]]:
    """What the pairs of a split have on: each effect alone, two to MOST together, none; `repeats` of each."""
    amps = amps_of(split)
    for _ in range(repeats):
        for name in EFFECTS:
            yield name, (draw_effect(name, rng, amps=amps),)
        for count in range(2, MOST + 1):
            yield f"{count}_effects", draw_chain(count, rng, amps=amps)
        yield "dry", ()


def within(wet: np.ndarray) -> np.ndarray:
    """Softer where a peak would be clipped by the file."""
    return wet / np.float32(max(np.abs(wet).max(), 1.0))
