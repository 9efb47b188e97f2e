"""Where notes begin in voices of which only the pitches are known, as a model writes them.

A pitch that goes on is one long note, or is struck again: the voices of a chorale sing the same syllables,
so those that stay mostly begin anew with the others. Two rules say when:

- on a beat where two other voices begin a note, every voice that stays is struck again, but for the bass;
- after a fermata all are.

On the 223 training chorales of music21's corpus, the soprano's onsets given: 96.8 % of the onsets of the
others that the rules set are Bach's, and 99.2 % of his are set (F1 .980; changes of pitch alone .929). With
nothing given: 96.2 % and 98.5 % (F1 .973; .928).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, changes

STRIKING = np.array([True, True, True, False])  # the bass holds what the others repeat
OTHERS = 2  # voices that begin a note take along those that stay


def articulated(
    voices: NDArray[np.int16],
    *,
    known: NDArray[np.bool_],
    given: tuple[int, ...],
    position: NDArray[np.int16],
    fermata: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Where notes begin, (frames, 4).

    known: (frames, 4), true onsets, looked at in the voices `given`. position, fermata: as in `Chorale`.
    """
    onsets = changes(voices) & (voices != SILENT)
    onsets[:, given] = known[:, given]
    others = onsets.sum(axis=1, keepdims=True) - onsets  # (frames, 4)
    beat = (position % FRAMES_PER_QUARTER == 0)[:, None]
    again = beat & (others >= OTHERS) & STRIKING
    again |= np.append(False, fermata[:-1] & ~fermata[1:])[:, None]
    struck = onsets | again & (voices != SILENT)
    struck[:, given] = known[:, given]
    return struck
