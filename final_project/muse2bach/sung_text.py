"""The text under the soprano, sung: words spoken by espeak-ng one by one, their syllables on their notes.

Words are spoken alone, so that it is known which syllables are whose. Where espeak-ng speaks fewer than are
written ("fire" on two notes) the last one is held; where it speaks more, the longest note is divided. Lines
end at fermatas and are sung one by one. Times are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from common.cli import UserError
from common.singing import SINGERS, Singer, SungText, Tape, sing_texts
from common.singing.syllables import Syllable
from common.synthesis import Note
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.notation import sung_notes

LANGUAGES = {"en": None, "de": "de"}  # espeak-ng's voice; None is the singer's own
GERMAN = re.compile(
    r"[äöüßÄÖÜ]|\b(und|der|die|das|ist|ich|du|mein|dein|sein|nicht|herr|gott|zu|dem|den|des|mit|von|wir|uns"
    r"|auf|im|ein|wie|dich|dir|mich|mir)\b",
    re.IGNORECASE,
)
ENGLISH = re.compile(
    r"\b(the|and|of|to|in|is|my|thy|thee|thou|with|for|all|god|lord|we|our|you|are|a|how|what|like)\b",
    re.IGNORECASE,
)
LEAD = 0.3  # s before a line's first note, for the consonants before its vowel
LONGEST_NOTE = 20.0  # s; no breath lasts longer
SHORTEST_PIECE = 0.08  # s; notes are not divided further
MOST_WORDS = 24  # sung in one go
MARKS = re.compile(r"[^\w'’]+")


class Word(NamedTuple):
    """A word, the places of its notes among the soprano's, and whether a line ends with it."""

    text: str
    notes: range
    ends_line: bool


def sung_lines(
    chorale: Chorale, notes: Sequence[Note], *, language: str, rng: np.random.Generator, sample_rate: int
) -> Iterator[tuple[float, np.ndarray]]:
    """The voice line by line: when it starts, and float32 (samples,). notes: the soprano's, one each.

    Notes before the first syllable are not sung. Errors: UserError for a text without a word to speak.
    """
    words = words_of(chorale)
    singer = singer_of(notes, language_of(words) if language == "auto" else language)
    found = False
    for line in lines_of(words):
        tape, texts, pieces = Tape(), [], []
        for number, word in enumerate(line):
            syllables = spoken(word.text, tape, singer.voice)
            if syllables:
                own = divided(within_breath(notes, word.notes), len(syllables))
                counts = note_counts(len(syllables), len(own))
                texts += [
                    SungText(syllable, held, 0, number, word.text)
                    for syllable, held in zip(syllables, counts, strict=False)
                ]
                pieces += own
        if pieces:
            found = True
            start = max(pieces[0].start - LEAD, 0.0)
            moved = [replace(note, start=note.start - start) for note in pieces]
            yield start, sing_texts(texts, tape, moved, singer, rng=rng, sample_rate=sample_rate)
    if not found:
        raise UserError("has a text in which nothing can be sung")


def words_of(chorale: Chorale) -> list[Word]:
    """The words under the soprano; "" goes on with the syllable before, "-" with the word."""
    notes = [note for note in sung_notes(chorale, 0) if note.pitch is not None]
    words, text, first, joined = [], "", 0, False
    for place, note in enumerate(notes):
        if note.text and not joined:
            if text:
                words.append(Word(text, range(first, place), notes[place - 1].fermata))
            text, first = "", place
        if note.text:
            text += note.text.removesuffix("-")
            joined = note.text.endswith("-")
    if text:
        words.append(Word(text, range(first, len(notes)), True))
    return words


def lines_of(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The words that are sung in one go."""
    line: list[Word] = []
    for word in words:
        line.append(word)
        if word.ends_line or len(line) == MOST_WORDS:
            yield line
            line = []
    if line:
        yield line


def language_of(words: Sequence[Word]) -> str:
    """ "de" or "en", by the words that are frequent in each."""
    text = " ".join(word.text for word in words)
    return "de" if len(GERMAN.findall(text)) > len(ENGLISH.findall(text)) else "en"


def singer_of(notes: Sequence[Note], language: str) -> Singer:
    """The singer in whose range most of the notes lie, in the language. Errors: UserError."""
    if language not in LANGUAGES:
        raise UserError(f"no voice sings in {language!r}; give --language {' or '.join(LANGUAGES)}")

    def strain(singer: Singer) -> float:
        return sum(max(singer.lowest - n.pitch, n.pitch - singer.highest, 0) * n.duration for n in notes)

    singer = min((singer for group in SINGERS.values() for singer in group), key=strain)
    voice = LANGUAGES[language]
    return singer.in_language(voice) if voice else singer


def spoken(word: str, tape: Tape, voice: str) -> list[Syllable]:
    """The syllables that espeak-ng speaks; none for signs alone."""
    plain = MARKS.sub("", word)
    return tape.record(plain.lower(), voice) if plain else []


def within_breath(notes: Sequence[Note], places: range) -> list[Note]:
    """The notes at `places`, none longer than LONGEST_NOTE."""
    return [
        replace(notes[place], duration=min(notes[place].duration, LONGEST_NOTE), velocity=100)
        for place in places
    ]


def divided(notes: Sequence[Note], count: int) -> list[Note]:
    """The notes in at least `count` pieces, the longest halved; fewer where they would be too short."""
    pieces = list(notes)
    while len(pieces) < count:
        longest = max(range(len(pieces)), key=lambda place: pieces[place].duration)
        note, half = pieces[longest], pieces[longest].duration / 2
        if half < SHORTEST_PIECE:
            break
        pieces[longest : longest + 1] = [
            replace(note, duration=half),
            replace(note, start=note.start + half, duration=half),
        ]
    return pieces


def note_counts(syllables: int, notes: int) -> list[int]:
    """How many notes each syllable takes: one, and the last all that are left."""
    sung = min(syllables, notes)
    return [1] * (sung - 1) + [notes - sung + 1]
