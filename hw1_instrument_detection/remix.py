"""Training clips that nobody has recorded: stems left out, taken over from other tracks, in another sound.

A band plays habitually: where there is a bass there is a drum kit, and a network learns to hear the one by
the other. In a remix each instrument has to be heard by itself. The labels follow from the notes of each stem
that was used. Source: Uhlich et al. 2017, "Improving music source separation based on deep neural networks
through data augmentation and network blending", who remix for separation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.fft
import soxr
import torch
from numpy.typing import NDArray

from common.audio import AudioError
from common.cli import UserError
from hw1_instrument_detection.classes import NUM_CLASSES
from hw1_instrument_detection.clip_dataset import Augment, ClipDataset
from hw1_instrument_detection.clip_index import CLIP_SECONDS, ClipIndex
from hw1_instrument_detection.random_sound import RandomSound
from hw1_instrument_detection.stem_cache import StemFiles, has_stem_audio
from hw1_instrument_detection.tracks import Track, window_target

JITTER_SECONDS = CLIP_SECONDS / 2  # a training clip begins so much before or after its 5-second step


@dataclass(kw_only=True)
class RemixConfig:
    """Remixing of training clips: of stems where the data have them, else of two clips at a time."""

    remix: float = 0.7
    """Share of the training clips that are remixed, 0 to 1; the others are left as they are."""
    remix_draws: int = 1
    """How often each clip is drawn in an epoch, each time in another remix."""
    remix_keep: float = 1.0
    """Highest chance of the stems of the clip's own track to stay in a remix, 0 to 1; it is drawn for each
    remix from 0 up: sparse mixes teach how each instrument sounds, dense ones to hear it among others."""
    remix_foreign: int = 3
    """Most stems of other tracks in a remix; how many is drawn from 0 up."""
    remix_seconds: float = CLIP_SECONDS
    """Length (s) of the training clips that are cut from stems, at most 5: in shorter ones more of the labels
    can be heard all the time, and they cost less."""
    remix_balance: float = 0.8
    """Share of the foreign stems that are drawn by class, each class as often; the others at random."""
    remix_gain_db: float = 5.0
    """Standard deviation of the gain (dB) of each stem."""
    remix_equalizer_db: float = 5.0
    """Standard deviation of the gains (dB) of the equalizer that every other stem goes through. 0: none."""
    remix_semitones: float = 3.0
    """Largest change of pitch, and tempo with it, up or down: of a track, or of a foreign stem. 0: none."""
    remix_level_db: float = 4.0
    """Standard deviation of the level (dB) of the whole clip."""
    remix_cache: Path | None = None
    """Folder for decoded stems. Default: .cache_24000 (the model's rate) in the data folder."""
    remix_cache_gb: float = 20.0
    """Decoded stems may take so much disk (GB); if they need more, they are decoded for every clip anew."""

    def __post_init__(self) -> None:
        for option, value, valid, rule in (
            ("--remix", self.remix, 0 <= self.remix <= 1, "in [0, 1]"),
            ("--remix-draws", self.remix_draws, self.remix_draws >= 1, "at least 1"),
            ("--remix-keep", self.remix_keep, 0 <= self.remix_keep <= 1, "in [0, 1]"),
            ("--remix-foreign", self.remix_foreign, self.remix_foreign >= 0, "at least 0"),
            ("--remix-seconds", self.remix_seconds, 1 <= self.remix_seconds <= CLIP_SECONDS, "from 1 to 5"),
            ("--remix-balance", self.remix_balance, 0 <= self.remix_balance <= 1, "in [0, 1]"),
            ("--remix-gain-db", self.remix_gain_db, self.remix_gain_db >= 0, "at least 0"),
            ("--remix-equalizer-db", self.remix_equalizer_db, self.remix_equalizer_db >= 0, "at least 0"),
            ("--remix-semitones", self.remix_semitones, 0 <= self.remix_semitones <= 12, "in [0, 12]"),
            ("--remix-level-db", self.remix_level_db, self.remix_level_db >= 0, "at least 0"),
        ):
            if not valid:
                raise UserError(f"{option} is {value}; give a value {rule}")

    def sound(self, sample_rate: int) -> RandomSound:
        """What changes the sound of stems at `sample_rate`."""
        return RandomSound(
            sample_rate=sample_rate,
            gain_db=self.remix_gain_db,
            equalizer_db=self.remix_equalizer_db,
            semitones=self.remix_semitones,
            level_db=self.remix_level_db,
        )


class DrawnDataset(ClipDataset):
    """Training clips of which an epoch draws each `config.remix_draws` times."""

    config: RemixConfig

    def __len__(self) -> int:
        return self.config.remix_draws * len(self.clips)

    def __getitem__(self, position: int) -> dict:
        return super().__getitem__(position % len(self.clips))


class RemixDataset(DrawnDataset):
    """The clips of `index`, and remixes of the stems of the `tracks` that they are cut from.

    `dataset[position]` is the clip as it is, as in ClipDataset. `draw(position, generator)` begins at a
    random time near it, and in `config.remix` of the cases is a remix; all it needs comes from `generator`.
    `index.tracks` must be the names of `tracks`; only tracks that `index` has clips of are used, so a
    `subset` of the clips by track keeps the others' music out. A track whose stems cannot be read gives its
    clips as they are.
    """

    def __init__(
        self,
        index: ClipIndex,
        tracks: Sequence[Track],
        stems: StemFiles,
        *,
        config: RemixConfig,
        augment: Augment | None = None,
    ) -> None:
        super().__init__(index, sample_rate=stems.sample_rate, augment=augment)
        if tuple(track.name for track in tracks) != index.tracks:
            raise ValueError("the tracks must be those of the index, in its order")
        self.tracks, self.stems, self.config = tuple(tracks), stems, config
        self.samples = round(config.remix_seconds * self.sample_rate)
        self.sound = config.sound(self.sample_rate)
        self._notes = [[(track.label(stem), stem.notes) for stem in track.stems] for track in tracks]
        self._collect_foreign(np.unique(index.track))

    def draw(self, position: int, generator: np.random.Generator) -> dict:
        """A clip like that at `position`: its track at a time near by, perhaps remixed."""
        position %= len(self.clips)
        number = int(self.clips.track[position])
        if not has_stem_audio(self.tracks[number]):
            return self._beginning_of(super().draw(position, generator))
        start = float(self.clips.start[position])
        try:
            if generator.random() < self.config.remix:
                waveform, target = self._remix(number, start, generator)
            else:
                stems = range(len(self.tracks[number].stems))
                waveform, target = self._play(number, stems, start, speed=1.0, generator=generator)
        except AudioError as error:
            self._tell(position, error)
            return self._beginning_of(super().draw(position, generator))
        waveform = torch.from_numpy(self.sound.level(waveform, generator))
        item = {"waveform": waveform, "target": torch.from_numpy(target), "index": position}
        return self.augmented(item, generator)

    def _beginning_of(self, item: dict) -> dict:
        """A clip without stems, as long as the others of its batch; its labels are those of all 5 s."""
        return item | {"waveform": item["waveform"][: self.samples]}

    def _remix(self, number: int, start: float, generator: np.random.Generator) -> tuple[NDArray, NDArray]:
        """Some stems of the track with this number and some of others: waveform (samples,), target (9,)."""
        chance = generator.uniform(0.0, self.config.remix_keep)
        kept = np.flatnonzero(generator.random(len(self.tracks[number].stems)) < chance)
        foreign = int(generator.integers(self.config.remix_foreign + 1)) if len(self._foreign) else 0
        if not (len(kept) or foreign):
            kept = np.arange(len(self.tracks[number].stems))
        waveform, target = self._play(
            number, kept, start, speed=self.sound.speed(generator), generator=generator, changed=True
        )
        for _ in range(foreign):
            other, stem = self._foreign_stem(generator)
            added, playing = self._play(
                other,
                [stem],
                self._time_of_playing(other, stem, generator),
                speed=self.sound.speed(generator),
                generator=generator,
                changed=True,
            )
            waveform, target = waveform + added, np.maximum(target, playing)
        return waveform, target

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
        """The sum of some stems of a track, near `start` (s), at `speed` -> (samples,) and target (9,).

        `changed`: each in a random sound of its own.
        """
        track = self.tracks[number]
        seconds = self.config.remix_seconds * speed
        latest = max(0.0, track.duration - seconds)
        start = float(np.clip(start + generator.uniform(-JITTER_SECONDS, JITTER_SECONDS), 0, latest))
        needed = self.samples if speed == 1 else int(np.ceil(self.samples * speed)) + 1
        length = scipy.fft.next_fast_len(needed, real=True)
        waveforms = self.stems.read(track, stems, start=start, num_samples=length)  # (stems, length)
        mix = self.sound.mix(waveforms, generator) if changed else waveforms.sum(axis=0)
        if speed != 1:
            mix = soxr.resample(mix[:needed], speed, 1.0, quality="LQ")
        mix = mix[: self.samples]
        target = window_target([self._notes[number][stem] for stem in stems], start, start + seconds)
        return np.pad(mix, (0, self.samples - len(mix))), target

    def _collect_foreign(self, used: NDArray) -> None:
        """The stems that may go into other tracks, as (stems, 2) track and stem numbers; and by class."""
        pairs, labels = [], []
        for number in used.tolist():
            if has_stem_audio(self.tracks[number]):
                for stem, (label, notes) in enumerate(self._notes[number]):
                    if len(notes):
                        pairs.append((number, stem))
                        labels.append(-1 if label is None else label)
        self._foreign = np.array(pairs, dtype=np.int32).reshape(-1, 2)
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
        return float(generator.uniform(notes.start[note], notes.end[note]) - self.config.remix_seconds / 2)


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
