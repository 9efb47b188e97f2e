"""Renders the plan of mini-NSynth into files, all cores at once; an interrupted call goes on where it was.

    make_mini_nsynth(Path("data/mini_nsynth"))

The same seed and the same soundfonts give the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import joblib
import numpy as np
import soxr
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from common import audio
from common.run_folder import write_atomically
from common.synthesis import Note, Synthesizer, default_soundfont, find_soundfonts
from hw0_note_classification.mini_nsynth.effects import draw_channel
from hw0_note_classification.mini_nsynth.engines import HOLD_SECONDS
from hw0_note_classification.mini_nsynth.families import RECIPES
from hw0_note_classification.mini_nsynth.planning import NOTES, InstrumentPlan, Soundfont, plan_instruments
from hw0_note_classification.note_index import NUM_SAMPLES, SAMPLE_RATE

RENDER_RATE = 2 * SAMPLE_RATE  # FluidSynth does not filter what would fold over at 16 kHz


def make_mini_nsynth(
    root: Path,
    *,
    seed: int = 0,
    soundfonts: Sequence[Path] = (),
    jobs: int = 2,
    notes: dict[str, int] = NOTES,
) -> None:
    """Make the data set in `root`. Besides `soundfonts`, those in the system's folders enrich the
    training notes.

    Errors: SynthesisError without FluidSynth or for a file that is no soundfont, before anything is written.
    """
    fonts = usable_soundfonts([*soundfonts, *find_soundfonts()])
    for path, _ in fonts:
        print(f"training notes are also played from {path}", file=sys.stderr)
    plans = plan_instruments(seed, fonts, notes)
    for split in notes:
        (root / f"nsynth-{split}" / "audio").mkdir(parents=True, exist_ok=True)
    total = sum(len(plan.notes) for plan in plans)
    with tqdm(total=total, desc="mini-NSynth", unit="note", dynamic_ncols=True, disable=None) as bar:
        tasks = (joblib.delayed(write_instrument)(root, plan) for plan in plans)
        for count in joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks):
            bar.update(count)
    for split in notes:
        write_examples(root / f"nsynth-{split}", [plan for plan in plans if plan.split == split])
    used = [default_soundfont(), *(path for path, _ in fonts)]
    origin = {
        "seed": seed,
        "notes": notes,
        "soundfonts": [{"name": path.name, "sha256": sha256(path)} for path in used],
    }
    write_atomically(root / "mini_nsynth.json", json.dumps(origin, indent=2).encode())


def usable_soundfonts(paths: Sequence[Path]) -> list[Soundfont]:
    """The soundfonts beside TimGM6mb, each content once, with the programs of their bank 0.

    Errors: SynthesisError for a file that is no soundfont.
    """
    found: dict[str, Soundfont] = {}
    for path in map(Path, paths):
        with Synthesizer(path) as font:
            programs = frozenset(program for bank, program, _ in font.programs() if bank == 0)
        if path.name != default_soundfont().name:  # distributions ship it, too, in other versions
            found.setdefault(sha256(path), (path, programs))
    found.pop(sha256(default_soundfont()), None)
    return list(found.values())


def sha256(path: Path) -> str:
    """What the file holds, in 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_instrument(root: Path, plan: InstrumentPlan) -> int:
    """Render one instrument's notes to wav files, unless they are there; how many notes it has."""
    folder = root / f"nsynth-{plan.split}" / "audio"
    paths = {name: folder / f"{name}.wav" for name in plan.entries()}
    if not all(path.exists() for path in paths.values()):
        with threadpool_limits(1):  # the other cores have instruments of their own
            for name, waveform in render_instrument(plan).items():
                audio.write(paths[name], waveform[None].astype(np.float32), sample_rate=SAMPLE_RATE)
    return len(paths)


