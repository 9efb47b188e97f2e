"""Written words on notes -> phrases that a voice can sing.

    for start, sound in sing_words(words, notes, singer, rng=rng, sample_rate=44100): ...

What stands under the notes of a score need not be what espeak-ng speaks: "fi-re" may have two notes and one
vowel, "flower" one note and two vowels. So syllables are counted word by word, and what differs stays within
the word: syllables to spare share its longest note, each on a part of it; notes to spare hold a vowel. Words
that espeak-ng speaks as one ("of the") count as one. In French an e that is mute in speech is sung where it
has a note.

A phrase is sung in one go, so that memory does not grow with the song: it ends with a line, at a rest, or
after many words, and where the notes leave no time to breathe its last one is cut a little shorter.
Times are seconds of the song.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from common.singing.espeak import SingingError
from common.singing.lyrics import SungText, Tape
from common.singing.pronunciation import SYLLABIC, base_code
from common.singing.scripts import check_readable
from common.singing.sing import sing_texts
from common.singing.singers import Singer
from common.singing.syllables import Syllable
from common.synthesis import Note

MOST_WORDS = 24  # sung in one go
PHRASE_REST = 0.35  # s; a phrase ends before a rest of this length, as nobody breathes in a shorter one
LEAD, BREATH_LEAD = 0.3, 1.0  # s before a phrase, for its consonants; and for a breath, where there is time
BREATH, BREATH_SHARE = 0.12, 0.25  # s, and at most this share of a note, that are taken to breathe
LONGEST_NOTE = 20.0  # s; no breath lasts longer
SHORTEST_PIECE = 0.08  # s; notes are not divided into shorter parts
WITHIN_WORDS = "'’-"  # besides letters, their marks, and digits
HUM, HUM_SPOKEN = re.compile("h?mm+|hm", re.IGNORECASE), "um"  # whose m is held; "mmm" would be spelled
MUTE_E = re.compile(r"(?<=[^aeiouyéèêëàâîïôûù])e(s|nt)?$", re.IGNORECASE)


class SungWord(NamedTuple):
    """A word, the places of its notes, its line of verse, and how many notes each written syllable has."""

    text: str
    notes: range
    line: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Phrase:
    """What is sung in one go: `texts` on a `tape`, and `notes`, as many as the texts ask for together.

    before: when the phrase before it ends, in seconds.
    """

    texts: tuple[SungText, ...]
    tape: Tape
    notes: tuple[Note, ...]
    before: float = 0.0

    @property
    def start(self) -> float:
        """When its sound file begins: early enough for a breath where there is a rest."""
        first = self.notes[0].start
        return max(min(first - LEAD, max(self.before, first - BREATH_LEAD)), 0.0)

    def sing(self, singer: Singer, *, rng: np.random.Generator, sample_rate: int) -> np.ndarray:
        """The voice from second `start` on, float32 (samples,). Errors: as `sing_texts`."""
        moved = [replace(note, start=max(note.start - self.start, 0.0)) for note in self.notes]
        return sing_texts(self.texts, self.tape, moved, singer, rng=rng, sample_rate=sample_rate)


def sing_words(
    words: Sequence[SungWord],
    notes: Sequence[Note],
    singer: Singer,
    *,
    rng: np.random.Generator,
    sample_rate: int = 44100,
) -> Iterator[tuple[float, np.ndarray]]:
    """The voice phrase by phrase: when its sound begins, and float32 (samples,). Sounds may overlap.

    Notes that belong to no word are not sung. The same arguments and state of `rng` give the same samples.
    Errors: SingingError for words without a vowel, letters that the voice cannot read, and notes that cannot
    be sung.
    """
    for phrase in phrases(words, notes, singer.voice):
        yield phrase.start, phrase.sing(singer, rng=rng, sample_rate=sample_rate)


def phrases(words: Sequence[SungWord], notes: Sequence[Note], voice: str) -> list[Phrase]:
    """What a voice of espeak-ng sings in one go each. Errors: as `sing_words`."""
    found: list[Phrase] = []
    for group in _groups(words, notes):
        before = found[-1].notes[-1].end if found else 0.0
        if phrase := _phrase(group, _breathing(group, notes), voice):
            found.append(replace(phrase, before=before))
    if not found:
        text = " ".join(word.text for word in words)
        raise SingingError(f"the lyrics {text[:40]!r} have no vowel to sing; give words")
    return found


def _groups(words: Sequence[SungWord], notes: Sequence[Note]) -> Iterator[list[SungWord]]:
    group: list[SungWord] = []
    for word in words:
        if group and (
            word.line != group[-1].line
            or len(group) == MOST_WORDS
            or notes[word.notes.start].start - notes[word.notes.start - 1].end >= PHRASE_REST
        ):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _breathing(group: Sequence[SungWord], notes: Sequence[Note]) -> list[Note]:
    """The notes of some words, the last one shorter if the next phrase follows at once."""
    first, stop = group[0].notes.start, group[-1].notes.stop
    own = [replace(note, duration=min(note.duration, LONGEST_NOTE)) for note in notes[first:stop]]
    if stop < len(notes):
        room = notes[stop].start - own[-1].end
        cut = min(max(BREATH - room, 0.0), BREATH_SHARE * own[-1].duration)
        own[-1] = replace(own[-1], duration=own[-1].duration - cut)
    return own


def _phrase(group: Sequence[SungWord], own: Sequence[Note], voice: str) -> Phrase | None:
    """The words of one phrase on their notes; None if there is nothing to speak in them."""
    language = voice.partition("+")[0]
    spelled = [spelling(word.text) for word in group]
    check_readable(" ".join(spelled), language)
    tape = Tape()
    spoken = spoken_by_word(spelled, tape, voice)
    if base_code(language) == "fr":
        voiced = [_with_mute_e(*each) for each in zip(spelled, spoken, group, strict=True)]
        if voiced != spelled:
            tape = Tape()
            spoken = spoken_by_word(voiced, tape, voice)
    if not any(spoken):
        return None
    texts, pieces = _fitted(group, spoken, own)
    return Phrase(tuple(texts), tape, tuple(pieces))


def _fitted(
    group: Sequence[SungWord], spoken: Sequence[Sequence[Syllable]], own: Sequence[Note]
) -> tuple[list[SungText], list[Note]]:
    """Each spoken syllable with its number of notes, and the notes, divided where they must be."""
    texts, pieces, first = [], [], 0
    for begin, end in _together(spoken):
        syllables = [
            _hummed(syllable) if HUM.fullmatch(_letters(word.text)) else syllable
            for word, each in zip(group[begin:end], spoken[begin:end], strict=True)
            for syllable in each
        ]
        written = [count for word in group[begin:end] for count in word.counts]
        notes = divided(own[first : first + sum(written)], len(syllables))
        for syllable, count in zip(syllables, note_counts(len(syllables), written, len(notes)), strict=False):
            texts.append(SungText(syllable, count, group[begin].line, begin, group[begin].text))
        pieces += notes
        first += sum(written)
    return texts, pieces


def spelling(text: str) -> str:
    """The word as it is handed to espeak-ng, which reads signs aloud and spells some words in capitals."""
    kept = _letters(text)
    if HUM.fullmatch(kept):
        return HUM_SPOKEN
    return kept.lower() if len(kept) > 1 and kept.isupper() else kept


def _letters(text: str) -> str:
    return "".join(s for s in text if unicodedata.category(s)[0] in "LMN" or s in WITHIN_WORDS)


def _hummed(syllable: Syllable) -> Syllable:
    """The m of "um" alone, held."""
    if not syllable.coda:
        return syllable
    m = syllable.coda[0]
    return Syllable((), replace(m, ipa=m.ipa + SYLLABIC), (), syllable.word)


def spoken_by_word(words: Sequence[str], tape: Tape, voice: str) -> list[list[Syllable]]:
    """The syllables that espeak-ng speaks in each word, [] for words that it joins to another."""
    text = " ".join(words)
    syllables = tape.record(text, voice)
    begins = np.cumsum([0, *(len(word) + 1 for word in words[:-1])]).tolist()
    spoken: list[list[Syllable]] = [[] for _ in words]
    for syllable in syllables:
        begin = tape.words[text][syllable.word][0] if tape.words[text] else 0
        spoken[max(bisect_right(begins, begin) - 1, 0)].append(syllable)
    return spoken


def _with_mute_e(text: str, spoken: Sequence[Syllable], word: SungWord) -> str:
    """The French word with its mute e spoken, if it has a written syllable more than is spoken."""
    return MUTE_E.sub("eu", text) if len(spoken) == len(word.counts) - 1 else text


def _together(spoken: Sequence[Sequence[Syllable]]) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) of the words that are sung as one: those without a syllable join another."""
    first = next(place for place, syllables in enumerate(spoken) if syllables)
    begins = [0, *(place for place in range(first + 1, len(spoken)) if spoken[place]), len(spoken)]
    yield from pairwise(begins)


def divided(notes: Sequence[Note], count: int) -> list[Note]:
    """The notes in at least `count` pieces, the longest halved; fewer where they would be too short."""
    pieces = list(notes)
    while len(pieces) < count:
        longest = max(range(len(pieces)), key=lambda place: pieces[place].duration)
        note, half = pieces[longest], pieces[longest].duration / 2
        if half < SHORTEST_PIECE:
            break
        halves = replace(note, duration=half), replace(note, start=note.start + half, duration=half)
        pieces[longest : longest + 1] = halves
    return pieces


def note_counts(syllables: int, written: Sequence[int], notes: int) -> list[int]:
    """How many of `notes` each spoken syllable takes, given how many each written one has.

    As many as are written, if there are as many; else the last spoken syllable takes what is left, or the
    syllables to spare take notes from those that have most.
    """
    if syllables >= notes:
        return [1] * notes
    counts = list(written)
    if len(counts) > syllables:
        counts[syllables - 1 :] = [sum(counts[syllables - 1 :])]
    while len(counts) < syllables:
        most = max(range(len(counts)), key=lambda place: counts[place])
        counts[most : most + 1] = [(counts[most] + 1) // 2, counts[most] // 2]
    counts[-1] += notes - sum(counts)
    return counts
