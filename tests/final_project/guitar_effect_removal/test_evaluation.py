from pathlib import Path

import numpy as np
import pytest
import torch

from final_project.guitar_effect_removal.detection import LoadedDetector
from final_project.guitar_effect_removal.effects import EFFECTS, parse_chain
from final_project.guitar_effect_removal.eval_systems import (
    EXPERTS_DETECTED,
    EXPERTS_TRUE,
    GUIDED,
    INPUT,
    ORACLE,
    Systems,
    true_magnitude_with_wet_phase,
    undo,
)
from final_project.guitar_effect_removal.evaluation import (
    PairScores,
    count_metrics,
    detection_metrics,
    groups_of,
    key_of,
    kind_of,
    removal_metrics,
    training_prevalence,
)
from final_project.guitar_effect_removal.measures import MEASURES
from final_project.guitar_effect_removal.mr_stft import mr_stft
from final_project.guitar_effect_removal.pair_scoring import ScoredPair
from final_project.guitar_effect_removal.pairs import Pair
from final_project.guitar_effect_removal.wet_dataset import SHARES


def pair(words, dry="a"):
    """A pair with effects such as "reverb,delay"; "" has none, None unknown ones."""
    chain = None if words is None else parse_chain(words) if words else ()
    return Pair(Path(f"{words}.flac"), Path(f"{dry}.flac"), chain)


def scored(words, distances, dry="a", probabilities=None):
    """A pair with made-up distances by system; all its measures are the same."""
    measures = {system: dict.fromkeys(MEASURES, value) for system, value in distances.items()}
    return ScoredPair(pair(words, dry), measures, probabilities, None)


SCORES = PairScores(
    [
        scored("reverb", {INPUT: 1.0, "model": 0.5}, dry="a"),
        scored("reverb", {INPUT: 3.0, "model": 0.5}, dry="b"),
        scored("reverb,delay", {INPUT: 2.0, "model": 2.0}, dry="a"),
        scored("", {INPUT: 0.0, "model": 0.1}, dry="b"),
        scored(None, {INPUT: 1.0, "model": 2.0}, dry="b"),
    ]
)


@pytest.mark.parametrize(
    ("words", "groups", "kind"),
    [
        ("amp", ("", "amp", "1_effect"), "amp"),
        ("chorus,delay,reverb", ("", "3_effects"), "3_effects"),
        ("", ("dry",), "dry"),
        (None, ("",), "unknown"),
    ],
)
def test_groups(words, groups, kind):
    assert (groups_of(pair(words)), kind_of(pair(words))) == (groups, kind)


def test_keys():
    assert (key_of("mr_stft"), key_of("esr", "amp")) == ("mr_stft", "esr_amp")
    assert key_of("mr_stft", "dry") == "dry_mr_stft"


def test_metrics_are_means_of_their_pairs():
    metrics = removal_metrics(SCORES, "model")
    assert metrics["mr_stft"] == pytest.approx((0.5 + 0.5 + 2 + 2) / 4)
    assert metrics["si_sdr"] == pytest.approx(1.25)  # the median
    assert metrics["mr_stft_reverb"] == 0.5 and metrics["mr_stft_2_effects"] == 2.0
    assert metrics["dry_mr_stft"] == pytest.approx(0.1)
    assert "mr_stft_delay" not in metrics and "reduction" not in removal_metrics(SCORES, INPUT)


def test_the_reduction_is_of_the_sums_and_guitars_are_drawn():
    metrics = removal_metrics(SCORES, "model")
    assert metrics["reduction_reverb"] == pytest.approx(1 - 1 / 4)
    ends = metrics["reduction_reverb_low"], metrics["reduction_reverb_high"]
    assert ends == pytest.approx((1 - 0.5 / 1, 1 - 0.5 / 3))  # only one guitar, or only the other
    assert metrics["mr_stft_2_effects_low"] is None  # a single guitar says nothing of others


def test_counts():
    counts = count_metrics(SCORES.pairs)
    assert (counts["num_pairs"], counts["num_guitars"]) == (5, 2)
    assert (counts["num_pairs_reverb"], counts["num_pairs_dry"]) == (2, 1)


def test_detection_is_scored_where_effects_are_known():
    on = np.array([name == "reverb" for name in EFFECTS], dtype=float)
    pairs = [scored(words, {}, probabilities=on) for words in ("reverb", "reverb,delay", "", None)]
    metrics = detection_metrics(PairScores(pairs), LoadedDetector(None, np.full(len(EFFECTS), 0.5)))
    assert metrics["num_items"] == 3
    assert metrics["precision_reverb"] == pytest.approx(2 / 3) and metrics["recall_delay"] == 0
    assert detection_metrics(PairScores(pairs[3:]), LoadedDetector(None, on)) == {}


def test_the_share_of_effects_in_training():
    """All shares together are how many effects an item has on average."""
    prevalence = training_prevalence(EFFECTS)
    assert prevalence.sum() == pytest.approx((np.arange(len(SHARES)) * SHARES).sum(), abs=0.1)
    single = training_prevalence(("amp",))
    assert single[EFFECTS.index("amp")] == pytest.approx(1 - SHARES[0], abs=0.02)
    assert single.sum() == single.max()


def times(factor):
    """A "remover" that one can follow: (1, S) -> (1, S)."""
    return lambda wet: wet * factor + factor


def test_experts_undo_the_chain_backwards():
    experts = {"delay": times(2.0), "reverb": times(3.0)}
    wet = torch.ones(4)
    assert torch.equal(undo(wet, ("chorus", "delay", "reverb"), experts), torch.full((4,), (3.0 + 3) * 2 + 2))
    assert undo(wet, ("chorus",), experts) is wet


class Certain:
    """A detector that hears reverb and delay."""

    def probabilities(self, wet):
        return np.array([float(name in ("reverb", "delay")) for name in EFFECTS])

    def on(self, probabilities):
        return tuple(name for name, on in zip(EFFECTS, probabilities, strict=True) if on)


def test_all_systems_answer_and_the_same_experts_answer_once():
    experts = {"delay": times(2.0), "reverb": times(3.0)}
    systems = Systems({}, {"model": times(0.5)}, {}, experts, Certain())
    wet, dry = torch.rand(4000), torch.rand(4000)
    estimates = systems.answer(wet, dry, parse_chain("delay,reverb")).estimates
    assert set(estimates) == {"model", GUIDED, INPUT, ORACLE, EXPERTS_TRUE, EXPERTS_DETECTED}
    torch.testing.assert_close(estimates[GUIDED], wet)  # nothing clips, as far as the detector hears
    assert estimates[EXPERTS_TRUE] is estimates[EXPERTS_DETECTED]
    torch.testing.assert_close(estimates["model"], wet * 0.5 + 0.5)
    alone = systems.answer(wet, dry, ()).estimates
    assert alone[EXPERTS_TRUE] is wet and alone[EXPERTS_DETECTED] is not wet
    assert EXPERTS_TRUE not in systems.answer(wet, dry, None).estimates


def test_true_magnitudes_with_a_turned_phase_are_the_turned_guitar():
    dry = 0.1 * torch.randn(6000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(true_magnitude_with_wet_phase(-0.3 * dry, dry), -dry, atol=1e-5, rtol=0)
    other = 0.1 * torch.randn(6000, generator=torch.Generator().manual_seed(1))
    oracle = true_magnitude_with_wet_phase(other, dry)
    assert mr_stft(oracle[None], dry[None]) < 0.9 * mr_stft(other[None], dry[None])
