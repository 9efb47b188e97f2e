"""A tiny Slakh2100 in its real layout, and the release of it, made in a second: for the tests of HW1.

What a test compares with is known from the plan, not from the code under test: `truth(track)` asks for each
5-second step and class whether any planned note sounds in it.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
import yaml

from common.midi import pretty_midi

CLASSES = ("Piano", "Percussion", "Organ", "Guitar", "Bass", "Strings", "Voice", "Wind Instruments", "Synth")
DRUMS = "Drums"
PROGRAMS = dict(zip((*CLASSES, DRUMS), (0, 14, 19, 25, 33, 48, 52, 73, 80, 0), strict=True))
PITCHES = dict(zip((*CLASSES, DRUMS), (60, 84, 55, 52, 33, 64, 67, 79, 72, 36), strict=True))
FIRST_NUMBER = {"train": 1, "validation": 1501, "test": 1876}  # as in Slakh2100


@dataclass
class TinyTrack:
    """A track as it is planned: `stems` is (class or DRUMS, notes), a note (start s, end s, pitch)."""

    split: str
    number: int
    seconds: float
    sample_rate: int
    stems: list[tuple[str, list[tuple[float, float, int]]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"Track{self.number:05d}"


SIZES = {  # seconds and Hz of each track: one is an exact multiple of 5 s, the others are not
    "train": ((20.0, 16_000), (12.4, 24_000), (17.3, 16_000), (16.0, 44_100)),
    "validation": ((15.0, 16_000), (13.7, 16_000)),
    "test": ((20.0, 16_000), (18.6, 22_050)),
}
BANDS = {  # of each track of a split: every class sounds in train
    "train": (
        ("Piano", "Bass", "Guitar", DRUMS),
        ("Strings", "Bass", "Percussion"),
        ("Organ", "Voice", "Guitar", DRUMS),
        ("Synth", "Wind Instruments", "Bass", "Piano"),
    ),
    "validation": (("Piano", "Bass", "Strings", "Synth"), ("Organ", "Guitar", "Voice", DRUMS)),
    "test": (("Piano", "Bass", "Wind Instruments", DRUMS), ("Strings", "Guitar", "Percussion", "Bass")),
}


def make_tiny_slakh(root: Path, *, suffix: str = ".flac", seed: int = 0) -> Path:
    """Write {train,validation,test}/TrackNNNNN below `root`: 4 + 2 + 2 tracks of 12 to 20 s."""
    for track in plan(seed):
        write_track(root / track.split / track.name, track, suffix=suffix)
    return root


def make_tiny_release(root: Path, *, seed: int = 0) -> Path:
    """Write the release of the same tracks below `root`: slakh/ and test_track/. 12 + 5 + 7 clips."""
    labels = {split: {} for split in FIRST_NUMBER}
    for track in plan(seed):
        mix = sum(render_stems(track))
        folder = root / "slakh" / track.split
        folder.mkdir(parents=True, exist_ok=True)
        at_24_khz = soxr.resample(mix, track.sample_rate, 24_000).astype(np.float32)
        for step, target in enumerate(truth(track)):
            name = f"{track.name}_{step}.npy"
            np.save(folder / name, at_24_khz[120_000 * step : 120_000 * (step + 1)])
            labels[track.split][name] = target.tolist()
        if track.split == "test":
            (root / "test_track").mkdir(exist_ok=True)
            sf.write(root / "test_track" / f"{track.name}.flac", mix, track.sample_rate)
            midi_of(track.stems).write(str(root / "test_track" / f"{track.name}.mid"))
    for split, entries in labels.items():
        (root / "slakh" / f"{split}_labels.json").write_text(json.dumps(entries))
    return root


def plan(seed: int = 0) -> list[TinyTrack]:
    """All tracks; every stem plays in some stretches of its track and is silent in others."""
    rng = np.random.default_rng(seed)
    tracks = []
    for split, sizes in SIZES.items():
        for number, (seconds, sample_rate) in enumerate(sizes):
            track = TinyTrack(split, FIRST_NUMBER[split] + number, seconds, sample_rate)
            for name in BANDS[split][number]:
                track.stems.append((name, plan_notes(name, seconds, rng)))
            tracks.append(track)
    return tracks


def plan_notes(name: str, seconds: float, rng: np.random.Generator) -> list[tuple[float, float, int]]:
    """Notes of half a second in two thirds of the 5-second steps, at least one."""
    notes = []
    steps = int(np.ceil(seconds / 5))
    playing = rng.random(steps) < 2 / 3
    playing[rng.integers(steps - 1)] = True
    for step in np.flatnonzero(playing):
        for beat in range(8):
            start = 5 * step + 0.5 + beat / 2
            if start + 0.5 <= seconds:
                notes.append((start, start + 0.4, PITCHES[name] + int(rng.integers(0, 5))))
    return notes


def truth(track: TinyTrack, *, steps: int | None = None, drums_are_percussion: bool = False) -> np.ndarray:
    """What sounds in each whole 5-second step, (steps, 9) of 0 and 1, asked note by note."""
    steps = int(track.seconds // 5) if steps is None else steps
    targets = np.zeros((steps, len(CLASSES)), dtype=np.uint8)
    for name, notes in track.stems:
        if name == DRUMS:
            if not drums_are_percussion:
                continue
            name = "Percussion"
        for step in range(steps):
            if any(start < 5 * (step + 1) and end > 5 * step for start, end, _ in notes):
                targets[step, CLASSES.index(name)] = 1
    return targets


def write_track(folder: Path, track: TinyTrack, *, suffix: str = ".flac") -> None:
    """Write one track folder: mix, stems/, MIDI/, all_src.mid and metadata.yaml."""
    (folder / "stems").mkdir(parents=True)
    (folder / "MIDI").mkdir()
    stems = render_stems(track)
    sf.write(folder / f"mix{suffix}", sum(stems), track.sample_rate, subtype="PCM_16")
    entries = {}
    for number, (waveform, stem) in enumerate(zip(stems, track.stems, strict=True)):
        name = f"S{number:02d}"
        sf.write(folder / "stems" / f"{name}{suffix}", waveform, track.sample_rate, subtype="PCM_16")
        midi_of([stem]).write(str(folder / "MIDI" / f"{name}.mid"))
        entries[name] = stem_entry(stem[0])
    midi_of(track.stems).write(str(folder / "all_src.mid"))
    (folder / "metadata.yaml").write_text(yaml.safe_dump(metadata_of(entries)))


def metadata_of(stems: dict) -> dict:
    return {
        "UUID": "1a81ae092884234f3264e2f45927f00a",
        "audio_dir": "stems",
        "midi_dir": "MIDI",
        "stems": stems,
    }


def stem_entry(name: str) -> dict:
    """One stem of metadata.yaml with Slakh2100's fields."""
    return {
        "audio_rendered": True,
        "inst_class": name,
        "integrated_loudness": -20.0,
        "is_drum": name == DRUMS,
        "midi_program_name": name,
        "midi_saved": True,
        "plugin_name": "tiny.nkm",
        "program_num": 128 if name == DRUMS else PROGRAMS[name],
    }


