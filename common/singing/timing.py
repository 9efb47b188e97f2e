"""When each phoneme is sung: the vowel on the beat, the consonants before it.

Singers reach the vowel at the time of the note and borrow the time for the consonants from the note before
(Sundberg, The Science of the Singing Voice, 1987). Consonants keep the length that they have in speech, as
far as `CONSONANT_SHARE` of the note allows; vowels fill the rest.

Times are seconds: `start` and `end` in the song, `source_start` and `source_end` on the tape of the speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.singing.espeak import SpokenPhoneme
from common.singing.lyrics import SungText
from common.synthesis import Note

JOIN = 0.08  # s; notes closer than this are sung through, longer gaps are rests
CONSONANT_SHARE = 0.45  # of a note's length, at most, goes to the consonants behind its vowel
LONGEST_CONSONANT = 0.14  # s; what espeak-ng draws out longer is squeezed
SHORTEST = 1e-4  # s; what is squeezed below (a consonant before second 0) is left out
HOLD_POINT = 0.35  # of a vowel's length in speech: where it is steady, and where it is held


@dataclass(frozen=True, slots=True)
class TimedPhoneme:
    """One sound of the song. `syllable` counts `SongPlan.syllables`."""

    ipa: str
    start: float
    end: float
    source_start: float
    source_end: float
    syllable: int


@dataclass(frozen=True, slots=True)
class TimedSyllable:
    """What a karaoke page lights up: `text` is the whole word, `line` and `word` say where it stands.

    `start` is the beat, where the vowel begins, `end` where the last of its notes `first_note..last_note`
    ends.
    """

    text: str
    line: int
    word: int
    start: float
    end: float
    first_note: int
    last_note: int


@dataclass(frozen=True)
class SongPlan:
    """Who sounds when. Phonemes do not overlap; where there is none, there is silence."""

    syllables: tuple[TimedSyllable, ...]
    phonemes: tuple[TimedPhoneme, ...]
    notes: tuple[Note, ...]

    @property
    def end(self) -> float:
        return self.notes[-1].end


@dataclass(frozen=True, slots=True)
class Run:
    """Notes `first..last` of one syllable without a rest between; the voice sounds from `start` to `end`."""

    first: int
    last: int
    start: float
    end: float


def plan_timing(texts: Sequence[SungText], notes: Sequence[Note]) -> SongPlan:
    """Give the notes to the syllables in order, and each phoneme its time.

    Notes that are left over prolong the last vowel; syllables that are left over are not sung.
    """
    spans = _assign(texts, len(notes))
    runs = [_runs(notes, first, last) for first, last in spans]
    phonemes = []
    sung = texts[: len(spans)]
    for k, (text, own) in enumerate(zip(sung, runs, strict=True)):
        before = runs[k - 1][-1] if k else None
        legato = before is not None and own[0].start <= before.end
        if k == 0 or not legato:
            room = own[0].start - (before.end if before else 0.0)
            phonemes += _lay(text.syllable.onset, own[0].start, room, k)
        following = runs[k + 1][0] if k + 1 < len(runs) else None
        joined = following is not None and following.start <= own[-1].end
        behind = _behind(text, sung[k + 1] if joined else None, notes[own[-1].last], own[-1], k)
        phonemes += [*_vowel(text.syllable.nucleus, own, behind, k), *behind]
    audible = tuple(phoneme for phoneme in phonemes if phoneme.end - phoneme.start > SHORTEST)
    return SongPlan(_timed_syllables(sung, spans, notes), audible, tuple(notes))


def _assign(texts: Sequence[SungText], count: int) -> list[tuple[int, int]]:
    """First and last note of each syllable that is sung."""
    spans, first = [], 0
    for text in texts:
        if first >= count:
            break
        spans.append((first, min(first + text.notes, count) - 1))
        first += text.notes
    spans[-1] = spans[-1][0], count - 1
    return spans


def _runs(notes: Sequence[Note], first: int, last: int) -> list[Run]:
    """The stretches of a syllable between rests. Small gaps are closed, also towards the next syllable."""
    runs, begin = [], first
    for i in range(first, last + 1):
        gap = notes[i + 1].start - notes[i].end if i + 1 < len(notes) else JOIN + 1
        if i == last or gap > JOIN:
            end = notes[i + 1].start if gap <= JOIN else notes[i].end
            runs.append(Run(begin, i, notes[begin].start, end))
            begin = i + 1
    return runs


def _behind(text: SungText, following: SungText | None, note: Note, run: Run, k: int) -> list[TimedPhoneme]:
    """The consonants behind a vowel: its coda, and in legato the onset of the next syllable."""
    room = CONSONANT_SHARE * note.duration
    onset = following.syllable.onset if following else ()
    laid = _lay((*text.syllable.coda, *onset), run.end, room, k)
    cut = len(text.syllable.coda)
    return [*laid[:cut], *(_of_syllable(phoneme, k + 1) for phoneme in laid[cut:])]


def _lay(phonemes: Sequence[SpokenPhoneme], end: float, room: float, k: int) -> list[TimedPhoneme]:
    """`phonemes` one after another so that the last ends at `end`, squeezed into `room` seconds."""
    lengths = [min(phoneme.duration, LONGEST_CONSONANT) for phoneme in phonemes]
    squeeze = min(1.0, max(room, 0.0) / sum(lengths)) if sum(lengths) > 0 else 0.0
    start = end - squeeze * sum(lengths)
    laid = []
    for phoneme, length in zip(phonemes, lengths, strict=True):
        stop = start + squeeze * length
        laid.append(TimedPhoneme(phoneme.ipa, start, stop, phoneme.start, phoneme.end, k))
        start = stop
    return laid


def _vowel(
    nucleus: SpokenPhoneme, runs: Sequence[Run], behind: Sequence[TimedPhoneme], k: int
) -> list[TimedPhoneme]:
    """The vowel in each stretch between rests: it begins in the first, is held on, and closes in the last."""
    hold = nucleus.start + HOLD_POINT * nucleus.duration
    ends = [run.end for run in runs[:-1]] + [behind[0].start if behind else runs[-1].end]
    pieces = []
    for i, (run, end) in enumerate(zip(runs, ends, strict=True)):
        begin = nucleus.start if i == 0 else hold
        stop = nucleus.end if i == len(runs) - 1 else hold
        pieces.append(TimedPhoneme(nucleus.ipa, run.start, end, begin, stop, k))
    return pieces


def _of_syllable(phoneme: TimedPhoneme, k: int) -> TimedPhoneme:
    return TimedPhoneme(phoneme.ipa, phoneme.start, phoneme.end, phoneme.source_start, phoneme.source_end, k)


def _timed_syllables(texts, spans, notes) -> tuple[TimedSyllable, ...]:
    return tuple(
        TimedSyllable(text.text, text.line, text.word, notes[a].start, notes[b].end, a, b)
        for text, (a, b) in zip(texts, spans, strict=True)
    )
