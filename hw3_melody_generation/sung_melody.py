"""A song, sung: every spoken syllable finds its note, line by line.

    for start, sound in sung_lines(song, notes, singer, rng=rng, sample_rate=44100): ...

`common.singing` sings the syllables that espeak-ng speaks, and those need not be as many as are written: a
song may give "fire" two notes where one vowel is spoken, or "flower" one where there are two. So the spoken
syllables are counted word by word (espeak-ng tells where in the text each word stands), and what differs
stays within the word: notes to spare are sung on its stressed vowel (a melisma); syllables to spare share
the longest note, each on a part of it. Words that espeak-ng speaks as one ("of the") count as one.
Lines are sung one by one, so that memory does not grow with the song. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from common.cli import UserError
from common.singing import SINGERS, Singer, SungText, Tape, sing_texts
from common.singing.singers import HIGHEST, LOWEST
from common.singing.sung_words import divided, spoken_by_word
from common.singing.syllables import Syllable
from common.synthesis import Note
from hw3_melody_generation.songs import Lyrics, Song

VOICES = {"": None, "en": None, "de": "de", "zh": "cmn", "ja": "ja"}  # espeak-ng's; None: the singer's own
FALLBACK_VOICE, FALLBACK = "en-us", "la"  # what is sung where espeak-ng finds nothing to speak
MOST_SYLLABLES = 48  # sung at a time; longer lines are cut between words, if need be within one
LONG_REST = 2.0  # s; lines are cut there, too
HELD_KANA = "っッーんン"  # no vowels of their own: they are a beat of silence, a longer vowel, a nasal
LONGEST_NOTE = 20.0  # s; no breath lasts longer
LEAD = 0.3  # s before a line's first note, for the consonants before its vowel
BREATH, BREATH_SHARE = 0.12, 0.25  # s, and at most this share of a line's last note, are taken to breathe


@dataclass(frozen=True)
class SungLine:
    """What is sung in one go: `texts` on a `tape`, and `notes`, as many as the texts ask for together."""

    texts: tuple[SungText, ...]
    tape: Tape
    notes: tuple[Note, ...]


def sung_lines(
    song: Song, notes: Sequence[Note], singer: Singer, *, rng: np.random.Generator, sample_rate: int
) -> Iterator[tuple[float, np.ndarray]]:
    """The voice piece by piece: when it starts (seconds), and float32 (samples,). Pieces may overlap.

    `notes` are one per syllable. What would start before second 0 is cut.
    Errors: UserError for lyrics that cannot be sung.
    """
    singer = in_language_of(song.lyrics, singer)
    end = 0.0
    for places in cut(song.lyrics, notes):
        line = sung_line(song.lyrics.excerpt(places), breathing(notes, places), singer.voice)
        first = line.notes[0].start
        # A rest gives time to draw breath; where there is none, just for the consonants.
        start = max(min(first - LEAD, max(end, first - 1.0)), 0.0)
        moved = [replace(note, start=note.start - start) for note in line.notes]
        yield start, sing_texts(line.texts, line.tape, moved, singer, rng=rng, sample_rate=sample_rate)
        end = line.notes[-1].end


def in_language_of(lyrics: Lyrics, singer: Singer) -> Singer:
    """The singer in the lyrics' language. Errors: UserError for a language or writing nobody can sing."""
    if lyrics.language not in VOICES:
        known = ", ".join(sorted(filter(None, VOICES)))
        raise UserError(f"no voice sings in the language {lyrics.language!r}; those known are {known}")
    kanji = sorted({sign for text in lyrics.syllables for sign in text if "\u4e00" <= sign <= "\u9fff"})
    if lyrics.language == "ja" and kanji:
        raise UserError(f"the Japanese voice cannot read {''.join(kanji[:8])}; write the lyrics in kana")
    voice = VOICES[lyrics.language]
    return singer.in_language(voice) if voice else singer


def suited_singer(pitches: Sequence[int], durations: Sequence[float]) -> Singer:
    """The singer in whose comfortable range most of the time lies; of equal ones the first."""
    pitches, durations = np.asarray(pitches), np.asarray(durations)

    def strain(singer: Singer) -> float:
        beyond = np.maximum(singer.lowest - pitches, 0) + np.maximum(pitches - singer.highest, 0)
        return float(beyond @ durations)

    return min((singer for group in SINGERS.values() for singer in group), key=strain)


