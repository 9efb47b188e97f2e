"""Phonemes -> syllables: a nucleus, which is sung, with the consonants before and after it.

Between two nuclei of different words the consonants stay with their word. Within a word the later syllable
takes as many as can begin one: sonority must rise towards the nucleus (the sonority sequencing principle),
and an s may stand before a stop ("be-fore", "sum-mer", "un-der", "a-stray").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.singing.espeak import SpokenPhoneme
from common.singing.phonemes import Manner, letters, manner


@dataclass(frozen=True)
class Syllable:
    """One nucleus with the consonants around it. `word` counts the words of the text."""

    onset: tuple[SpokenPhoneme, ...]
    nucleus: SpokenPhoneme
    coda: tuple[SpokenPhoneme, ...]
    word: int


def syllabify(phonemes: Sequence[SpokenPhoneme]) -> list[Syllable]:
    """The syllables of `phonemes` in order: [] without any nucleus; a word without one joins a neighbour."""
    sounds = [phoneme for phoneme in phonemes if manner(phoneme.ipa) is not None]
    nuclei = [i for i, phoneme in enumerate(sounds) if manner(phoneme.ipa) is Manner.VOWEL]
    if not nuclei:
        return []
    clusters = [sounds[a + 1 : b] for a, b in zip(nuclei, nuclei[1:], strict=False)]
    splits = [
        _split(cluster, sounds[a].word, sounds[b].word)
        for cluster, a, b in zip(clusters, nuclei, nuclei[1:], strict=False)
    ]
    onsets = [sounds[: nuclei[0]], *(cluster[k:] for cluster, k in zip(clusters, splits, strict=True))]
    codas = [*(cluster[:k] for cluster, k in zip(clusters, splits, strict=True)), sounds[nuclei[-1] + 1 :]]
    return [
        Syllable(tuple(onset), sounds[i], tuple(coda), sounds[i].word)
        for onset, i, coda in zip(onsets, nuclei, codas, strict=True)
    ]


def _split(cluster: Sequence[SpokenPhoneme], word: int, next_word: int) -> int:
    """How many of the consonants between two nuclei end the first of the syllables."""
    if word != next_word:
        return sum(phoneme.word <= word for phoneme in cluster)
    split = max(len(cluster) - 1, 0)
    while split > 0 and _may_begin(cluster[split - 1].ipa, cluster[split].ipa):
        split -= 1
    return split


def _may_begin(first: str, second: str) -> bool:
    """Whether a syllable may begin with these two consonants."""
    kinds = manner(first), manner(second)
    if letters(first) in ("s", "ʃ"):
        return kinds[1] in (Manner.STOP, Manner.SONORANT)
    return kinds[0] is not Manner.SONORANT and kinds[1] is Manner.SONORANT
