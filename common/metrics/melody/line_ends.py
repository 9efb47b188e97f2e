"""How lines of verse end: on a long note, and on a tone of the tonic or dominant triad.

A line ends where the next syllable belongs to another line. The last note of a window is left out: nobody
knows whether the line goes on there. "Long" is longer than the median duration of its window. "Chord tone" is
a tone of the tonic or dominant triad of the window's key (`tonality.estimated_key`), five of its seven. Many
notes do either by chance, so each comes with the same share of the notes inside of lines: a generator that
is blind to the lyrics has equal shares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.metrics.melody.pooled import Pooled, share
from common.metrics.melody.tonality import in_cadence
from common.metrics.melody.windows import Windows


def line_ends(lines: NDArray) -> NDArray[np.bool_]:
    """Whether each note is the last of its line (W, T), from line numbers; False for the last note."""
    ends = np.zeros(lines.shape, dtype=bool)
    ends[:, :-1] = np.diff(lines, axis=1) != 0
    return ends


def is_long(duration: NDArray) -> NDArray[np.bool_]:
    """Whether each note is longer than the median of its window, (W, T)."""
    if not duration.size:
        return np.zeros(duration.shape, dtype=bool)
    return duration > np.median(duration, axis=1, keepdims=True)


def cadences(windows: Windows) -> dict[str, Pooled]:
    """Shares of line ends, "line_end_long" and "line_end_chord_tone", and of notes inside, "inner_...".

    NaN where no line ends. Errors: ValueError for windows without lines.
    """
    if windows.lines is None:
        raise ValueError("the windows do not say which syllable belongs to which line")
    ends = line_ends(windows.lines)
    inside = ~ends
    inside[:, -1:] = False
    measured = {"long": is_long(windows.duration), "chord_tone": in_cadence(windows.pitch, windows.duration)}
    return {
        f"{place}_{name}": share((hits & notes).sum(axis=1), notes.sum(axis=1))
        for name, hits in measured.items()
        for place, notes in (("line_end", ends), ("inner", inside))
    }
