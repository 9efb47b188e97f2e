"""Candidates: what is given stays, where notes begin, who is first, and the same again for a seed."""

from __future__ import annotations

import numpy as np
import pytest
from stand_in import StandIn

from common.cli import UserError
from common.notes_in.lines import Metre
from final_project.muse2bach.articulation import articulated
from final_project.muse2bach.candidates import (
    Sampling,
    broken_rules,
    candidates,
    different,
    finished,
    open_ends,
    rank,
)
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.task import UNKNOWN, Task, empty_task, wholly_known

CLEAN = ([72, 67, 64, 48], [71, 67, 62, 55], [72, 67, 64, 48])  # I V I in C
FIFTHS = ([72, 67, 64, 48], [74, 67, 65, 50], [72, 67, 64, 48])  # the bass goes along with an upper voice


def chorale_of(chords, *, fermata_at=()):
    """A quarter for each chord, bars of four from the first on; fermatas on the quarters `fermata_at`."""
    voices = np.repeat(np.array(chords, dtype=np.int16), 4, axis=0)
    fermata = np.repeat(np.isin(np.arange(len(chords)), fermata_at), 4)
    return Chorale("x", voices, position=np.arange(len(voices)) % 16, fermata=fermata)


def soprano_task(*pitches, text=None):
    """A quarter for each pitch."""
    column = np.repeat(np.array(pitches, dtype=np.int16), 4)
    given = np.full((len(column), 4), UNKNOWN, dtype=np.int16)
    given[:, 0] = column
    onsets = np.zeros(given.shape, dtype=bool)
    onsets[::4, 0] = True
    position = (np.arange(len(column)) % 16).astype(np.int16)
    fermata = np.arange(len(column)) >= len(column) - 4
    return Task("x", given, onsets, position, fermata, (0, "major"), text=text)


def test_what_stays_is_struck_again_with_two_others_but_not_in_the_bass():
    voices = np.repeat([[67, 60, 52, 48], [69, 60, 53, 48], [69, 60, 55, 48]], 4, axis=0).astype(np.int16)
    onsets = articulated(
        voices,
        known=np.zeros(voices.shape, dtype=bool),
        given=(),
        position=np.arange(12, dtype=np.int16),
        fermata=np.zeros(12, dtype=bool),
    )
    assert onsets[0].all() and not onsets[[1, 2, 3, 5, 6, 7, 9, 10, 11]].any()
    assert onsets[4].tolist() == [True, True, True, False]  # two others begin: the alto begins anew
    assert onsets[8].tolist() == [False, False, True, False]  # one alone takes nobody along


def test_onsets_that_are_given_stay_and_off_the_beat_nothing_is_struck_again():
    voices = np.tile(np.array([67, 60, 52, 48], dtype=np.int16), (8, 1))
    voices[6:, 2:] += 2  # tenor and bass move on an eighth
    known = np.zeros(voices.shape, dtype=bool)
    known[[0, 5], 0] = True
    facts = {"position": np.arange(8, dtype=np.int16), "fermata": np.zeros(8, dtype=bool)}
    onsets = articulated(voices, known=known, given=(0,), **facts)
    assert np.flatnonzero(onsets[:, 0]).tolist() == [0, 5]
    assert np.flatnonzero(onsets[:, 1]).tolist() == [0]
    assert np.flatnonzero(onsets[:, 3]).tolist() == [0, 6]


def test_after_a_fermata_all_begin_anew_but_those_that_rest():
    voices = np.tile(np.array([67, 60, SILENT, 48], dtype=np.int16), (8, 1))
    onsets = articulated(
        voices,
        known=np.zeros(voices.shape, dtype=bool),
        given=(),
        position=np.arange(8, dtype=np.int16),
        fermata=np.arange(8) < 4,
    )
    assert onsets[4].tolist() == [True, True, False, True] and onsets.sum() == 6


