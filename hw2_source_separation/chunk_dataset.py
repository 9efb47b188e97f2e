"""Chunks of songs: random ones, mixed anew each time, for training; fixed ones for validation.

An item is {"sources": float32 (outputs, 2, samples)}, in the order of `stems.outputs(targets)`; the mixture
is their sum. Chunks are read by seeking: neither time nor memory grows with the length of a song.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from common.audio import AudioError
from common.cli import UserError
from common.problems import Problems
from hw2_source_separation.remix import (
    MixConfig,
    Waveform,
    at_speed,
    changed_sound,
    draw_speed,
    needed_samples,
)
from hw2_source_separation.song_levels import sounds
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import ACCOMPANIMENT, SAMPLE_RATE, STEMS, members, outputs

GIVE_UP_AFTER = 100  # unreadable chunks in a row: not dirt any more, the disk or the folder is gone
SEEKING = 5  # places at most that are looked at for vocals
CANDIDATES = 8  # places of a song for each validation excerpt that is chosen among them


class BrokenSong(Exception):
    """A part of the song with this number cannot be read."""

    def __init__(self, number: int, error: AudioError) -> None:
        super().__init__(str(error))
        self.number, self.error = number, error


class SongChunks(Dataset):
    """Parts of songs as sources. A song that turns out broken is told once and counted, in all workers."""

    def __init__(self, songs: Sequence[Song], *, targets: Sequence[str], chunk_seconds: float) -> None:
        require_stems(songs, targets)
        self.songs, self.targets, self.outputs = list(songs), tuple(targets), outputs(targets)
        self.samples = round(chunk_seconds * SAMPLE_RATE)
        # In shared memory, so that the workers of a loader tell what they found.
        self._broken = torch.zeros(len(self.songs), dtype=torch.bool).share_memory_()

    def problems(self) -> Problems:
        """The songs that could not be read so far, in all workers."""
        problems = Problems()
        for number in self._broken.nonzero()[:, 0].tolist():
            problems.add("song that cannot be read everywhere", self.songs[number].name)
        return problems

    def sources_of(self, song: Song) -> tuple[str, ...]:
        """What of a song is read, each by itself: its stems, or an accompaniment that is all it has."""
        return song.stems() if ACCOMPANIMENT in self.outputs else STEMS

    def read(self, number: int, stem: str, start: int, frames: int) -> Waveform:
        """Up to `frames` samples of a stem, (2, frames): fewer where the song ends. Errors: BrokenSong."""
        song = self.songs[number]
        try:
            return song.read(stem, start=start, frames=min(frames, song.frames - start))
        except AudioError as error:
            raise BrokenSong(number, error) from error

    def summed(self, sources: dict[str, Waveform]) -> Tensor:
        """Stems (2, samples) by name -> (outputs, 2, samples)."""
        total = np.zeros((len(self.outputs), 2, self.samples), dtype=np.float32)
        for output, waveform in zip(self.outputs, total, strict=True):
            for stem in dict.fromkeys((output, *members(output, self.targets))):
                if stem in sources:
                    waveform += sources[stem]
        return torch.from_numpy(total)

    def tell(self, broken: BrokenSong) -> None:
        """Say what is wrong with a song, once."""
        if not self._broken[broken.number]:
            self._broken[broken.number] = True
            print(f"skipped: {broken.error}", file=sys.stderr, flush=True)


class ChunkDataset(SongChunks):
    """Random chunks of songs, `draws` an epoch, each song as often as the others, however long it is.

    `draw(index, generator)`, which `common.training` calls with the generator of that item in that epoch,
    takes a chunk of song number `index`, counted round and round; in a share `config.mix_songs` of the cases
    each source is of a song, and of a place, of its own. Whatever is drawn comes from `generator`. In place
    of a song that cannot be read comes the next one. A song shorter than a chunk ends in silence.
    """

    def __init__(
        self,
        songs: Sequence[Song],
        *,
        targets: Sequence[str],
        chunk_seconds: float = 6.0,
        draws: int,
        config: MixConfig | None = None,
    ) -> None:
        super().__init__(songs, targets=targets, chunk_seconds=chunk_seconds)
        self.draws, self.config = draws, config or MixConfig()
        self._having = {
            name: [number for number, song in enumerate(self.songs) if song.has(name)]
            for name in (*STEMS, ACCOMPANIMENT)
        }

    def __len__(self) -> int:
        return self.draws

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One chunk, always the same."""
        return self.draw(index, np.random.default_rng(index))

    def draw(self, index: int, generator: np.random.Generator) -> dict[str, Tensor]:
        """A chunk of song number `index`, or a mix of several songs."""
        for step in range(GIVE_UP_AFTER):
            number = (index + step) % len(self.songs)
            mixed = generator.random() < self.config.mix_songs
            try:
                sources = self._mix_songs(number, generator) if mixed else self._of_one(number, generator)
                return {"sources": self.summed(sources)}
            except BrokenSong as broken:
                self.tell(broken)
        raise UserError(
            f"{self.songs[0].path.parent}: {GIVE_UP_AFTER} chunks in a row cannot be read; check the data"
        )

    def _of_one(self, number: int, generator: np.random.Generator) -> dict[str, Waveform]:
        """The sources of one song, all from the same place, each in a sound of its own."""
        names = self.sources_of(self.songs[number])
        speed = draw_speed(self.config, generator)
        vocals, start = self._seek(number, names[0], speed, generator)
        sources = {names[0]: vocals}
        for name in names[1:]:
            sources[name] = self._at(number, name, start, speed)
        return {name: changed_sound(source, self.config, generator) for name, source in sources.items()}

    def _mix_songs(self, number: int, generator: np.random.Generator) -> dict[str, Waveform]:
        """The first source, the vocals, of this song, the others of any song, each from its own place."""
        sources = {}
        for name in self.sources_of(self.songs[number]):
            if sources:
                number = int(generator.choice(self._having[name]))
            waveform, _ = self._seek(number, name, draw_speed(self.config, generator), generator)
            sources[name] = changed_sound(waveform, self.config, generator)
        return sources

    def _seek(
        self, number: int, name: str, speed: float, generator: np.random.Generator
    ) -> tuple[Waveform, int]:
        """A source from a random place, (2, samples), and its first sample; vocals by --seek-vocals."""
        latest = max(0, self.songs[number].frames - needed_samples(self.samples, speed))
        seeking = name == "vocals" and generator.random() < self.config.seek_vocals
        for _ in range(SEEKING if seeking else 1):
            start = int(generator.integers(latest + 1))
            waveform = self._at(number, name, start, speed)
            if not seeking or sounds(waveform):
                break
        return waveform, start

    def _at(self, number: int, name: str, start: int, speed: float) -> Waveform:
        """A source from sample `start` on, at `speed`: (2, samples)."""
        waveform = self.read(number, name, start, needed_samples(self.samples, speed))
        return at_speed(waveform, speed, samples=self.samples)


