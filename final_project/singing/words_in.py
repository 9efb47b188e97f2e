"""Running text on notes: a syllable for each note, as many in each word as the voice speaks.

    syllables, lines, notices = syllables_for("Twinkle, twinkle\\nlittle star", notes, language="en-us")

A line of text is a line of verse. A lone "_" holds the syllable before it for one more note; hyphens within a
word part it where one wants ("ev-ery").
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import NamedTuple

from common.cli import UserError
from common.singing.lyrics import HOLD, Tape
from common.singing.scripts import check_readable
from common.singing.sung_words import PHRASE_REST, spelling, spoken_by_word
from common.singing.syllables import Syllable
from common.synthesis import Note
from final_project.singing.written_syllables import counted_signs, syllables_of, vowel_count

ENGLISH = "en-us"
MOST_CHARACTERS = 50_000
HELD_AT_END = 4  # notes left over are held; if there are more, the words begin again
LINE_ENDS = ",.;:!?，。；：！？、"
LEAST_WORDS = 4  # of a line that ends with one of these


class LineSyllable(NamedTuple):
    """A syllable as it is written, "" to hold the one before, and its line."""

    text: str
    line: int


def syllables_for(
    lyrics: str, notes: Sequence[Note], *, language: str = ""
) -> tuple[tuple[str, ...], tuple[int, ...], list[str]]:
    """For each note its syllable and its line, and what the user should know of.

    language: espeak-ng's code, "" is English. Words that end long before the notes begin again.
    Errors: UserError for text without words, or that the voice cannot read.
    """
    if len(lyrics) > MOST_CHARACTERS:
        raise UserError(f"lyrics of more than {MOST_CHARACTERS:,} characters; give a shorter text")
    written = spoken_syllables(lyrics, language or ENGLISH)
    over = len(notes) - len(written)
    if over < 0:
        return *_columns(written[: len(notes)]), [f"{_count(-over, 'syllable')} more than notes; not sung"]
    if over <= HELD_AT_END:
        held = [LineSyllable("", written[-1].line)] * over
        notices = [f"{_count(over, 'note')} more than syllables; the last is held"] if over else []
        return *_columns([*written, *held]), notices
    lines = written[-1].line + 1
    again = [
        LineSyllable(text, line + lines * (place // len(written)))
        for place, (text, line) in enumerate(islice(cycle(written), len(notes)))
    ]
    return *_columns(again), [f"{len(written)} syllables for {len(notes)} notes; the words begin again"]


def spoken_syllables(lyrics: str, voice: str) -> list[LineSyllable]:
    """The syllables of a text, as many in each word as `voice` speaks. Errors: as `syllables_for`."""
    check_readable(lyrics, voice.partition("+")[0])
    tape, found, number = Tape(), [], 0
    for line in lyrics.splitlines():
        syllables = [text for word in _words(line, tape, voice) for text in word]
        found += [LineSyllable(text, number) for text in syllables]
        number += bool(syllables)
    while found and not found[0].text:  # holds before the first word
        found.pop(0)
    if not found:
        raise UserError("lyrics without a word that can be sung; give words")
    return found


def _words(line: str, tape: Tape, voice: str) -> list[list[str]]:
    """The syllables of each word; a word that has none is written with the next, or the one before."""
    tokens = [token for token in line.split() if token == HOLD or spelling(token)]
    spoken_words = [token for token in tokens if token != HOLD]
    if not spoken_words:
        return [[""] for _ in tokens]
    spelled = [_unparted(word) for word in spoken_words]
    spoken = iter(_own_counts(spelled, spoken_by_word(spelled, tape, voice)))
    words: list[list[str]] = []
    waiting = ""
    for token in tokens:
        if token == HOLD:
            words.append([""])
            continue
        heard = next(spoken)
        parted = len(_parts(token)) if "-" in token else 0
        count = counted_signs(token) or max(heard, parted)
        if count:
            words.append(syllables_of(waiting + token, count))
            waiting = ""
        else:
            waiting += f"{token} "
    if waiting and words:
        words[-1][-1] += f" {waiting.strip()}"
    return words


def _own_counts(words: Sequence[str], spoken: Sequence[Sequence[Syllable]]) -> list[int]:
    """How many syllables each word has. Of words that are spoken as one ("on the") espeak-ng gives all to the
    first or the last; those beside it that are written with vowels get one back.
    """
    counts = [len(syllables) for syllables in spoken]
    for place, word in enumerate(words):
        beside = [other for other in (place - 1, place + 1) if 0 <= other < len(words)]
        giver = max(beside, key=lambda other: counts[other] - vowel_count(words[other]), default=place)
        if not counts[place] and vowel_count(word) and counts[giver] > 1:
            counts[giver] -= 1
            counts[place] = 1
    return counts


def _parts(token: str) -> list[str]:
    return [part for part in token.split("-") if spelling(part)]


def _unparted(word: str) -> str:
    """What is spoken of a word that is parted by hyphens."""
    return spelling(word.replace("-", ""))


def verse_lines(syllables: Sequence[str], notes: Sequence[Note], ends: Sequence[bool]) -> tuple[int, ...]:
    """The line of verse of each note: a line ends where `ends` says so; or else at a rest, or at a comma and
    the like after some words.
    """
    told = any(ends[:-1])
    lines, number, words = [], 0, 0
    for place, text in enumerate(syllables):
        lines.append(number)
        begins_word = place + 1 < len(syllables) and syllables[place + 1] and not _goes_on(syllables, place)
        words += bool(text) and not text.endswith("-")
        rests = place + 1 < len(notes) and notes[place + 1].start - notes[place].end >= PHRASE_REST
        full = words >= LEAST_WORDS and (_last_text(syllables, place).endswith(tuple(LINE_ENDS)) or rests)
        if begins_word and (ends[place] if told else full):
            number, words = number + 1, 0
    return tuple(lines)


def _last_text(syllables: Sequence[str], place: int) -> str:
    return next((text for text in reversed(syllables[: place + 1]) if text), "")


def _goes_on(syllables: Sequence[str], place: int) -> bool:
    """Whether the word at a place goes on behind it."""
    return _last_text(syllables, place).endswith("-")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _columns(written: Sequence[LineSyllable]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(text for text, _ in written), tuple(line for _, line in written)
