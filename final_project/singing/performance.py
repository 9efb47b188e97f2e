"""A song as it is sung: by one voice, by a choir in unison, or in parts with one or several voices each.

    sung = perform(song, Ensemble(singer=singer, voices=3), seed=0)
    sung.waveform    # (1, samples) of one voice, (2, samples) of several

Sound begins LEAD_IN seconds before the song does, so that the first consonants and a breath have room:
`sung.song` is the song in seconds of the sound. The melody is sung by `singer`, or by whose comfortable range
fits best, and so are all other parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.audio_checks import is_silent
from common.cli import UserError
from common.singing import SINGERS, Singer
from common.singing.choir import ChoirPart, sing_choir, singers_for_parts
from common.singing.sing import check_notes
from common.singing.sung_words import sing_words
from common.singing.world import load_pyworld
from final_project.singing.diction import clear
from final_project.singing.piano_roll import PitchCurve, name_of
from final_project.singing.song import Song, SongPart

SAMPLE_RATE = 44_100  # Hz
LEAD_IN, RING_OUT = 0.6, 1.0  # s before the song, and after it
PEAK = 10 ** (-1 / 20)  # -1 dB below full scale
LONGEST = 1200.0  # s: sound is held in memory, 10 MB a minute for each channel
FRAME = 0.01  # s, of the pitch that is shown
REACH = 60.0, 1100.0  # Hz, in which it is looked for


@dataclass(frozen=True)
class Ensemble:
    """Who sings. singer: of the melody; None: whoever it suits. voices: how many sing each part."""

    singer: Singer | None = None
    voices: int = 1


@dataclass(frozen=True)
class Performance:
    """What was sung: the song in seconds of the sound, float32 (channels, samples), who sang each part, and
    how many voices each part has.
    """

    song: Song
    waveform: NDArray[np.float32]
    singers: tuple[Singer, ...]
    voices: int

    @property
    def is_solo(self) -> bool:
        """Whether one voice alone is heard."""
        return len(self.song.parts) == self.voices == 1

    @property
    def curve(self) -> PitchCurve | None:
        """The pitch that was sung, measured in the sound; None where several voices sound together."""
        return pitch_curve(self.waveform[0]) if self.is_solo else None


def perform(song: Song, ensemble: Ensemble, *, seed: int = 0) -> Performance:
    """Sing `song`. The same arguments give the same samples.

    Errors: UserError for what is too long, words that cannot be spoken, notes that nobody can sing.
    """
    check(song)
    singers = tuple(clear(singer, song.language or None) for singer in cast(song, ensemble))
    moved = song.later(LEAD_IN)
    rng = np.random.default_rng(seed)
    if len(song.parts) == ensemble.voices == 1:
        waveform = solo(moved.melody, singers[0], rng)
    else:
        waveform = together(moved, singers, ensemble.voices, rng)
    if is_silent(waveform):
        raise UserError("nothing can be heard of it; give words with vowels")
    waveform *= np.float32(PEAK / np.abs(waveform).max())
    return Performance(moved, waveform, singers, ensemble.voices)


def check(song: Song) -> None:
    """Errors: UserError unless each part can be sung."""
    if song.end > LONGEST:
        raise UserError(f"would last {song.end / 60:.0f} minutes; give at most {LONGEST / 60:.0f}")
    for part in song.parts:
        check_notes(part.notes)


def cast(song: Song, ensemble: Ensemble) -> list[Singer]:
    """A singer for each part."""
    found = singers_for_parts([part.notes for part in song.parts])
    return [ensemble.singer or found[0], *found[1:]]


def pitch_curve(waveform: NDArray[np.float32]) -> PitchCurve:
    """The pitch of one clean voice, (samples,): WORLD's DIO finds it, StoneMask refines it.

    Many times as fast as Harvest, and good enough to be looked at.
    """
    world, sound = load_pyworld(), waveform.astype(float)
    f0, times = world.dio(sound, SAMPLE_RATE, *REACH, frame_period=1000 * FRAME)
    f0 = world.stonemask(sound, f0, times, SAMPLE_RATE)
    pitch = 69 + 12 * np.log2(np.maximum(f0, 1.0) / 440)
    return PitchCurve(times, np.where(f0 > 0, pitch, np.nan))


def solo(part: SongPart, singer: Singer, rng: np.random.Generator) -> NDArray[np.float32]:
    """One voice, float32 (1, samples)."""
    waveform = np.zeros((1, round((part.end + RING_OUT) * SAMPLE_RATE)), dtype=np.float32)
    for start, sound in sing_words(part.words, part.notes, singer, rng=rng, sample_rate=SAMPLE_RATE):
        begin = round(start * SAMPLE_RATE)
        count = min(len(sound), waveform.shape[1] - begin)
        waveform[0, begin : begin + count] += sound[:count]
    return waveform


def together(
    song: Song, singers: tuple[Singer, ...], voices: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """All parts, float32 (2, samples)."""
    parts = [
        ChoirPart(part.notes, part.words, singer, voices)
        for part, singer in zip(song.parts, singers, strict=True)
    ]
    return sing_choir(parts, rng=rng, sample_rate=SAMPLE_RATE, duration=song.end + RING_OUT)


def singer_named(name: str) -> Singer:
    """The singer of that name, in any case. Errors: UserError, which lists all of them."""
    everybody = {singer.name.casefold(): singer for group in SINGERS.values() for singer in group}
    if name.casefold() not in everybody:
        names = ", ".join(f"{s.name} {range_name(s)}" for s in everybody.values())
        raise UserError(f"--singer {name}: nobody here has that name; choose among {names}")
    return everybody[name.casefold()]


def range_name(singer: Singer) -> str:
    """The comfortable range, such as "G♯3-F5"."""
    return f"{name_of(singer.lowest)}-{name_of(singer.highest)}"


def strained(part: SongPart, singer: Singer) -> str | None:
    """What to tell about a part that lies outside of the singer's comfortable range; None if it does not."""
    outside = sum(not singer.lowest <= pitch <= singer.highest for pitch in part.pitches)
    if not outside:
        return None
    notes = f"{outside} of {len(part.notes)} notes of the {part.name}"
    return f"{notes} lie outside of {singer.name}'s range {range_name(singer)}; try --transpose, or --singer"
