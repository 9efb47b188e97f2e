"""The windows that models are evaluated on, and whose lyrics they hear instead.

Likelihoods are taken on all windows. Melodies are made for all of them, too, or for a quick look for some,
spread over the split. All is counted in beats of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from common import commands
from common.cli import UserError
from common.commands import spread
from common.metrics.melody import Windows
from common.training_data import folder_name
from hw3_melody_generation.shuffled_lyrics import strangers
from hw3_melody_generation.songs import Lyrics, Melody, Song
from hw3_melody_generation.training_data import TrainingData, is_mini

MINI = "mini data, never to be set beside scores on the lyrics-melody corpus"


@dataclass(frozen=True)
class EvaluationWindows:
    """Windows of `data`, as a rule of its test split, and which of them melodies are made for.

    seed: of the shuffled lyrics. quarters_per_beat: what a beat of the windows is.
    """

    data: Path
    split: str
    songs: tuple[Song, ...]
    sampled: tuple[int, ...]
    quarters_per_beat: float
    seed: int = 0

    @classmethod
    def of(
        cls,
        songs: Sequence[Song],
        data: Path,
        *,
        split: str,
        quarters_per_beat: float,
        samples: int = 0,
        seed: int = 0,
    ) -> EvaluationWindows:
        """All `songs`, windows of one length; `samples` of them are sampled, 0 for all. Errors: UserError."""
        lengths = {len(song) for song in songs}
        if len(lengths) > 1 or lengths == {1}:
            found = f"{min(lengths)} to {max(lengths)} syllables"
            raise UserError(f"{data}: windows of {found}; the measures need one length of at least 2")
        sampled = spread(range(len(songs)), samples or len(songs))
        return cls(data, split, tuple(songs), tuple(sampled), quarters_per_beat, seed)

    @property
    def is_part(self) -> bool:
        """Whether melodies are made for some windows only."""
        return len(self.sampled) < len(self.songs)

    @property
    def is_mini(self) -> bool:
        """Whether these are data that come with the project, which nothing published is comparable with."""
        return is_mini(self.data)

    @property
    def groups(self) -> list[str]:
        """The song of each window."""
        return [song.group for song in self.songs]

    @property
    def sampled_songs(self) -> list[Song]:
        """The windows that melodies are made for."""
        return [self.songs[place] for place in self.sampled]

    @property
    def title(self) -> str:
        """What was evaluated on."""
        mini = f" ({MINI})" if self.is_mini else ""
        part = f"; melodies for {len(self.sampled)} of {len(self.songs)} windows" if self.is_part else ""
        return f"test windows of {self.data}, {self.split} split{mini}{part}"

    @cached_property
    def truth(self) -> Windows:
        """All true windows as arrays."""
        return self._windows([song.melody for song in self.songs], self.songs)

    @cached_property
    def sampled_truth(self) -> Windows:
        """Those that melodies are made for."""
        return self.as_windows([song.melody for song in self.sampled_songs])

    def as_windows(self, melodies: Sequence[Melody]) -> Windows:
        """Melodies that were made for the sampled windows as arrays, with the lines of their lyrics."""
        return self._windows(melodies, self.sampled_songs)

    @cached_property
    def wrong_lyrics(self) -> list[Lyrics] | None:
        """For each window the lyrics of another song's; None where one song has more than half of them."""
        try:
            partners = strangers(self.groups, seed=self.seed)
        except UserError:
            return None
        return [self.songs[partner].lyrics for partner in partners]

    def results_folder(self, model: Path, *settings: str) -> Path:
        """Where the results of a model go: into its folder if nothing is out of the ordinary, else below it.

        settings: names of what is, such as "temperature_0.8", beside data, split and number of samples.
        """
        trained_on = TrainingData.load(model)
        folder = commands.results_folder(model, trained_on, self.data)
        names = [f"{self.split}_split"] * (trained_on is None or trained_on.split != self.split)
        names += [f"{len(self.sampled)}_samples"] * self.is_part + list(settings)
        if not names:
            return folder
        return model / "_".join(["eval", folder_name(self.data), *names])

    def trained_on_other_split(self, model: Path) -> bool:
        """Whether `model` learnt from these data by another split, so that it may know test windows."""
        trained_on = TrainingData.load(model)
        if trained_on is None or trained_on.name != folder_name(self.data):
            return False
        return trained_on.split != self.split

    def _windows(self, melodies: Sequence[Melody], songs: Sequence[Song]) -> Windows:
        return Windows.of(melodies, lines=[song.lyrics.lines for song in songs])
