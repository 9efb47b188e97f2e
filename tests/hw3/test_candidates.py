"""Candidates: what each check measures, who is first, and that the same seed gives the same order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hw3_melody_generation import candidates as module
from hw3_melody_generation.candidates import (
    CHECKS,
    candidates,
    different,
    find_key,
    log_likelihoods,
    octaves_from_home,
    rank,
)
from hw3_melody_generation.constraints import Constraints, Key
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

TWINKLE = (
    60,
    60,
    67,
    67,
    69,
    69,
    67,
    65,
    65,
    64,
    64,
    62,
    62,
    60,
)  # "Twinkle, twinkle, little star", two lines
C_MAJOR = Key.parse("C")


def lyrics_of(count: int, *, line: int = 7) -> Lyrics:
    places = tuple(range(count))
    return Lyrics(("la",) * count, places, tuple(place // line for place in places))


def song_of(pitch, duration=1.0, rest=0.0, *, line: int = 7) -> Song:
    count = len(pitch)
    melody = Melody(pitch, np.broadcast_to(duration, count), np.broadcast_to(rest, count))
    return Song("song", lyrics_of(count, line=line), melody)


def twinkle() -> Song:
    return song_of(TWINKLE, [1, 1, 1, 1, 1, 1, 2] * 2)


class FakeGenerator:
    """Draws melodies with numpy; the log-probability of a note is minus its semitones from A4."""

    quarters_per_beat = 0.5
    has_likelihood = True

    def __init__(self) -> None:
        self.asked: list[dict] = []

    def generate(self, lyrics, *, sampling, seed, constraints, metre):
        self.asked.append({"seed": seed, "constraints": constraints, "metre": metre})
        rng = np.random.default_rng(seed)
        allowed = np.flatnonzero(constraints.allowed_pitches().numpy())
        allowed = allowed[(allowed >= 57) & (allowed <= 81)]
        return [
            Melody(
                rng.choice(allowed, len(text)),
                rng.choice([1.0, 2.0], len(text)),
                np.zeros(len(text)),
                bars,
            )
            for text, bars in zip(lyrics, metre, strict=True)
        ]

    def log_probability(self, songs):
        found = np.full((len(songs), max(len(song) for song in songs), 3), np.nan, dtype=np.float32)
        for row, song in zip(found, songs, strict=True):
            row[: len(song)] = 0
            row[: len(song), 0] = -np.abs(song.melody.pitch - 69)
        return found


def values_of(song: Song, key: Key = C_MAJOR) -> dict[str, float]:
    return rank([song], [None], key=key)[0].values


def test_a_good_tune_passes_every_check():
    [candidate] = rank([twinkle()], [-2.5])
    assert candidate.failed == () and str(candidate.key) == "C major" and candidate.log_likelihood == -2.5
    assert candidate.values == {
        "in_key": 1,
        "span": 9,
        "wide_leaps": 0,
        "commonest_pitch": 3 / 14,
        "stuck": 0,
        "long_line_ends": 1,
        "settles": 1,
        "longest_rest": 0,
        "pace": 16 / 14,
    }


@pytest.mark.parametrize(
    ("song", "check", "value"),
    [
        (song_of([60, 61, 63, 66, 68, 70, 73, 60]), "in_key", 2 / 8),
        (song_of([60, 62] * 4), "span", 2),
        (song_of([48, 52, 55, 60, 64, 67, 72, 76]), "span", 28),
        (song_of([60, 74, 60, 62, 64, 62, 60, 60]), "wide_leaps", 2 / 7),
        (song_of([60, 60, 60, 62, 60, 60, 64, 60]), "commonest_pitch", 6 / 8),
        (song_of([60, 64, 67, 65] + [62] * 4), "stuck", 4 / 8),
        (song_of([60, 64] * 4 + [65, 67, 69, 60]), "stuck", 8 / 12),
        (song_of([60, 62, 64, 65] * 4), "stuck", 1),
        (song_of(TWINKLE), "long_line_ends", 0),
        (song_of([*TWINKLE[:-1], 62]), "settles", 0),
        (song_of(TWINKLE, [1.0] * 13 + [0.5]), "settles", 0),
        (song_of(TWINKLE, 1.0, [9.0] + [0.0] * 6 + [6.0] + [0.0] * 6), "longest_rest", 6),
        (song_of(TWINKLE, 0.25), "pace", 0.25),
        (song_of(TWINKLE, 4.0), "pace", 4),
    ],
)
def test_each_check_finds_what_it_is_for(song, check, value):
    assert values_of(song)[check] == pytest.approx(value)
    assert check in rank([song], [None], key=C_MAJOR)[0].failed


def test_a_figure_is_stuck_only_if_it_comes_four_times_with_its_rhythm():
    three = [60, 64] * 3
    assert values_of(song_of([*three, 65, 67, 69, 60]))["stuck"] == 0
    other_rhythm = song_of([60, 64] * 4, [1, 1, 2, 1, 1, 2, 1, 0.5])
    assert values_of(other_rhythm)["stuck"] == 0


def test_a_rest_after_it_makes_a_line_end_long_and_the_last_line_does_not_count():
    rest = np.zeros(14)
    rest[7] = 1
    assert values_of(song_of(TWINKLE, rest=rest))["long_line_ends"] == 1
    assert np.isnan(values_of(song_of(TWINKLE, line=14))["long_line_ends"])


def test_of_short_texts_nothing_is_asked():
    for count in (1, 7):
        [candidate] = rank([song_of([60] * count)], [None])
        assert candidate.failed == () and np.isnan(list(candidate.values.values())).all()


def test_checks_come_before_likelihood_and_likelihood_before_order():
    dull, good, better = song_of([60] * 14), twinkle(), replace(twinkle(), title="likelier")
    ranked = rank([dull, good, better], [-0.1, -3.0, -2.0])
    assert [candidate.log_likelihood for candidate in ranked] == [-2.0, -3.0, -0.1]
    same = rank([good, better], [None, None])
    assert [candidate.song.title for candidate in same] == ["", "likelier"]


def test_the_key_is_found_or_the_one_that_was_asked_for():
    assert str(find_key(twinkle().melody)) == "C major"
    minor = Melody([69, 71, 72, 74, 76, 74, 72, 71, 68, 69], [1] * 10, [0] * 10)
    assert str(find_key(minor)) == "A minor"
    assert str(find_key(Melody([66], [1], [0]))) in ("F# major", "F# minor")
    [candidate] = rank([twinkle()], [None], key=Key.parse("F#m"))
    assert str(candidate.key) == "F# minor" and "in_key" in candidate.failed


def test_candidates_are_in_quarter_notes_ranked_and_the_same_for_a_seed():
    generator = FakeGenerator()
    options = {"name": "song", "count": 6, "metres": [Metre(4.0), Metre(4.0, 3.0)], "seed": 3}
    found = candidates(generator, lyrics_of(14), **options)
    assert generator.asked[0]["metre"] == [Metre(8.0), Metre(8.0, 6.0)] * 3  # in beats of the data
    assert len(found) == 6 and {candidate.song.melody.metre for candidate in found} == {*options["metres"]}
    assert set(np.concatenate([c.song.melody.duration for c in found])) == {0.5, 1.0}
    order = [(len(candidate.failed), -candidate.log_likelihood) for candidate in found]
    assert order == sorted(order)
    for candidate in found:
        expected = -np.abs(candidate.song.melody.pitch - 69).mean()
        assert candidate.log_likelihood == pytest.approx(expected)

    def pitches(seed: int) -> list[list[int]]:
        ranked = candidates(FakeGenerator(), lyrics_of(14), **options | {"seed": seed})
        return [candidate.song.melody.pitch.tolist() for candidate in ranked]

    assert pitches(3) == pitches(3) != pitches(4)


def test_a_low_voice_is_served_by_octaves():
    generator = FakeGenerator()
    bass = Constraints.parse("G", "E2-C4")
    found = candidates(generator, lyrics_of(14), name="song", count=4, constraints=bass)
    assert generator.asked[0]["constraints"] == Constraints.parse("G", "E4-C6")
    pitches = np.concatenate([candidate.song.melody.pitch for candidate in found])
    assert bass.allowed_pitches()[pitches].all()
    assert found[0].log_likelihood == pytest.approx(-np.abs(found[0].song.melody.pitch + 24 - 69).mean())


@pytest.mark.parametrize(("text", "octaves"), [("C4-C6", 0), ("0-127", 0), ("C2-C3", -2), ("120-127", 5)])
def test_octaves_from_home(text, octaves):
    constraints = Constraints.parse(None, text)
    assert octaves_from_home(constraints) == octaves
    assert constraints.moved(-octaves).moved(octaves) == constraints
    assert octaves_from_home(Constraints.parse("C")) == 0


def test_equal_melodies_count_once():
    songs = [twinkle(), twinkle(), song_of(TWINKLE, 2.0)]
    assert [id(song) for song in different(songs)] == [id(songs[0]), id(songs[2])]


def test_a_generator_without_likelihood_is_ranked_by_checks_alone():
    generator = FakeGenerator()
    generator.has_likelihood = False
    found = candidates(generator, lyrics_of(14), name="song", count=5)
    assert {candidate.log_likelihood for candidate in found} == {None}
    assert [len(c.failed) for c in found] == sorted(len(c.failed) for c in found)


def test_long_texts_are_heard_in_pieces_and_every_note_counts_once(monkeypatch):
    monkeypatch.setattr(module, "SCORED_NOTES", 6)
    rng = np.random.default_rng(0)
    songs = [song_of(rng.integers(60, 80, 17)) for _ in range(3)]
    lengths = []

    class Remembers(FakeGenerator):
        def log_probability(self, songs):
            lengths.append(len(songs[0]))
            return super().log_probability(songs)

    expected = [-np.abs(song.melody.pitch - 69).mean() for song in songs]
    assert log_likelihoods(Remembers(), songs) == pytest.approx(expected)
    assert lengths == [6, 6, 6, 6, 5]


def test_every_check_says_what_it_measures():
    assert all(check.measure.__doc__ for check in CHECKS)
