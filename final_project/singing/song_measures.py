"""All that is measured of one song: it is sung, tracked twice, and heard by a listener; and so is its speech.

What makes sound is apart from what hears it (`take_of`, `measure`), so that songs are sung in several
processes and only one holds the listener.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.singing.espeak import SAMPLE_RATE as SPOKEN_RATE
from common.singing.lyrics import SungText, speak_lyrics
from common.singing.phonemes import Manner, manner
from common.singing.timing import SongPlan
from final_project.singing.f0_trackers import TRACKERS, track
from final_project.singing.listening import Listener, at_listening_rate
from final_project.singing.measures import CENTS, onset_errors, tuning, voiced_share
from final_project.singing.models import SAMPLE_RATE
from final_project.singing.spoken import Vowel, heard_vowels
from final_project.singing.sung_songs import SUNG_RATE, SungSong

SINE = 0.1  # amplitude
QUICK = "harvest"  # the tracker that takes half the time of the other


@dataclass(frozen=True)
class Voice:
    """A sound (samples,) at 16 kHz, its pitch (frames,) by tracker, and how late (s) its vowels are."""

    waveform: NDArray[np.float32]
    pitch: dict[str, NDArray[np.float64]]
    onsets: NDArray[np.float64]


@dataclass(frozen=True)
class Take:
    """A song as it is sung, and as it is read aloud: the same words, without notes.

    sung_vowels, spoken_vowels: where the same vowels lie in both.
    """

    song: SungSong
    sung: Voice
    speech: Voice
    sung_vowels: tuple[Vowel, ...]
    spoken_vowels: tuple[Vowel, ...]


@dataclass(frozen=True)
class SongMeasures:
    """Of one song. Deviations are cents by tracker, onset errors seconds (NaN: none heard) for each note.

    targets, and what is heard where they are sung, spoken and replaced by a sine tone: (vowels,).
    """

    take: Take
    deviations: dict[str, NDArray[np.float64]]
    voiced: dict[str, float]
    targets: NDArray[np.int64]
    heard_sung: NDArray[np.int64]
    heard_spoken: NDArray[np.int64]
    heard_sine: NDArray[np.int64]

    @property
    def in_tune(self) -> dict[str, NDArray[np.bool_]]:
        """Whether each counted frame is within 50 cents, by tracker."""
        return {name: np.abs(values) <= CENTS for name, values in self.deviations.items()}


def take_of(song: SungSong) -> Take:
    """Sing the song and read its words aloud. Errors: SingingError."""
    texts, tape = speak_lyrics(song.lyrics, song.voice.voice, notes=len(song.notes))
    sung_vowels, spoken_vowels = paired_vowels(song.plan(), texts)
    begin = np.zeros(round(song.notes[0].start * SPOKEN_RATE))  # the first word on the first note
    speech = np.concatenate([begin, tape.waveform])
    return Take(
        song,
        voice_of(song.sing(), SUNG_RATE, song, TRACKERS),
        voice_of(speech, SPOKEN_RATE, song, [QUICK]),
        sung_vowels,
        tuple(
            Vowel(v.start + song.notes[0].start, v.end + song.notes[0].start, v.target) for v in spoken_vowels
        ),
    )


def voice_of(waveform: NDArray, sample_rate: int, song: SungSong, trackers: Iterable[str]) -> Voice:
    """Track a sound and look for the vowels of the song in it."""
    pitch = {name: track(waveform, name, sample_rate=sample_rate) for name in trackers}
    onsets = onset_errors(waveform, pitch[QUICK], song.notes, sample_rate=sample_rate)
    return Voice(at_listening_rate(waveform, sample_rate), pitch, onsets)


def paired_vowels(plan: SongPlan, texts: list[SungText]) -> tuple[tuple[Vowel, ...], tuple[Vowel, ...]]:
    """The vowels that are long enough where they are sung and where they are spoken (on the tape)."""
    first = {p.syllable: p for p in reversed(plan.phonemes) if manner(p.ipa) is Manner.VOWEL}
    pairs = []
    for place, text in enumerate(texts):
        nucleus = text.syllable.nucleus
        if place in first:
            sung = heard_vowels([(first[place].start, first[place].end, nucleus.ipa)])
            spoken = heard_vowels([(nucleus.start, nucleus.end, nucleus.ipa)])
            if sung and spoken:
                pairs.append((sung[0], spoken[0]))
    return tuple(sung for sung, _ in pairs), tuple(spoken for _, spoken in pairs)


def measure(take: Take, listener: Listener) -> SongMeasures:
    """What trackers and listener say of a take."""
    notes, sung, speech = take.song.notes, take.sung, take.speech
    return SongMeasures(
        take,
        deviations={name: tuning(pitch, notes) for name, pitch in sung.pitch.items()},
        voiced={name: voiced_share(pitch, notes) for name, pitch in sung.pitch.items()},
        targets=np.array([vowel.target for vowel in take.sung_vowels], dtype=np.int64),
        heard_sung=listener.hear(sung.waveform, take.sung_vowels),
        heard_spoken=listener.hear(speech.waveform, take.spoken_vowels),
        heard_sine=listener.hear(sine_of(take.song, len(sung.waveform)), take.sung_vowels),
    )


def sine_of(song: SungSong, samples: int) -> NDArray[np.float32]:
    """The melody as a sine tone at 16 kHz, (samples,): pitch and time of the song, without a word."""
    starts = [round(note.start * SAMPLE_RATE) for note in song.notes]
    hertz = np.full(samples, 440.0)
    for note, begin, end in zip(song.notes, [0, *starts[1:]], [*starts[1:], samples], strict=True):
        hertz[begin:end] = 440.0 * 2 ** ((note.pitch - 69) / 12)
    return (SINE * np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE)).astype(np.float32)