def write_examples(folder: Path, plans: Sequence[InstrumentPlan]) -> None:
    """NSynth's `examples.json`; written last: a split without it is not finished."""
    entries = {name: entry for plan in plans for name, entry in plan.entries().items()}
    numbered = {name: {"note": number, **entry} for number, (name, entry) in enumerate(entries.items())}
    write_atomically(folder / "examples.json", json.dumps(numbered, indent=1).encode())


def render_instrument(plan: InstrumentPlan) -> dict[str, np.ndarray]:
    """note_str -> waveform (NUM_SAMPLES,), float64, peak below 1."""
    rng = np.random.default_rng(plan.seed)
    if plan.soundfont is None:
        voice = RECIPES[plan.family](rng)
    else:
        voice = draw_program_voice(rng, plan.soundfont, plan.program, varied=plan.varied)
    channel = draw_channel(rng, sample_rate=SAMPLE_RATE)
    waveforms = {}
    for pitch, velocity in plan.notes:
        dry = voice.play(pitch, velocity, rng, num_samples=NUM_SAMPLES, sample_rate=SAMPLE_RATE)
        waveforms[plan.note_str(pitch, velocity)] = channel.apply(dry, velocity, rng, sample_rate=SAMPLE_RATE)
    return waveforms


@dataclass(frozen=True)
class ProgramVoice:
    """A program of a soundfont in one variant."""

    soundfont: Path
    program: int
    shift: int = 0  # semitones: samples of neighbouring keys, tuned back: another size of the same instrument
    cents: float = 0.0
    generators: dict[str, float] = field(default_factory=dict)

    def play(
        self, pitch: int, velocity: int, rng: np.random.Generator, *, num_samples: int, sample_rate: int
    ) -> np.ndarray:
        """One note held three seconds, (num_samples,)."""
        for key in sorted(range(128), key=lambda key: abs(key - pitch - self.shift)):
            stereo = self._render(key, pitch, velocity, num_samples / sample_rate)
            if stereo.any():  # many programs lack samples for some keys: then the nearest that sounds, tuned
                break
        return soxr.resample(stereo.mean(axis=0), RENDER_RATE, sample_rate)[:num_samples].astype(np.float64)

    def _render(self, key: int, pitch: int, velocity: int, duration: float) -> np.ndarray:
        """The samples of `key`, tuned to `pitch`, (2, samples) at RENDER_RATE."""
        return synthesizer(self.soundfont, os.getpid()).render(
            [Note(pitch=key, start=0.0, duration=HOLD_SECONDS, velocity=velocity)],
            program=self.program,
            duration=duration,
            cents=100.0 * (pitch - key) + self.cents,
            generators=self.generators,
        )


@functools.cache
def synthesizer(soundfont: Path, _process: int) -> Synthesizer:
    """One synthesizer for each process and soundfont: opening one costs more than a note."""
    return Synthesizer(soundfont, sample_rate=RENDER_RATE)


def draw_program_voice(
    rng: np.random.Generator, soundfont: Path, program: int, *, varied: bool
) -> ProgramVoice:
    """The program itself, or another instrument from the same samples: size, tuning, envelope and filter."""
    if not varied:
        return ProgramVoice(soundfont, program)
    changes = {  # in the units of common.synthesis.GENERATORS; 1200 timecents are a factor of two
        "volume_attack": rng.uniform(0, 5000),
        "volume_decay": rng.normal(0, 1200),
        "volume_sustain": rng.uniform(-100, 200),
        "volume_release": rng.normal(0, 1500),
        "filter_cutoff": rng.uniform(-3600, 1200),
        "filter_resonance": rng.uniform(0, 80),
        "vibrato_to_pitch": rng.uniform(0, 25),
        "vibrato_delay": rng.uniform(0, 4000),
        "tremolo": rng.uniform(0, 40),
    }
    chosen = {name: value for name, value in changes.items() if rng.random() < 0.3}
    return ProgramVoice(soundfont, program, int(rng.integers(-6, 7)), rng.normal(0, 12), chosen)
