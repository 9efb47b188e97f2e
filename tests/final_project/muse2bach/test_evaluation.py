"""Likelihoods, accuracy, chance harmonizations and whole evaluations, by hand and with small models."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from common.cli import UserError
from final_project.muse2bach.candidates import Sampling
from final_project.muse2bach.chance import chance_harmonizations, moved, under
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.copy_baseline import fit_copy
from final_project.muse2bach.eval_figures import nll_by_place, places_in_beat
from final_project.muse2bach.evaluation import BACH, CHANCE, COPY, FREE, MODEL, UNIFORM, evaluate
from final_project.muse2bach.harmonizer import Harmonizer
from final_project.muse2bach.harmonizing import harmonize, soprano_alone
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.predictions import predictions, stepwise
from final_project.muse2bach.rule_scores import rule_scores
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.token_scores import (
    accuracy_scores,
    harmonization_scores,
    likelihood_scores,
    uniform_scores,
)
from final_project.muse2bach.tokens import VOCABULARY, to_tokens

C, F, G = [72, 67, 64, 48], [72, 69, 65, 53], [71, 67, 62, 55]


def chorale_of(*chords, name="made-up", **fields) -> Chorale:
    """A chorale of these chords, a quarter each."""
    return Chorale(name, np.array(chords).repeat(4, axis=0), **fields)


def test_nll_by_hand():
    chorales = [chorale_of(C, F), chorale_of(C)]
    told = [np.tile([-1.0, -2.0, -3.0, -4.0], (8, 1)), np.tile([-2.0, -3.0, -4.0, -5.0], (4, 1))]
    scores = likelihood_scores(chorales, told)
    assert scores["nll"] == pytest.approx((8 * 2.5 + 4 * 3.5) / 12)  # by tokens, not by chorales
    assert scores["nll_bass"] == pytest.approx((8 * 4 + 4 * 5) / 12)
    assert scores["frame_perplexity"] == pytest.approx(math.exp(4 * scores["nll"]))
    assert (scores["nll_low"], scores["nll_high"]) == (2.5, 3.5)
    first_frames, into_f = (10 + 14), (2 + 3 + 4)  # in F the soprano stays
    assert scores["nll_at_changes"] == pytest.approx((first_frames + into_f) / 11)
    harmonized = [cells * [0, 1, 1, 1] for cells in told]
    assert harmonization_scores(harmonized)["harmonization_nll"] == pytest.approx((8 * 3 + 4 * 4) / 12)


def test_accuracy_by_hand():
    chorale = chorale_of(C, F)
    right_but_the_change = chorale.voices.copy()
    right_but_the_change[4] = C
    scores = accuracy_scores([chorale], [right_but_the_change])
    assert scores["accuracy"] == pytest.approx(29 / 32)
    assert scores["accuracy_soprano"] == 1 and scores["accuracy_bass"] == pytest.approx(7 / 8)
    assert scores["accuracy_at_changes"] == pytest.approx(4 / 7)
    assert scores["accuracy_low"] is None  # one chorale says nothing about others


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
def test_likelihoods_that_are_no_numbers_are_refused(wrong):
    told = np.full((8, 4), -1.0)
    told[3, 2] = wrong
    with pytest.raises(UserError, match="NaN or infinite"):
        likelihood_scores([chorale_of(C, F)], [told])


def test_uniform():
    assert uniform_scores()["nll"] == pytest.approx(math.log(47))
    assert uniform_scores()["accuracy"] == pytest.approx(1 / 47)


class Remembers:
    """A step model that is sure of what was sung a sixteenth ago, and of middle C in the first frame."""

    def order(self, given=()):
        return tuple(voice for voice in (3, 1, 0, 2) if voice not in given)

    def start(self, given, context):
        assert (given == UNKNOWN).all()
        return np.full((len(given), 4), 60)

    def log_probs(self, state, known, voice):
        assert known[0, voice] == UNKNOWN
        earlier = self.order()[: self.order().index(voice)]
        assert sorted(np.flatnonzero(known[0] != UNKNOWN)) == sorted(earlier)
        one_hot = torch.nn.functional.one_hot(torch.as_tensor(to_tokens(state[:, voice])), VOCABULARY)
        return (one_hot.float() * 0.9 + 0.1 / VOCABULARY).log()

    def advance(self, state, frame):
        return frame


def test_predictions_are_led_through_the_truth():
    chorale = chorale_of(C, [SILENT, 69, 65, 53], G)
    (guesses,) = predictions(Remembers(), [chorale])
    np.testing.assert_array_equal(guesses[0], [60] * 4)
    np.testing.assert_array_equal(guesses[1:], chorale.voices[:-1])
    scores = accuracy_scores([chorale], [guesses])
    assert scores["accuracy_at_changes"] == 0 and scores["accuracy"] == pytest.approx(1 - 12 / 48)


def random_network(_) -> ChoraleNetwork:
    torch.manual_seed(0)
    network = ChoraleNetwork(NetworkConfig(trunk=16, outlook=8, head=16))
    for weight in network.parameters():  # larger than at the start, so that guesses differ
        torch.nn.init.normal_(weight, std=0.3)
    return network


@pytest.mark.parametrize("fitted", [fit_copy, random_network])
def test_whole_chorales_at_once_give_the_same(fitted):
    chorales = [chorale_of(C, F, G, C), chorale_of(F, C, position=(np.arange(8) + 2) % 16)]
    model = fitted(chorales)
    for chorale, guesses in zip(chorales, predictions(model, chorales), strict=True):
        np.testing.assert_array_equal(guesses, stepwise(model, chorale))
        assert len(np.unique(guesses)) > 3


def test_chance_takes_the_nearest_length_in_the_same_mode():
    long = chorale_of(*[C] * 8, name="long", key=(0, "major"))
    minor = chorale_of(*[C] * 4, name="minor", key=(0, "minor"))
    short = chorale_of(*[G] * 5, name="short", key=(7, "major"))
    target = chorale_of(*[F] * 4, name="target", key=(5, "major"))
    (found,) = chance_harmonizations([target], [long, minor, short, target])
    assert len(found) == 16 and found.name == "target"
    np.testing.assert_array_equal(found.voices[0], [72, 65, 60, 53])  # G, a tone lower
    assert chance_harmonizations([target], [target]) == []
    assert len(under(long, target, 0)) == 16


def test_chance_finds_keys_and_stays_in_range():
    chorales = [chorale_of(C, F, G, C, name="a"), chorale_of(*[[74, 69, 66, 50]] * 4, name="b")]
    (found, _) = chance_harmonizations(chorales, chorales)
    np.testing.assert_array_equal(found.voices[0], [72, 67, 64, 48])  # from D to C
    assert moved(np.array([36, 81, SILENT], dtype=np.int16), -3).tolist() == [45, 78, SILENT]
    assert moved(np.array([36, 81, SILENT], dtype=np.int16), 3).tolist() == [39, 72, SILENT]


def test_places_in_the_beat():
    chorale = chorale_of(C, F, position=(np.arange(8) + 14) % 16)
    assert places_in_beat(chorale).tolist() == [2, 3, 0, 1, 2, 3, 0, 1]
    told = np.zeros((8, 4))
    told[2:7:4, 1] = -3.0
    assert nll_by_place([chorale], [told])[:, 1].tolist() == [3, 0, 0, 0]


class Stubborn:
    """Harmonizes everything with C major, and says so. model: for the accuracy."""

    model = Remembers()

    def __init__(self) -> None:
        self.asked = []

    def complete(self, given, **options):
        self.asked.append((given, options))
        voices = np.where(given == UNKNOWN, C, given)
        return [voices.astype(np.int16)]

    def log_likelihoods(self, chorales, given=()):
        told = [np.where(chorale.voices == C, -0.5, -4.0) for chorale in chorales]
        return [np.where(np.isin(np.arange(4), given), 0, cells) for cells in told]


@pytest.fixture
def chorales():
    """Eight chorales with bars, fermatas and keys."""
    return [
        chorale_of(
            *(C, F, G, C)[: 2 + number % 3],
            C,
            name=f"bach-{number}",
            key=(0, "major"),
            position=np.arange(4 * (3 + number % 3)),
            fermata=np.zeros(4 * (3 + number % 3), dtype=bool),
        )
        for number in range(8)
    ]


def test_only_the_soprano_is_given(chorales):
    system = Stubborn()
    made = harmonize(system, chorales, Sampling(temperature=0.7, gibbs=2, avoid_parallels=False), seed=5)
    for place, (chorale, (given, options), found) in enumerate(
        zip(chorales, system.asked, made.chorales, strict=True)
    ):
        np.testing.assert_array_equal(given, soprano_alone(chorale))
        np.testing.assert_array_equal(given[:, 0], chorale.voices[:, 0])
        assert (given[:, 1:] == UNKNOWN).all()
        assert options["position"] is chorale.position and options["key"] == chorale.key
        assert options["fermata"] is chorale.fermata
        assert (options["temperature"], options["gibbs"], options["seed"]) == (0.7, 2, 5 + place)
        assert options["avoid_parallels"] is False
        np.testing.assert_array_equal(found.voices[:, 0], chorale.voices[:, 0])
    assert made.seconds > 0


def test_an_evaluation_has_everything_beside_the_model(chorales):
    system = Stubborn()
    copy = Harmonizer(COPY, fit_copy(chorales))
    found = evaluate(system, {COPY: copy}, chorales, pieces=3, sampling=Sampling())
    assert [options["avoid_parallels"] for _, options in system.asked] == [True] * 3 + [False] * 3
    assert [piece.name for piece in found.pieces] == ["bach-0", "bach-4", "bach-7"]
    assert set(found.told) == {MODEL, COPY, UNIFORM} and set(found.rules) == {BACH, MODEL, FREE, CHANCE}
    metrics = found.metrics()
    assert metrics["num_chorales"] == 8 and metrics["num_pieces"] == 3
    assert metrics["copy_nll"] == pytest.approx(
        -np.concatenate(copy.log_likelihoods(chorales)).mean(), rel=1e-5
    )
    assert metrics["uniform_nll"] == pytest.approx(math.log(47))
    assert metrics["bach_parallel_fifths"] == rule_scores(found.pieces)["parallel_fifths"]
    assert metrics["parallel_fifths"] == metrics["free_parallel_fifths"] == 0  # nothing moves
    assert metrics["sample_nll"] == 0.5 < metrics["bach_sample_nll"]
    assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]
    assert all(f"chance_{key}" in metrics for key in ("parallel_octaves", "crossings", "tertian"))


def test_watching_changes_nothing(chorales):
    seen = []

    def watched(items, what):
        seen.append(what)
        return items

    one = evaluate(Stubborn(), {}, chorales[:2], pieces=0, sampling=Sampling(), watched=watched)
    assert one.metrics() == evaluate(Stubborn(), {}, chorales[:2], pieces=0, sampling=Sampling()).metrics()
    assert seen == ["model: accuracy", "model: harmonized", "free: harmonized"]


def test_a_single_chorale_has_no_chance(chorales):
    found = evaluate(Stubborn(), {}, [replace(chorales[0], key=None)], pieces=0, sampling=Sampling())
    assert CHANCE not in found.rules and found.metrics()["nll_low"] is None