def midi_of(stems) -> pretty_midi.PrettyMIDI:
    """The MIDI file of some stems, one track each."""
    midi = pretty_midi.PrettyMIDI(resolution=480)
    for name, notes in stems:
        instrument = pretty_midi.Instrument(PROGRAMS[name], is_drum=name == DRUMS, name=name)
        instrument.notes = [pretty_midi.Note(100, pitch, start, end) for start, end, pitch in notes]
        midi.instruments.append(instrument)
    return midi


def render_stems(track: TinyTrack) -> list[np.ndarray]:
    """Each stem as float32 (samples,); their sum stays below 1."""
    stems = []
    for name, notes in track.stems:
        stem = np.zeros(round(track.seconds * track.sample_rate), dtype=np.float32)
        for start, end, pitch in notes:
            first = round(start * track.sample_rate)
            time = np.arange(round((end - start) * track.sample_rate)) / track.sample_rate
            stem[first : first + len(time)] += 0.2 * tone(name, 440 * 2 ** ((pitch - 69) / 12), time)
        stems.append(stem)
    return stems


def tone(name: str, frequency: float, time: np.ndarray) -> np.ndarray:
    """A note of a class, (samples,) in [-1, 1]: each class has a spectrum that no other has."""
    phase = 2 * np.pi * frequency * time
    decay = np.exp(-6 * time)
    if name == DRUMS:
        return np.random.default_rng(0).uniform(-1, 1, len(time)) * np.exp(-30 * time)
    sounds = {
        "Piano": lambda: decay * sum(np.sin(n * phase) / n for n in (1, 2, 3, 4)) / 2.1,
        "Percussion": lambda: decay * np.sin(3.5 * phase + 3 * decay * np.sin(1.41 * phase)),
        "Organ": lambda: sum(np.sin(n * phase) for n in (1, 2, 4, 8)) / 4,
        "Guitar": lambda: decay * sum(np.sin(n * phase) for n in (1, 3, 5, 7, 9, 11)) / 6,
        "Bass": lambda: np.sin(phase),
        "Strings": lambda: np.sin(phase + 3 * np.sin(2 * np.pi * 6 * time)) * (1 + np.sin(phase * 2)) / 2,
        "Voice": lambda: np.sin(phase) * np.sin(2 * np.pi * 800 * time),
        "Wind Instruments": lambda: np.sin(phase) * np.minimum(1, 10 * time),
        "Synth": lambda: np.sign(np.sin(phase)) / 2,
    }
    return sounds[name]()


def remove_audio(folder: Path) -> None:
    """Leave a track folder as an interrupted download does: without its stems."""
    shutil.rmtree(folder / "stems")
