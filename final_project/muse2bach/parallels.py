"""Which pitches would break a rule of part writing, so that they can be left out as voices are chosen.

Parallel fifths, octaves and unisons, as voice_leading.py counts them, with every voice that is known in the
frame: from the frame before, and, on a beat, from the beat before; where the frames after are given, towards
them as well. With `spacing`, crossed voices and wide gaps too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import VOCABULARY, to_voices
from final_project.muse2bach.voice_leading import FIFTH, OCTAVE, PAIRS, crossings, parallels, wide_spacings


def forbidden(
    voices: NDArray[np.int16], frame: int, voice: int, *, place: int, spacing: bool = False
) -> NDArray[np.bool_]:
    """The tokens that break a rule in `voice` of `frame`: (B, VOCABULARY); never silence.

    voices: (B, frames, 4), UNKNOWN where neither given nor chosen so far, and such cells break nothing.
    place: of the frame in its beat, 0 where a beat begins.
    """
    chords = np.repeat(voices[:, frame, None], VOCABULARY, axis=1)  # (B, VOCABULARY, 4): all possible ones
    chords[:, :, voice] = to_voices(np.arange(VOCABULARY))
    broken = np.zeros(chords.shape[:2], dtype=bool)
    for other in _neighbours(frame, voices.shape[1], place):
        if (voices[:, other, voice] == UNKNOWN).all():
            continue
        there = np.broadcast_to(voices[:, other, None], chords.shape)
        before, after = (there, chords) if other < frame else (chords, there)
        for interval in (FIFTH, OCTAVE):
            broken |= parallels(before, after, interval)[..., _pairs_of(voice)].any(axis=-1)
    if spacing:
        neighbours = slice(max(voice - 1, 0), voice + 1)  # what a voice is to the one above and the one below
        broken |= crossings(chords)[..., neighbours].any(axis=-1)
        broken |= wide_spacings(chords)[..., neighbours].any(axis=-1)
    return broken


def _pairs_of(voice: int) -> list[int]:
    """Where the pairs with this voice stand in PAIRS: what the others do is not for it to mend."""
    return [place for place, pair in enumerate(PAIRS) if voice in pair]


def _neighbours(frame: int, frames: int, place: int) -> Iterator[int]:
    """The frames to compare `frame` with."""
    reach = (1, FRAMES_PER_QUARTER) if place == 0 else (1,)
    for distance in reach:
        for other in (frame - distance, frame + distance):
            if 0 <= other < frames:
                yield other
