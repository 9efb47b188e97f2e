"""The plan of a song on WORLD's grid: what sounds in each 5-ms frame, and where on the tape it is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.singing.phonemes import UNVOICED, Manner, is_diphthong, is_rising, manner
from common.singing.timing import SongPlan, TimedPhoneme
from common.singing.world import FRAME

SILENT = -1
STEADY = 0.1  # of a spoken diphthong, where it rests on its first vowel
HEAD, TAIL, DIPHTHONG_TAIL = 0.4, 0.4, 0.6  # of a spoken vowel: its beginning and end keep their speed


@dataclass(frozen=True)
class SongFrames:
    """`source`: the place on the tape in frames, float (frames,); `kind`: the value of `Manner`, int
    (frames,).

    Where `kind` is `SILENT` nothing sounds.
    """

    source: np.ndarray
    kind: np.ndarray

    @property
    def voiced(self) -> np.ndarray:
        """Whether the vocal folds swing: bool (frames,). The phoneme decides, no measurement."""
        return ~np.isin(self.kind, [SILENT, *(kind.value for kind in UNVOICED)])

    def stretches(self) -> list[tuple[int, int]]:
        """First and last frame (exclusive) of all that sounds without a silence in between."""
        sounds = np.concatenate([[SILENT], self.kind, [SILENT]]) != SILENT
        changes = np.flatnonzero(sounds[1:] != sounds[:-1]).tolist()
        return list(zip(changes[::2], changes[1::2], strict=True))


def lay_out(plan: SongPlan, frames: int, *, offglide: float = 0.0) -> SongFrames:
    """`plan` on a grid of `frames`; what lies beyond is left out. `offglide`: as in `read`."""
    source, kind = np.zeros(frames), np.full(frames, SILENT)
    for phoneme in plan.phonemes:
        begin, end = (min(round(time / FRAME), frames) for time in (phoneme.start, phoneme.end))
        source[begin:end] = read(phoneme, np.arange(begin, end) * FRAME, offglide=offglide) / FRAME
        kind[begin:end] = manner(phoneme.ipa).value
    return SongFrames(source, kind)


def read(phoneme: TimedPhoneme, times: np.ndarray, *, offglide: float = 0.0) -> np.ndarray:
    """Where on the tape (seconds) a phoneme is read at `times` of the song.

    A consonant, and a vowel that is no longer than spoken, at even speed. A longer vowel begins and ends as
    in speech, and passes slowly through what is between; a diphthong moves to its second vowel only at the
    end, for `offglide` seconds or as long as in speech, or at once where it is the second that is held.
    """
    length, spoken = phoneme.end - phoneme.start, phoneme.source_end - phoneme.source_start
    position = np.clip(times - phoneme.start, 0, length)
    if manner(phoneme.ipa) is not Manner.VOWEL or length <= spoken:
        return phoneme.source_start + position * spoken / length
    shares = HEAD, TAIL
    if is_diphthong(phoneme.ipa):
        shares = 1 - DIPHTHONG_TAIL - STEADY, DIPHTHONG_TAIL
    if is_rising(phoneme.ipa):
        shares = shares[::-1]
    head, tail = (share * spoken for share in shares)
    leaving = tail
    if is_diphthong(phoneme.ipa) and not is_rising(phoneme.ipa):
        leaving = max(tail, min(offglide, DIPHTHONG_TAIL * length))
    song, tape = (0, head, length - leaving, length), (0, head, spoken - tail, spoken)
    return phoneme.source_start + np.interp(position, song, tape)
