"""A tiny MUSDB18-HQ in its real layout, made in a second: for the tests of HW2.

What a test compares with is known from the plan, not from the code under test: `stems_of(song)` are the
samples themselves, (2, samples) in 16 bits. The voice begins only in the middle of a song.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile as sf

SAMPLE_RATE = 44_100
STEMS = ("vocals", "drums", "bass", "other")
FULL_SCALE = 32_768


@dataclass(frozen=True)
class TinySong:
    """A song as it is planned."""

    split: str
    name: str
    seconds: float

    @property
    def frames(self) -> int:
        return round(self.seconds * SAMPLE_RATE)

    def folder(self, root: Path) -> Path:
        return root / self.split / self.name


SONGS = (
    TinySong("train", "Ada - Morning", 6.0),
    TinySong("train", "Ben - Noon", 5.0),
    TinySong("train", "Cleo - Evening", 8.0),
    TinySong("train", "Dan - Night", 4.5),
    TinySong("test", "Eve - Rain", 6.3),
    TinySong("test", "Finn - Snow", 4.0),
)
VALIDATION = ("Cleo - Evening",)


def make_tiny_musdb(root: Path, *, suffix: str = ".wav") -> Path:
    """Write {train,test}/<Artist - Title>/ and validation.txt below `root`: 3 + 1 + 2 songs of 4 to 8 s."""
    for song in SONGS:
        stems = stems_of(song)
        write_song(song.folder(root), {"mixture": mixed(stems), **stems}, suffix=suffix)
    (root / "validation.txt").write_text("".join(f"{name}\n" for name in VALIDATION))
    return root


def song_named(name: str) -> TinySong:
    """The song of this name."""
    return next(song for song in SONGS if song.name == name)


def stems_of(song: TinySong) -> dict[str, np.ndarray]:
    """The stems, int16 (2, samples) each, so soft that their sum fits, too."""
    return {stem: (0.2 * FULL_SCALE * sound(song, stem)).astype(np.int16) for stem in STEMS}


def mixed(stems: Mapping[str, np.ndarray]) -> np.ndarray:
    """The exact sum of the stems, in 16 bits."""
    return sum(stems.values()).astype(np.int16)


def as_float(samples: np.ndarray) -> np.ndarray:
    """16 bits -> float32 in [-1, 1]."""
    return samples.astype(np.float32) / FULL_SCALE


def sound(song: TinySong, stem: str) -> np.ndarray:
    """A stem (2, samples) in [-1, 1]: voice and bass in the middle, the others to the sides."""
    rng = np.random.default_rng(zlib.crc32(f"{song.name}/{stem}".encode()))
    time = np.arange(song.frames) / SAMPLE_RATE
    pitch = rng.uniform(1, 1.5)
    if stem == "vocals":
        phase = 2 * np.pi * 300 * pitch * time + 3 * np.sin(2 * np.pi * 5.5 * time)  # vibrato
        voice = np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase)
        return np.stack([voice, voice]) / 1.8 * (time > song.seconds / 2)
    if stem == "drums":
        return rng.uniform(-1, 1, (2, song.frames)) * np.exp(-20 * (time % 0.5))
    if stem == "bass":
        return np.stack([np.sin(2 * np.pi * 60 * pitch * time)] * 2)
    tones = np.sin(2 * np.pi * 220 * pitch * np.array([[1], [1.25], [1.5]]) * time).sum(axis=0) / 3
    return np.stack([tones, 0.5 * tones])


def write_song(
    folder: Path, stems: Mapping[str, np.ndarray], *, sample_rate: int = SAMPLE_RATE, suffix: str = ".wav"
) -> Path:
    """Write (channels, samples) in 16 bits to folder/<name><suffix>."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in stems.items():
        sf.write(folder / f"{name}{suffix}", samples.T, sample_rate, subtype="PCM_16")
    return folder


def write_stem_mp4(path: Path, stems: Mapping[str, np.ndarray], *, codec: str = "aac") -> Path:
    """Write int16 (2, samples) as the streams of a .stem.mp4, in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        streams = [container.add_stream(codec, rate=SAMPLE_RATE, layout="stereo") for _ in stems]
        for stream, samples in zip(streams, stems.values(), strict=True):
            stream.bit_rate = 256_000
            if codec == "aac":
                stream.options = {"aac_coder": "fast"}
            frame = av.AudioFrame.from_ndarray(as_float(samples), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = SAMPLE_RATE, 0
            container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path