def cut(lyrics: Lyrics, notes: Sequence[Note]) -> Iterator[range]:
    """The syllables that are sung at a time: a line, or part of one that is long or has a long rest."""
    first = 0
    for place in range(1, len(lyrics)):
        new_word = lyrics.words[place] != lyrics.words[place - 1]
        ends_line = lyrics.lines[place] != lyrics.lines[place - 1]
        rests = new_word and notes[place].start - notes[place - 1].end >= LONG_REST
        long_enough = place - first >= (MOST_SYLLABLES if new_word else 2 * MOST_SYLLABLES)
        if ends_line or rests or long_enough:
            yield range(first, place)
            first = place
    yield range(first, len(lyrics))


def breathing(notes: Sequence[Note], places: range) -> list[Note]:
    """The notes at `places` within a voice's reach; the last ends a breath before the next note begins."""
    own = [
        replace(notes[i], pitch=reachable(notes[i].pitch), duration=min(notes[i].duration, LONGEST_NOTE))
        for i in places
    ]
    if places.stop < len(notes):
        last = own[-1]
        room = notes[places.stop].start - last.start - BREATH
        own[-1] = replace(last, duration=min(last.duration, max(room, (1 - BREATH_SHARE) * last.duration)))
    return own


def reachable(pitch: int) -> int:
    """The pitch, octaves higher or lower where no voice reaches it."""
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return pitch


def sung_line(lyrics: Lyrics, notes: Sequence[Note], voice: str) -> SungLine:
    """Which spoken syllable sings which notes, for one line with a note per written syllable."""
    tape = Tape()
    words = spelled_words(lyrics)
    spoken = spoken_by_word(words, tape, voice)
    counts = np.bincount(lyrics.words, minlength=len(words)).tolist()
    if not any(spoken):
        variant = voice.partition("+")[2]
        words, counts = [FALLBACK] * len(lyrics), [1] * len(lyrics)
        spoken = spoken_by_word(words, tape, f"{FALLBACK_VOICE}+{variant}" if variant else FALLBACK_VOICE)
    texts, pieces, first = [], [], 0
    for syllables, count in together(spoken, counts):
        held = [text in HELD_KANA for text in lyrics.syllables[first : first + count]]
        sung, own = shared(syllables, notes[first : first + count], held)
        texts += [SungText(s, n, 0, s.word, "") for s, n in sung]
        pieces += own
        first += count
    return SungLine(tuple(texts), tape, tuple(pieces))


def spelled_words(lyrics: Lyrics) -> list[str]:
    """The words as they are handed to espeak-ng, which would spell some that are in capitals."""
    words = [""] * (lyrics.words[-1] + 1)
    for word, syllable in zip(lyrics.words, lyrics.syllables, strict=True):
        words[word] += syllable.replace(" ", "")
    return [word.lower() if len(word) > 1 and word.isupper() else word for word in words]


def together(
    spoken: Sequence[Sequence[Syllable]], counts: Sequence[int]
) -> Iterator[tuple[list[Syllable], int]]:
    """The spoken syllables and the number of notes word by word; a word without any joins one beside it."""
    first = next(i for i, syllables in enumerate(spoken) if syllables)
    begins = [0, *(i for i in range(first + 1, len(spoken)) if spoken[i]), len(spoken)]
    for begin, end in pairwise(begins):
        yield [s for syllables in spoken[begin:end] for s in syllables], sum(counts[begin:end])


def shared(
    syllables: Sequence[Syllable], notes: Sequence[Note], held: Sequence[bool]
) -> tuple[list[tuple[Syllable, int]], list[Note]]:
    """Each spoken syllable of a word with its number of notes, and the notes, divided where they must be.

    `held`: whether what is written under a note rather prolongs the syllable before.
    """
    pieces = divided(notes, len(syllables))
    syllables = syllables[: len(pieces)]
    return list(zip(syllables, _note_counts(syllables, len(pieces), held), strict=True)), pieces


def _note_counts(syllables: Sequence[Syllable], count: int, held: Sequence[bool]) -> list[int]:
    """How many of `count` notes each syllable takes: what is held takes those to spare, then the stress."""
    counts = [1] * len(syllables)
    spare = count - len(syllables)
    places = [i for i, is_held in enumerate(held) if is_held and i][:spare]
    for before, place in enumerate(places):
        counts[min(place - before, len(counts)) - 1] += 1
    stressed = [i for i, syllable in enumerate(syllables) if "ˈ" in syllable.nucleus.ipa]
    counts[stressed[-1] if stressed else -1] += spare - len(places)
    return counts
