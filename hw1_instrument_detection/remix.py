"""Training clips that nobody has recorded: stems left out, taken over from other tracks, in another sound.

A band plays habitually: where there is a bass there is a drum kit, and a network learns to hear the one by
the other; and it knows its songs sooner than the sounds in them. In a remix each instrument has to be heard
by itself, most of all in one that is put together from scratch, of stems that never met. What such clips do
not teach, how bands play together, the last epochs do, in which songs come in. The labels follow from the
notes of each stem that was used. Source: Uhlich et al. 2017, "Improving music source separation based on deep
neural networks through data augmentation and network blending", who remix for separation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from common.audio import AudioError
from hw1_instrument_detection.classes import NUM_CLASSES
from hw1_instrument_detection.clip_dataset import Augment, ClipDataset
from hw1_instrument_detection.clip_index import CLIP_SECONDS, ClipIndex
from hw1_instrument_detection.remix_config import RemixConfig
from hw1_instrument_detection.stem_players import StemPlayer
from hw1_instrument_detection.track_cache import has_stem_audio
from hw1_instrument_detection.tracks import Track, window_target

JITTER_SECONDS = CLIP_SECONDS / 2  # a training clip begins so much before or after its 5-second step


class DrawnDataset(ClipDataset):
    """Training clips of which an epoch draws each `draws` times."""

    draws: int

    def __len__(self) -> int:
        return self.draws * len(self.clips)

    def __getitem__(self, position: int) -> dict:
        return super().__getitem__(position % len(self.clips))


class RemixDataset(DrawnDataset):
    """The clips of `index`, and remixes of the stems of the `tracks` that they are cut from.

    `dataset[position]` is the clip as it is, as in ClipDataset. `draw(position, generator)` is in
    `config.scratch_share` of the cases put together from stems of any track; else it begins at a random time
    near the clip, and in `config.remix` of the cases is a remix. All it needs comes from `generator`, and
    from `epoch`, which the training sets, of `epochs`; how it sounds, from `player`. `index.tracks` must be
    the names of `tracks`; only tracks that `index` has clips of are used, so a `subset` of the clips by track
    keeps the others' music out. A track whose stems cannot be read gives its clips as they are.
    """

    def __init__(
        self,
        index: ClipIndex,
        tracks: Sequence[Track],
        player: StemPlayer,
        *,
        config: RemixConfig,
        epochs: int = 1,
        augment: Augment | None = None,
    ) -> None:
        super().__init__(index, sample_rate=player.sample_rate, augment=augment)
        self.draws, self.epoch, self.epochs = config.remix_draws, 1, epochs
        if tuple(track.name for track in tracks) != index.tracks:
            raise ValueError("the tracks must be those of the index, in its order")
        self.tracks, self.player, self.config = tuple(tracks), player, config
        self._notes = [[(track.label(stem), stem.notes) for stem in track.stems] for track in tracks]
        self._collect_foreign(np.unique(index.track))

    def draw(self, position: int, generator: np.random.Generator) -> dict:
        """A clip like that at `position`: its track at a time near by, perhaps remixed; or from scratch."""
        position %= len(self.clips)
        number = int(self.clips.track[position])
        if not has_stem_audio(self.tracks[number]):
            return self._beginning_of(super().draw(position, generator))
        start = float(self.clips.start[position] + generator.uniform(-JITTER_SECONDS, JITTER_SECONDS))
        try:
            if len(self._foreign) and generator.random() < self._scratch_share():
                mix, target = self._from_scratch(generator)
            elif generator.random() < self.config.remix:
                mix, target = self._remix(number, start, generator)
            else:
                stems = range(len(self.tracks[number].stems))
                mix, target = self._play(number, stems, start, speed=1.0, generator=generator)
        except AudioError as error:
            self._tell(position, error)
            return self._beginning_of(super().draw(position, generator))
        waveform = self.player.finish(mix, generator)
        item = {"waveform": waveform, "target": torch.from_numpy(target), "index": position}
        return self.augmented(item, generator)

    def _scratch_share(self) -> float:
        return self.config.scratch_share(self.epoch, self.epochs)

    def _beginning_of(self, item: dict) -> dict:
        """A clip without stems, as long as the others of its batch; its labels are those of all 5 s."""
        return item | {"waveform": self.player.of_clip(item["waveform"])}

    def _from_scratch(self, generator: np.random.Generator) -> tuple[NDArray, NDArray]:
        """Some stems of any tracks, and perhaps drums: the sum, target (9,)."""
        count = 1 + generator.integers(self.config.remix_parts)
        parts = [self._foreign_stem(generator) for _ in range(count)]
        if len(self._drums) and generator.random() < self.config.remix_drums:
            parts.append(tuple(self._drums[generator.integers(len(self._drums))].tolist()))
        return add_up(self._play_foreign(part, generator) for part in parts)

    def _remix(self, number: int, start: float, generator: np.random.Generator) -> tuple[NDArray, NDArray]:
        """Some stems of the track with this number and some of others: the sum, target (9,)."""
        chance = generator.uniform(0.0, self.config.remix_keep)
        kept = np.flatnonzero(generator.random(len(self.tracks[number].stems)) < chance)
        foreign = int(generator.integers(self.config.remix_foreign + 1)) if len(self._foreign) else 0
        if not (len(kept) or foreign):
            kept = np.arange(len(self.tracks[number].stems))
        own = self._play(
            number, kept, start, speed=self.player.speed(generator), generator=generator, changed=True
        )
        others = [self._play_foreign(self._foreign_stem(generator), generator) for _ in range(foreign)]
        return add_up([own, *others])

    def _play_foreign(
        self, part: tuple[int, int], generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A stem, by track and number, at a time when it plays; and target (9,)."""
        number, stem = part
        return self._play(
            number,
            [stem],
            self._time_of_playing(number, stem, generator),
            speed=self.player.speed(generator),
            generator=generator,
            changed=True,
        )

    def _play(
        self,
        number: int,
        stems: Sequence[int],
        start: float,
        *,
        speed: float,
        generator: np.random.Generator,
        changed: bool = False,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The sum of some stems of a track, from `start` (s) if it is in it, at `speed`, and target (9,).

        `changed`: each in a random sound of its own.
        """
        track = self.tracks[number]
        seconds = self.config.remix_seconds * speed
        latest = max(0.0, track.duration - seconds)
        start = float(np.clip(start, 0, latest))
        mix = self.player.play(track, stems, start=start, speed=speed, changed=changed, generator=generator)
        target = window_target([self._notes[number][stem] for stem in stems], start, start + seconds)
        return mix, target

    def _collect_foreign(self, used: NDArray) -> None:
        """The stems that may go into other tracks, as (stems, 2) track and stem numbers; and by class."""
        pairs, labels, drums = [], [], []
        for number in used.tolist():
            if has_stem_audio(self.tracks[number]):
                for stem, (label, notes) in enumerate(self._notes[number]):
                    if len(notes):
                        pairs.append((number, stem))
                        labels.append(-1 if label is None else label)
                        drums.append(self.tracks[number].stems[stem].is_drum)
        self._foreign = np.array(pairs, dtype=np.int32).reshape(-1, 2)
        self._drums = self._foreign[np.array(drums, dtype=bool)]
        classes = (np.flatnonzero(np.array(labels) == label) for label in range(NUM_CLASSES))
        self._by_class = [positions for positions in classes if len(positions)]

    def _foreign_stem(self, generator: np.random.Generator) -> tuple[int, int]:
        """Track and number of a stem of any track; the rare classes get their share by `remix_balance`."""
        if self._by_class and generator.random() < self.config.remix_balance:
            positions = self._by_class[generator.integers(len(self._by_class))]
            position = positions[generator.integers(len(positions))]
        else:
            position = generator.integers(len(self._foreign))
        number, stem = self._foreign[position]
        return int(number), int(stem)

    def _time_of_playing(self, number: int, stem: int, generator: np.random.Generator) -> float:
        """The beginning of a clip in which the stem plays at some time, s."""
        _, notes = self._notes[number][stem]
        note = generator.integers(len(notes))
        playing = generator.uniform(notes.start[note], notes.end[note])
        return float(playing - generator.random() * self.config.remix_seconds)


def add_up(parts: Iterable[tuple[NDArray, NDArray]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sums and targets of what plays together -> the sum of all, 1 where any of the targets is."""
    sounds, targets = zip(*parts, strict=True)
    return np.sum(sounds, axis=0), np.maximum.reduce(targets)


class ClipMixDataset(DrawnDataset):
    """The clips of `index`, and sums of two of them: the remixing of data without stems.

    As RemixDataset; what sounds in a sum is what sounds in either clip. Nothing is changed in pitch: a clip
    has no more than its 5 s, and its label is that of all of them.
    """

    def __init__(
        self, index: ClipIndex, *, sample_rate: int, config: RemixConfig, augment: Augment | None = None
    ) -> None:
        super().__init__(index, sample_rate=sample_rate, augment=augment)
        self.config = config
        # Whole clips, whatever the length of those from stems: as much music, not as many of them.
        self.draws = max(1, round(config.remix_draws * config.remix_seconds / CLIP_SECONDS))
        self.sound = config.sound(sample_rate)

    def draw(self, position: int, generator: np.random.Generator) -> dict:
        """The clip at `position`, in some cases together with another one."""
        item = self[position]
        waveform, target = item["waveform"].numpy(), item["target"]
        if generator.random() < self.config.remix:
            other = self[int(generator.integers(len(self.clips)))]
            waveform = self.sound.mix(np.stack([waveform, other["waveform"].numpy()]), generator)
            target = torch.maximum(target, other["target"])
        waveform = torch.from_numpy(self.sound.level(waveform, generator))
        return self.augmented({"waveform": waveform, "target": target, "index": item["index"]}, generator)