def test_broken_rules_are_counted():
    clean = broken_rules(chorale_of(CLEAN, fermata_at=[2]))
    assert not any(clean.values())
    assert broken_rules(chorale_of(FIFTHS, fermata_at=[2]))["parallel_octaves"] == 2
    assert open_ends(chorale_of([[72, 67, 62, 48], *CLEAN], fermata_at=[0, 3])) == 1  # a fourth and a second


def test_rules_come_before_likelihood_and_likelihood_before_order():
    clean, fifths = chorale_of(CLEAN, fermata_at=[2]), chorale_of(FIFTHS, fermata_at=[2])
    ranked = rank([fifths, clean, clean], [-0.1, -0.9, -0.5])
    assert [candidate.log_likelihood for candidate in ranked] == [-0.5, -0.9, -0.1]
    first, second = rank([clean, chorale_of(CLEAN, fermata_at=[2])], [-1.0, -1.0])
    assert first.chorale is clean and second.chorale is not clean


def test_candidates_keep_what_is_given_and_are_in_order():
    task = soprano_task(67, 69, 71, 72, text=("a", "b", "c", "d"))
    found = candidates(StandIn(), task, count=12)
    assert len(found) == 12
    order = [(candidate.faults, -candidate.log_likelihood) for candidate in found]
    assert order == sorted(order) and len(set(order)) > 1
    for candidate in found:
        chorale = candidate.chorale
        assert np.array_equal(chorale.voices[:, 0], task.given[:, 0]) and (chorale.voices >= 0).all()
        assert np.array_equal(chorale.onsets[:, 0], task.onsets[:, 0])
        assert (chorale.text, chorale.key) == (task.text, task.key)
        others = abs(chorale.voices[:, 1:] - np.array([65, 59, 51])).mean() / 10
        assert candidate.log_likelihood == pytest.approx(-others, abs=1e-6)  # of what was filled in, alone


def test_the_same_seed_gives_the_same_and_another_seed_others():
    def voices(seed):
        found = candidates(StandIn(), soprano_task(67, 69, 67), count=4, seed=seed)
        return [candidate.chorale.voices.tolist() for candidate in found]

    assert voices(1) == voices(1) != voices(2)


def test_options_reach_the_harmonizer():
    stand_in, task = StandIn(), soprano_task(67, 69)
    sampling = Sampling(temperature=0.5, gibbs=3, avoid_parallels=False)
    allowed = np.ones((8, 4, 128), dtype=bool)
    allowed[..., ::2] = False  # odd pitches alone
    found = candidates(stand_in, task, count=2, sampling=sampling, allowed=allowed, seed=7)
    (call,) = stand_in.calls
    assert (call["temperature"], call["gibbs"], call["avoid_parallels"]) == (0.5, 3, False)
    assert (call["count"], call["seed"], call["key"]) == (2, 7, (0, "major"))
    assert call["position"] is task.position and call["fermata"] is task.fermata
    assert all((candidate.chorale.voices[:, 1:] % 2 == 1).all() for candidate in found)


def test_equal_versions_count_once():
    one, other = np.zeros((4, 4), dtype=np.int16), np.ones((4, 4), dtype=np.int16)
    assert [version[0, 0] for version in different([one, one.copy(), other])] == [0, 1]


def test_from_nothing_a_key_is_found_and_there_is_no_text():
    task = empty_task("x", 1, None, Metre())
    voices = np.tile(np.array([72, 67, 64, 48], dtype=np.int16), (16, 1))
    chorale = finished(task, voices)
    assert wholly_known(task.given) == () and chorale.key == (0, "major") and chorale.text is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "--temperature is 0; give 0.05 to 5"),
        ({"temperature": float("nan")}, "--temperature is nan"),
        ({"gibbs": -1}, "--gibbs is -1; give 0 to 200"),
    ],
)
def test_options_out_of_bounds(options, message):
    with pytest.raises(UserError, match=message):
        Sampling(**options)
