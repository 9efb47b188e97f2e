"""Lyrics and notes -> a singing voice.

    waveform = sing("Shine a light", notes, SINGERS["train"][0], rng=np.random.default_rng(0))

1. espeak-ng speaks the lyrics in one tone and says when each phoneme sounds (`espeak`, `lyrics`).
2. Syllables get notes, phonemes get times (`syllables`, `timing`).
3. WORLD's envelopes of the speech, in the timbre of the singer (`world`, `timbre`), are read along these
   times, slowly through the vowels (`frames`).
4. The notes become a curve of pitch (`pitch_curve`) and level (`dynamics`), and WORLD sings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from common.singing.aperiodicity import noise_shares
from common.singing.breath import breath_envelopes, breaths
from common.singing.dynamics import fade, loudness
from common.singing.espeak import SingingError
from common.singing.frames import lay_out
from common.singing.lyrics import SungText, Tape, speak_lyrics
from common.singing.pitch_curve import sung_pitch, to_hertz
from common.singing.singers import HIGHEST, LOWEST, Singer
from common.singing.timbre import evenness, formant_at_pitch, sung_envelopes
from common.singing.timing import SongPlan, plan_timing
from common.singing.world import FRAME, NEPERS, synthesize
from common.synthesis import Note

PEAK = 0.98  # a waveform that would pass it is turned down
RING_OUT = 0.5  # s after the last note, where no duration is asked for
LOWEST_RATE = 16000  # Hz


def sing(
    lyrics: str,
    notes: Sequence[Note],
    singer: Singer,
    *,
    rng: np.random.Generator,
    sample_rate: int = 44100,
    duration: float | None = None,
) -> np.ndarray:
    """The voice of `singer`, float32 (samples,): `duration` seconds, or half a second more than the notes
    last.

    Each syllable takes one note, and its vowel begins at that note's start; see `plan_song`. A vowel at
    velocity 100 has an RMS of about -20 dBFS (`timbre.LEVEL`). The same arguments and state of `rng` give
    the same samples. SingingError for lyrics or notes that cannot be sung, and for sample rates below 16
    kHz.
    """
    check_notes(notes)
    texts, tape = speak_lyrics(lyrics, singer.voice, notes=len(notes))
    return sing_texts(texts, tape, notes, singer, rng=rng, sample_rate=sample_rate, duration=duration)


def sing_texts(
    texts: Sequence[SungText],
    tape: Tape,
    notes: Sequence[Note],
    singer: Singer,
    *,
    rng: np.random.Generator,
    sample_rate: int = 44100,
    duration: float | None = None,
) -> np.ndarray:
    """`sing` for syllables that lie on `tape` already, each with the number of notes that it takes.

    For whoever knows better than underscores can say which syllable sings which notes.
    """
    if duration is not None and duration <= 0:
        raise SingingError(
            f"duration must be more than 0 seconds, got {duration}; leave it out for the whole song"
        )
    if sample_rate < LOWEST_RATE:
        raise SingingError(
            f"sample_rate must be at least {LOWEST_RATE}, got {sample_rate}; resample afterwards"
        )
    check_notes(notes)
    plan = plan_timing(texts, notes)
    seconds = plan.end + RING_OUT if duration is None else duration
    waveform = _render(plan, tape, singer, rng, sample_rate=sample_rate)
    samples = round(seconds * sample_rate)
    waveform = np.pad(waveform[:samples], (0, max(samples - len(waveform), 0))).astype(np.float32)
    return waveform * np.float32(min(1.0, PEAK / max(np.abs(waveform).max(initial=0.0), PEAK)))


def plan_song(lyrics: str, notes: Sequence[Note], singer: Singer) -> SongPlan:
    """When each syllable and each phoneme of `lyrics` sounds, as `sing` sings it.

    The vowel of a syllable begins with its note, the consonants before. A lone "_" in the lyrics holds the
    syllable before it for one more note. Notes left over prolong the last vowel; syllables left over are not
    sung. SingingError for lyrics or notes that cannot be sung.
    """
    check_notes(notes)
    texts, _ = speak_lyrics(lyrics, singer.voice, notes=len(notes))
    return plan_timing(texts, notes)


def check_notes(notes: Sequence[Note]) -> None:
    """SingingError unless `notes` are one melody: in order, without overlap, within what a voice reaches."""
    if not notes:
        raise SingingError("there are no notes; give at least one")
    for note in notes:
        if not LOWEST <= note.pitch <= HIGHEST:
            raise SingingError(f"pitch {note.pitch} cannot be sung; transpose to {LOWEST}..{HIGHEST}")
    for before, note in pairwise(notes):
        if note.start < before.start:
            raise SingingError(f"the note at {note.start:.3f} s comes after a later one; sort the notes")
        if note.start < before.end - 1e-6:
            raise SingingError(
                f"the note at {note.start:.3f} s begins before the one at {before.start:.3f} s ends;"
                " shorten that"
            )


def _render(
    plan: SongPlan, tape: Tape, singer: Singer, rng: np.random.Generator, *, sample_rate: int
) -> np.ndarray:
    """The whole song, float64 (samples,): each stretch of sound is synthesized and put in its place."""
    count = round(plan.end / FRAME) + 1
    frames = lay_out(plan, count, offglide=singer.offglide)
    envelopes = sung_envelopes(tape, singer, sample_rate=sample_rate)
    f0 = np.where(frames.voiced, to_hertz(sung_pitch(plan.notes, singer, count, rng)), 0.0)
    level = loudness(plan.notes, count)
    shares = noise_shares(singer, sample_rate=sample_rate)
    waveform = np.zeros(round((count + 1) * FRAME * sample_rate))
    for begin, end in frames.stretches():
        sung = _at(envelopes, frames.source[begin:end])
        sung = formant_at_pitch(sung, f0[begin:end], share=singer.formant_tuning, sample_rate=sample_rate)
        gains = NEPERS * (level[begin:end] + fade(end - begin))
        gains += evenness(sung, f0[begin:end], sample_rate=sample_rate)
        sung += gains[:, None]
        sound = synthesize(f0[begin:end], sung, shares[frames.kind[begin:end]], sample_rate=sample_rate)
        _add(waveform, sound, begin * FRAME, sample_rate)
    for start, seconds, decibels in breaths(plan, singer, rng):
        air = breath_envelopes(seconds, decibels, sample_rate=sample_rate)
        sound = synthesize(np.zeros(len(air)), air, np.ones_like(air), sample_rate=sample_rate)
        _add(waveform, sound, start, sample_rate)
    return waveform


def _at(envelopes: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The log envelopes (frames, bins) at fractional frames `position` (frames,)."""
    position = np.clip(position, 0, len(envelopes) - 1.001)
    lower = position.astype(int)
    weight = (position - lower)[:, None]
    return envelopes[lower] * (1 - weight) + envelopes[lower + 1] * weight


def _add(waveform: np.ndarray, sound: np.ndarray, start: float, sample_rate: int) -> None:
    """Mix `sound` into `waveform` from second `start`, in place; what does not fit is cut."""
    begin = round(start * sample_rate)
    count = min(len(sound), len(waveform) - begin)
    waveform[begin : begin + count] += sound[:count]
