"""Where the lines of verse end in a text that was typed without line ends.

Lines end at marks, so that they come near a usual length: ends of sentences are taken unless lines got too
short for it, commas only where a line would get too long. "Twinkle, twinkle, little star, how I wonder what
you are." has two lines of seven syllables.
"""

from __future__ import annotations

from collections.abc import Sequence

USUAL_LENGTH = 8  # syllables
LONGEST_LINE = 20  # a typed line with more is no line of verse but prose
LOOK_BACK = 40  # syllables: no line that could end earlier gets longer
COMMA_COST = 8  # of a line that ends at a comma, in squared syllables off the usual length
SENTENCE_COST = 20  # of a sentence that ends within a line
NO_MARK, PAUSE, STOP = range(3)


def verse_lines(lengths: Sequence[int], marks: Sequence[int]) -> list[int]:
    """How many words each line has.

    lengths: the syllables of each word. marks: NO_MARK, PAUSE or STOP, what follows each word.
    Of all ways to end lines at marks, the one with the smallest sum of squares and costs is taken.
    """
    ends = [0] + [place for place, mark in enumerate(marks[:-1], start=1) if mark] + [len(lengths)]
    kinds = [STOP] + [marks[end - 1] for end in ends[1:-1]] + [STOP]
    syllables = [0]
    for length in lengths:
        syllables.append(syllables[-1] + length)
    best, came_from = [0.0], [0]
    for last in range(1, len(ends)):
        costs = []
        for first in range(last - 1, -1, -1):
            length = syllables[ends[last]] - syllables[ends[first]]
            if costs and length > LOOK_BACK:
                break
            run_on = kinds[first + 1 : last].count(STOP)
            cost = (length - USUAL_LENGTH) ** 2 + SENTENCE_COST * run_on + COMMA_COST * (kinds[last] == PAUSE)
            costs.append((best[first] + cost, first))
        cost, first = min(costs)
        best.append(cost)
        came_from.append(first)
    return _word_counts(ends, came_from)


def _word_counts(ends: Sequence[int], came_from: Sequence[int]) -> list[int]:
    """The lines, from where each of them came from."""
    counts, last = [], len(ends) - 1
    while last:
        first = came_from[last]
        counts.append(ends[last] - ends[first])
        last = first
    return counts[::-1]
