"""Reads every file of a split and says what is wrong with it.

Some things are worth knowing and no fault: they are notes. Everything is read block by block.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from common.audio import AudioError
from common.audio_checks import SILENT_BELOW as ONE_STEP
from common.audio_checks import examine_all, is_silent
from common.problems import Problems
from hw2_source_separation.musdb import reason
from hw2_source_separation.song_levels import blocks_of
from hw2_source_separation.songs import Song
from hw2_source_separation.stem_mp4 import StemStream
from hw2_source_separation.stems import CHANNELS, MIXTURE, SAMPLE_RATE

UNLIKE_ABOVE = 1e-4  # of the energy, -40 dB: mixture and sum may differ by clipped peaks

Found = list[tuple[str, str]]  # (kind of problem, where)


def check_songs(songs: Sequence[Song], *, jobs: int, title: str) -> tuple[Problems, Problems]:
    """Read all of every song, `jobs` songs at a time -> what is wrong, and notes."""
    found, notes = Problems(), Problems()
    for _, exam in examine_all(songs, examine_song, jobs=jobs, title=title):
        for kind, where in exam.found:
            found.add(kind, where)
        for kind, where in exam.notes:
            notes.add(kind, where)
    return found, notes


def examine_song(song: Song) -> Exam:
    """Everything about the recordings of one song."""
    exam = Exam(song)
    exam.look_at_headers()
    for start, frames in blocks_of(song):
        exam.listen(start, frames)
    exam.judge()
    return exam


class Exam:
    """What is wrong with a song (`found`), and what is only worth knowing (`notes`)."""

    def __init__(self, song: Song) -> None:
        self.song = song
        self.found: Found = []
        self.notes: Found = []
        self.broken: dict[str, str] = {}  # what is wrong with a recording that cannot be read to its end
        self.silent = set(song.sources)  # as far as they were heard
        self.mixture_energy = self.residual_energy = 0.0

    def look_at_headers(self) -> None:
        """What can be told without decoding."""
        name, sources = self.song.name, self.song.sources
        mono = [stem for stem, source in sources.items() if source.channels == 1]
        if mono:
            self.found.append(("mono recording, heard on both channels", f"{name}: {', '.join(mono)}"))
        lengths = [source.frames for source in sources.values()]
        if (difference := max(lengths) - min(lengths)) > 0:
            by = f"{name}: by {difference} samples"
            self.found.append(("stems of slightly different lengths, cut to the shortest", by))
        rate = next(iter(sources.values())).sample_rate
        if rate != SAMPLE_RATE:
            kind = f"song not at {SAMPLE_RATE} Hz, resampled as it is read"
            self.notes.append((kind, f"{name}: {rate} Hz"))

    def listen(self, start: int, frames: int) -> None:
        """Read a block of each recording."""
        waveforms = {}
        for name in self.song.sources:
            if name not in self.broken:
                try:
                    waveforms[name] = self.song.read(name, start=start, frames=frames)
                except AudioError as error:
                    self.broken[name] = reason(error, self.song.path)
        self.silent -= {name for name, waveform in waveforms.items() if not is_silent(waveform)}
        if MIXTURE in waveforms and not self.broken:
            total = sum(waveforms[name] for name in self.song.stems())
            self.residual_energy += energy(waveforms[MIXTURE] - total)
            self.mixture_energy += energy(waveforms[MIXTURE])

    def judge(self) -> None:
        """Say what was heard."""
        name = self.song.name
        self.found += [("file that cannot be read", f"{name}: {why}") for why in self.broken.values()]
        silent = [stem for stem in self.song.sources if stem in self.silent and stem not in self.broken]
        self.found += [("silent recording", f"{name}/{stem}") for stem in silent]
        rounding = CHANNELS * self.song.frames * (2 * ONE_STEP) ** 2
        if not self.broken and self.residual_energy > max(UNLIKE_ABOVE * self.mixture_energy, rounding):
            self._add_unlike_mixture()

    def _add_unlike_mixture(self) -> None:
        with np.errstate(divide="ignore"):
            level = 10 * np.log10(np.divide(self.residual_energy, self.mixture_energy))
        entry = (
            "mixture that is not the sum of its stems",
            f"{self.song.name}: the difference has {level:.1f} dB of its level",
        )
        coded = isinstance(self.song.sources[MIXTURE], StemStream)  # one by one, with loss: they never add up
        (self.notes if coded else self.found).append(entry)


def energy(waveform: NDArray[np.float32]) -> float:
    """The sum of the squares."""
    return float(np.square(waveform, dtype=np.float64).sum())
