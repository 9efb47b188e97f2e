"""The options of remixing; what they do: see `remix.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common.cli import UserError
from hw1_instrument_detection.clip_index import CLIP_SECONDS
from hw1_instrument_detection.random_sound import RandomSound


@dataclass(kw_only=True)
class RemixConfig:
    """Remixing of training clips: of stems where the data have them, else of two clips at a time."""

    remix: float = 0.7
    """Share of the training clips that are remixed, 0 to 1; the others are left as they are."""
    remix_domain: Literal["waveform", "spectrogram"] = "waveform"
    """What is added up: waveforms, for any encoder, or the mel spectrograms of the network, ten times as
    fast, for those that hear mel spectrograms of ours."""
    remix_scratch: float = 0.0
    """Share of the training clips, 0 to 1, that are put together from scratch, stem by stem, each of any
    track; the other options say what happens to the rest."""
    remix_scratch_last: float = 0.5
    """How much of --remix-scratch, 0 to 1, is left in the last epochs: sounds are learnt before songs."""
    remix_last: float = 0.3
    """Which epochs are the last ones, as a share of all, 0 to 1."""
    remix_parts: int = 6
    """Most stems in a clip that is put together from scratch, without drums; how many is drawn from 1 up."""
    remix_drums: float = 0.7
    """Chance, 0 to 1, that a drum kit is added to a clip that is put together from scratch."""
    remix_draws: int = 1
    """How often each clip is drawn in an epoch, each time in another remix; data without stems, whose clips
    stay 5 s long, are drawn so much less often as --remix-seconds is shorter."""
    remix_keep: float = 1.0
    """Highest chance of the stems of the clip's own track to stay in a remix, 0 to 1; it is drawn for each
    remix from 0 up: sparse mixes teach how each instrument sounds, dense ones to hear it among others."""
    remix_foreign: int = 3
    """Most stems of other tracks in a remix; how many is drawn from 0 up."""
    remix_seconds: float = CLIP_SECONDS
    """Length (s) of the training clips that are cut from stems, 1 to 5: in shorter ones more of the labels
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
    """Standard deviation of the level (dB) of the whole clip, if it is a waveform."""
    remix_cache: Path | None = None
    """Where to keep the stems, decoded in .cache_24000 (the model's rate) or as spectrograms in
    .spectrograms_24000_... (with its frames and bands). Default: the data folder."""
    remix_cache_gb: float = 20.0
    """It may take so much disk (GB); if it needs more, stems are decoded for every clip anew."""

    def __post_init__(self) -> None:
        for option, value, valid, rule in (
            ("--remix", self.remix, 0 <= self.remix <= 1, "in [0, 1]"),
            ("--remix-scratch", self.remix_scratch, 0 <= self.remix_scratch <= 1, "in [0, 1]"),
            ("--remix-scratch-last", self.remix_scratch_last, 0 <= self.remix_scratch_last <= 1, "in [0, 1]"),
            ("--remix-last", self.remix_last, 0 <= self.remix_last <= 1, "in [0, 1]"),
            ("--remix-parts", self.remix_parts, self.remix_parts >= 1, "at least 1"),
            ("--remix-drums", self.remix_drums, 0 <= self.remix_drums <= 1, "in [0, 1]"),
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

    def scratch_share(self, epoch: int, epochs: int) -> float:
        """The share of the clips that are put together from scratch in `epoch`, from 1, of `epochs`."""
        is_last = epoch > epochs * (1 - self.remix_last)
        return self.remix_scratch * (self.remix_scratch_last if is_last else 1.0)

    def speeds(self) -> tuple[float, ...]:
        """The speeds at which the spectrograms of stems are kept: as they are, and two up, two down."""
        steps = (0.0, -1.0, -0.5, 0.5, 1.0) if self.remix_semitones else (0.0,)
        return tuple(2 ** (step * self.remix_semitones / 12) for step in steps)