class ExcerptDataset(SongChunks):
    """Fixed parts of songs, the same in every epoch: `excerpts` of `seconds`, spread over those with vocals.

    An item is None where the song cannot be read, for `common.training.collate_readable` to leave out.
    """

    def __init__(
        self, songs: Sequence[Song], *, targets: Sequence[str], seconds: float = 6.0, excerpts: int = 1
    ) -> None:
        super().__init__(songs, targets=targets, chunk_seconds=seconds)
        self.places = [
            (number, start)
            for number in range(len(self.songs))
            for start in self._choose(number, min(excerpts, self._apart(number)))
        ]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> dict[str, Tensor] | None:
        number, start = self.places[index]
        sources = {}
        try:
            for name in self.sources_of(self.songs[number]):
                waveform = self.read(number, name, start, self.samples)
                sources[name] = at_speed(waveform, 1.0, samples=self.samples)
        except BrokenSong as broken:
            self.tell(broken)
            return None
        return {"sources": self.summed(sources)}

    def _apart(self, number: int) -> int:
        """How many excerpts of a song do not overlap, at least one."""
        return max(1, self.songs[number].frames // self.samples)

    def _choose(self, number: int, excerpts: int) -> list[int]:
        """First samples of the excerpts of a song, evenly among the places where somebody sings."""
        latest = max(0, self.songs[number].frames - self.samples)
        count = min(CANDIDATES * excerpts, self._apart(number))
        # The middles of `count` equal parts: one is the middle of the song, and never its very beginning.
        places = [round(latest * (part + 0.5) / count) for part in range(count)]
        sung = [place for place in places if self._is_sung(number, place)]
        chosen = sung if len(sung) >= excerpts else places
        return [chosen[int((part + 0.5) * len(chosen) / excerpts)] for part in range(excerpts)]

    def _is_sung(self, number: int, start: int) -> bool:
        try:
            return sounds(self.read(number, "vocals", start, self.samples))
        except BrokenSong:
            return False  # told when the excerpt is read


def validation_excerpts(
    songs: Sequence[Song], *, targets: Sequence[str], seconds: float = 6.0, excerpts: int = 1
) -> ExcerptDataset:
    """Fixed excerpts, up to `excerpts` of `seconds` from each song, those with vocals first."""
    return ExcerptDataset(songs, targets=targets, seconds=seconds, excerpts=excerpts)


def require_stems(songs: Sequence[Song], targets: Sequence[str]) -> None:
    """Errors: UserError where there are no songs, or one lacks a stem that these targets need."""
    if not songs:
        raise UserError("there are no songs; check --data")
    needed = [stem for output in outputs(targets) for stem in members(output, targets)]
    for song in songs:
        given = song.stems()
        whole = ACCOMPANIMENT in given and ACCOMPANIMENT in outputs(targets)
        missing = [stem for stem in needed if stem not in given and not whole]
        if missing:
            raise UserError(
                f"{song.path}: has vocals and accompaniment, but no {', '.join(missing)};"
                " train with --targets vocals, or leave the song out"
            )
