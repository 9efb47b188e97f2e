"""Songs to be written down: folk songs, a chorale-like tune with a pickup, and random ones of all lengths."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

MARKS = ",.!?;:，。"  # noqa: RUF001 (Chinese marks)
LENGTHS = (0.125, 0.25, 0.375, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 3.5, 4, 8, 16, 32.5)
RESTS = (0, 0, 0, 0, 0.125, 0.5, 1, 2.5, 16)
METRES = (
    None,
    Metre(4.0),
    Metre(4.0, 1.5),
    Metre(3.0, 2.0),
    Metre(3.0, 0.5, 8),
    Metre(4.5, 0.0, 8),
    Metre(5.0, 1.25),
    Metre(4.0, 3.0, 2),
    Metre(0.5),
)


def song(text, pitch, duration, rest=None, metre=None, *, title="", language="en"):
    """Lines end in "/", words in a space, syllables in "-"."""
    syllables, words, lines, marks, word = [], [], [], [], 0
    for line, words_of_line in enumerate(text.split("/")):
        for whole in words_of_line.split():
            for syllable in whole.split("-"):
                bare = syllable.rstrip(MARKS)
                syllables.append(bare)
                marks.append(syllable[len(bare) :])
                words.append(word)
                lines.append(line)
            word += 1
    columns = tuple(syllables), tuple(words), tuple(lines)
    lyrics = Lyrics(*columns, punctuation=tuple(marks), language=language)
    melody = Melody(pitch, duration, [0] * len(pitch) if rest is None else rest, metre)
    return Song("a song", lyrics, melody, title=title)


def chord(start, duration, name, pitches=(48, 52, 55)):
    return SimpleNamespace(start=start, duration=duration, name=name, pitches=pitches)


TWINKLE = song(
    "Twin-kle, twin-kle, lit-tle star,/How I won-der what you are!",
    [60, 60, 67, 67, 69, 69, 67, 65, 65, 64, 64, 62, 62, 60],
    [1, 1, 1, 1, 1, 1, 2] * 2,
    metre=Metre(4.0),
    title="Twinkle & friends",
)
CHORALE = song(
    "Nun dan-ket al-le Gott,/mit Her-zen, Mund und Hän-den,",
    [69, 69, 69, 71, 71, 69, 66, 67, 66, 64, 66, 65, 62],
    [1, 1, 1, 1, 1, 3, 0.5, 0.5, 1.5, 0.5, 1, 1, 3],
    metre=Metre(3.0, 2.0),
    language="de",
)
JASMINE = song(
    "茉 莉 花,/好 一 朵",
    [64, 64, 67, 69, 72, 72],
    [1, 0.5, 0.5, 0.5, 0.5, 3.5],
    [0, 0, 0, 0, 0, 1],
    title="茉莉花",
    language="zh",
)


def random_song(count, *, seed=0, metre=None):
    """Any lengths and rests, on the whole range of voices, words of one to a few syllables."""
    rng = np.random.default_rng(seed)
    words, lines = (np.cumsum(rng.random(count) < share) for share in (0.6, 0.1))
    lyrics = Lyrics(
        tuple(rng.choice(["la", "lö", "花", "a<b", "I'm"], count).tolist()),
        tuple((words - words[0]).tolist()),
        tuple((lines - lines[0]).tolist()),
    )
    melody = Melody(rng.integers(40, 90, count), rng.choice(LENGTHS, count), rng.choice(RESTS, count), metre)
    return Song(f"random {seed}", lyrics, melody)
