"""Words and lines of verse, found again in bare syllables: the authors' files of the corpus do not mark them.

Measured on the clean copy of the corpus, which has both from the authors' other files (every eighth song for
words, every fourth for lines): of the places between two syllables, 95.8 % are rightly told to be inside a
word or not (a join is right in 84 %, and 95 % of the joins are found); of the lines' beginnings 48 % are
found, and 74 % of those found are right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST_WORD = 5  # syllables
LINE_CAPITALS = (0.03, 0.3)  # share of syllables with a capital in a text that begins its lines with one


def words_of(syllables: Sequence[str]) -> tuple[int, ...]:
    """The number of the word of each syllable: as few words as possible, all of several syllables in cmudict.

    A capital begins a word, unless the syllable before has one, too.
    """
    best, length = [0], [0]  # the fewest words for the first syllables, and how long the last of these is
    for end in range(1, len(syllables) + 1):
        counts = {
            count: best[end - count] + 1
            for count in range(1, min(LONGEST_WORD, end) + 1)
            if _is_word(syllables[end - count : end])
        }
        length.append(min(counts, key=counts.get))
        best.append(counts[length[-1]])
    begins = np.zeros(len(syllables), dtype=np.int64)
    place = len(syllables)
    while place > 0:
        place -= length[place]
        begins[place] = 1
    return tuple((np.cumsum(begins) - 1).tolist())


def lines_of(syllables: Sequence[str]) -> tuple[int, ...]:
    """The number of the line of each syllable.

    A capital, but for the English word I, begins a line; where nothing has capitals, or everything, all is
    one line. Rests would tell more, but they are what a model is to find: lyrics must not give them away.
    """
    begins = np.array([text[0].isupper() and not _is_i(text) for text in syllables])
    lowest, highest = LINE_CAPITALS
    begins &= lowest <= begins.mean() <= highest
    begins[0] = False
    return tuple(np.cumsum(begins).tolist())


def _is_word(syllables: Sequence[str]) -> bool:
    from hw3_melody_generation.syllables.lexicon import dictionary  # which is read when it is first asked

    if len(syllables) == 1:
        return True
    if any(text[0].isupper() for text in syllables[1:]) and not syllables[0].isupper():
        return False
    return bool(dictionary("".join(syllables)))


def _is_i(text: str) -> bool:
    return text == "I" or text.startswith("I'")
