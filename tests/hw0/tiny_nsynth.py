"""A tiny NSynth in the real layout, made in a second: for the tests of HW0."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile as sf

from hw0_note_classification.data import FAMILIES, NUM_SAMPLES, SAMPLE_RATE

PITCHES = (48, 60, 67, 72)
VELOCITY = 100
INSTRUMENTS = {"train": 2, "valid": 1, "test": 1}  # of each family


def make_tiny_nsynth(root: Path, *, pitches=PITCHES, instruments=INSTRUMENTS, seed: int = 0) -> Path:
    """Write nsynth-{train,valid,test} below `root`: by default 88 + 44 + 40 notes, 22 MB.

    All 11 families (as in NSynth, the test split has no synth_lead), no instrument in two splits,
    16 kHz, 64 000 samples, 16 bit. A family is a set of harmonics and an envelope; an instrument varies both.
    """
    rng = np.random.default_rng(seed)
    number = 0  # NSynth numbers the instruments through all splits
    for split, count in instruments.items():
        entries = {}
        for family in (
            range(len(FAMILIES)) if split != "test" else (f for f in range(len(FAMILIES)) if f != 9)
        ):
            for _ in range(count):
                entries |= write_instrument(root / f"nsynth-{split}", family, number, pitches, rng)
                number += 1
        (root / f"nsynth-{split}" / "examples.json").write_text(json.dumps(entries, indent=1))
    return root


def write_instrument(folder: Path, family: int, number: int, pitches, rng: np.random.Generator) -> dict:
    """Write the notes of one instrument; their entries for `examples.json`."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    harmonics, envelope = timbre(family, rng)
    entries = {}
    for pitch in pitches:
        entry = note_entry(family, number, pitch, len(entries))
        waveform = envelope * (harmonics @ partials(pitch, len(harmonics)))
        waveform *= rng.uniform(0.2, 0.9) / np.abs(waveform).max()
        path = folder / "audio" / f"{entry['note_str']}.wav"
        sf.write(path, waveform, SAMPLE_RATE, subtype="PCM_16")
        entries[entry["note_str"]] = entry
    return entries


def timbre(family: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Harmonic amplitudes (8,), fixed by the family and varied by the instrument; an envelope (samples,)."""
    harmonics = np.random.default_rng(1000 + family).uniform(0, 1, 8) ** 3
    harmonics[0] += 0.3  # a note is heard at its fundamental
    time = np.arange(NUM_SAMPLES) / SAMPLE_RATE
    decay = 0.5 * (family % 4) * rng.uniform(0.9, 1.1)  # 1 / s
    release = np.clip((4 - time) / 1, 0, 1)
    return harmonics * rng.uniform(0.8, 1.25, 8), np.exp(-decay * time) * release


def partials(pitch: int, count: int) -> np.ndarray:
    """Sines (count, samples) at the harmonics of a MIDI pitch, silent from 7.5 kHz on."""
    frequencies = 440 * 2 ** ((pitch - 69) / 12) * np.arange(1, count + 1)[:, None]
    phases = 2 * np.pi * frequencies * np.arange(NUM_SAMPLES, dtype=np.float32) / SAMPLE_RATE
    return np.sin(phases) * (frequencies < 7500)


def note_entry(family: int, number: int, pitch: int, note: int = 0, velocity: int = VELOCITY) -> dict:
    """One entry of `examples.json` with all of NSynth's fields."""
    instrument = f"{FAMILIES[family]}_synthetic_{number:03d}"
    return {
        "note": note,
        "note_str": f"{instrument}-{pitch:03d}-{velocity:03d}",
        "instrument": number,
        "instrument_str": instrument,
        "pitch": pitch,
        "velocity": velocity,
        "sample_rate": SAMPLE_RATE,
        "qualities": [0] * 10,
        "qualities_str": [],
        "instrument_family": family,
        "instrument_family_str": FAMILIES[family],
        "instrument_source": 2,
        "instrument_source_str": "synthetic",
    }
