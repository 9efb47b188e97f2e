"""Baselines: proper distributions, that find a chain they are fitted to; files that must not be trusted."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError, read_tensors, tensor_bytes
from hw3_melody_generation.baselines import (
    CONFIG,
    MAX_WINDOWS,
    TENSORS,
    MarkovMelodies,
    RandomMelodies,
    RetrievedMelodies,
    fit_baselines,
    load_baselines,
    save_baselines,
)
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.encoding import DURATION, PITCH, REST, Vocabulary
from hw3_melody_generation.note_counts import PRIOR_NOTES, marginals, steps_table, transitions
from hw3_melody_generation.sampling import Sampling

VOCABULARY = Vocabulary(durations=(0.5, 1.0, 2.0), rests=(0.0, 1.0))


def true_notes(windows: int = 2000, steps: int = 12) -> torch.Tensor:
    """Codes of a chain: long notes come before rests, and pitches walk by at most three semitones."""
    random = np.random.default_rng(0)
    notes = np.zeros((windows, steps, 3), dtype=np.int64)
    notes[:, 0] = [64, 0, 0]
    for step in range(1, steps):
        before = notes[:, step - 1]
        rest = random.random(windows) < np.where(before[:, DURATION] == 2, 0.8, 0.1)
        duration = random.choice(3, size=windows, p=(0.6, 0.2, 0.2))
        walk = np.clip(before[:, PITCH] + random.integers(-3, 4, size=windows), 55, 75)
        notes[:, step] = np.stack([walk, duration, rest], axis=1)
    return torch.from_numpy(notes)


def texts(count: int, steps: int) -> dict[str, torch.Tensor]:
    return {"mask": torch.ones(count, steps, dtype=torch.bool)}


def generate(model, count: int, steps: int, *, seed: int = 0, **options) -> torch.Tensor:
    sampling = options.pop("sampling", Sampling())
    draws = torch.Generator().manual_seed(seed)
    return model.generate(texts(count, steps), sampling=sampling, generator=draws, **options)


@pytest.fixture(scope="module")
def baselines():
    return fit_baselines(true_notes(), VOCABULARY)


# ---- counting ----


def test_transitions_are_counts_pulled_towards_the_prior():
    prior = torch.tensor([[0.5, 0.5], [0.25, 0.75]])
    past, value = torch.tensor([0, 0, 0, 1]), torch.tensor([1, 1, 0, 1])
    table = transitions(prior, value, past)
    m = PRIOR_NOTES
    expected = [[(1 + m / 2) / (3 + m), (2 + m / 2) / (3 + m)], [m / 4 / (1 + m), (1 + 3 * m / 4) / (1 + m)]]
    torch.testing.assert_close(table, torch.tensor(expected))


def test_without_counts_the_prior_is_left():
    prior = torch.tensor([[0.2, 0.8]])
    nothing = torch.empty(0, dtype=torch.long)
    torch.testing.assert_close(transitions(prior, nothing, nothing), prior)


def test_steps_have_the_same_odds_wherever_they_start():
    table = steps_table(torch.tensor([2, 2, 2, -1]))
    torch.testing.assert_close(table.sum(1), torch.ones(128))
    for pitch in (5, 60, 120):
        assert table[pitch, pitch + 2] / table[pitch, pitch - 1] == pytest.approx(4 / 2)


def test_marginals_are_smoothed_shares():
    pitch, duration, rest = marginals(torch.tensor([[[60, 2, 0], [60, 2, 1]]]), VOCABULARY)
    assert pitch[60] == pytest.approx(3 / 130) and pitch[61] == pytest.approx(1 / 130)
    torch.testing.assert_close(duration, torch.tensor([1, 1, 3]) / 5)
    torch.testing.assert_close(rest, torch.tensor([0.5, 0.5]))


# ---- the models ----


@pytest.mark.parametrize("name", ["random", "markov"])
def test_the_probabilities_of_all_notes_sum_to_one(baselines, name):
    """Over every second note that there is, after each of a few first ones."""
    values = (torch.arange(128), torch.arange(3), torch.arange(2))
    second = torch.cartesian_prod(*values)
    for first in ([64, 0, 0], [10, 2, 1], [127, 1, 0]):
        notes = torch.stack([torch.tensor(first).expand_as(second), second], dim=1)
        log_probability = baselines[name].log_probability({"notes": notes})
        assert log_probability.shape == (128 * 3 * 2, 2, 3) and log_probability.isfinite().all()
        total = log_probability[:, 1].sum(-1).exp().sum()
        assert total.item() == pytest.approx(1, abs=1e-4)


def test_likelihoods_find_the_true_chain(baselines):
    """The chain's own entropy is nearly reached by markov; random, which forgets, cannot."""
    notes = true_notes(300)
    nll = {
        name: -baselines[name].log_probability({"notes": notes})[:, 1:].mean((0, 1))
        for name in ("random", "markov")
    }
    assert nll["markov"][PITCH].item() == pytest.approx(math.log(7), abs=0.1)
    assert nll["random"][PITCH] - nll["markov"][PITCH] > 0.4
    assert nll["random"][REST] - nll["markov"][REST] > 0.05
    p = np.array([0.6, 0.2, 0.2])
    assert nll["markov"][DURATION].item() == pytest.approx(-(p * np.log(p)).sum(), abs=0.05)


@pytest.mark.parametrize("name", ["random", "markov"])
def test_what_is_drawn_is_as_likely_as_it_says(baselines, name):
    """The mean log-probability of its own samples is minus its entropy: that of true notes, for markov."""
    model = baselines[name]
    made = generate(model, 500, 12)
    own = model.log_probability({"notes": made})[:, 1:].sum(-1).mean()
    again = model.log_probability({"notes": generate(model, 500, 12, seed=1)})[:, 1:].sum(-1).mean()
    assert own.item() == pytest.approx(again.item(), abs=0.08)
    if name == "markov":
        true = model.log_probability({"notes": true_notes(300)})[:, 1:].sum(-1).mean()
        assert own.item() == pytest.approx(true.item(), abs=0.15)


def test_rest_probability_agrees_with_the_likelihood(baselines):
    notes = true_notes(20)
    for name in ("random", "markov"):
        batch = {"notes": notes, "mask": torch.ones(notes.shape[:2], dtype=torch.bool)}
        rest = baselines[name].rest_probability(batch)
        is_rest = notes[..., REST] > 0
        said = baselines[name].log_probability(batch)[..., REST].exp()
        torch.testing.assert_close(torch.where(is_rest, rest, 1 - rest), said)


def test_retrieval_gives_training_windows_one_after_another(baselines):
    known = {tuple(window.flatten().tolist()) for window in true_notes()}
    made = generate(baselines["retrieval"], 50, 30)
    for first in (0, 12):
        assert {tuple(notes.flatten().tolist()) for notes in made[:, first : first + 12]} <= known
    assert len(made.flatten(1).unique(dim=0)) == 50
    assert not baselines["retrieval"].has_likelihood


def test_retrieval_keeps_no_more_than_it_needs():
    many = torch.zeros(MAX_WINDOWS + 5, 2, 3, dtype=torch.long)
    assert RetrievedMelodies.fitted(many, VOCABULARY).windows.shape == (MAX_WINDOWS, 2, 3)


@pytest.mark.parametrize("name", ["random", "markov", "retrieval"])
def test_the_same_seed_gives_the_same_melodies(baselines, name):
    model = baselines[name]
    made = generate(model, 4, 17)
    assert made.shape == (4, 17, 3) and made.dtype == torch.int64
    assert torch.equal(made, generate(model, 4, 17))
    assert not torch.equal(made, generate(model, 4, 17, seed=1))


@pytest.mark.parametrize("name", ["random", "markov", "retrieval"])
def test_pitches_stay_where_they_are_allowed(baselines, name):
    constraints = Constraints.parse("C", "60-71")
    made = generate(baselines[name], 20, 24, constraints=constraints)
    assert set(made[..., PITCH].unique().tolist()) <= {60, 62, 64, 65, 67, 69, 71}
    assert made[..., PITCH].unique().numel() > 3


def test_cold_samples_are_the_most_likely_notes(baselines):
    made = generate(baselines["random"], 3, 5, sampling=Sampling(temperature=1e-4))
    pitch = baselines["random"].pitch.argmax().item()
    assert made[..., PITCH].unique().tolist() == [pitch] and made[..., DURATION].unique().tolist() == [0]


# ---- in a run folder ----


def test_saved_and_loaded_they_are_the_same(baselines, tmp_path):
    save_baselines(tmp_path, baselines)
    loaded = load_baselines(tmp_path)
    assert list(loaded) == ["random", "markov", "retrieval"]
    for name, model in loaded.items():
        assert model.vocabulary == VOCABULARY
        assert torch.equal(generate(model, 5, 20), generate(baselines[name], 5, 20))


def damaged(folder, change) -> None:
    tensors, _ = read_tensors(folder / TENSORS)
    change(tensors)
    (folder / TENSORS).write_bytes(tensor_bytes(tensors))


def reworded(folder, **changes) -> None:
    record = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(record | changes))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.pop("markov/rest"), "rest missing or unknown"),
        (lambda t: t.update({"markov/forward": torch.zeros(1)}), "forward"),
        (lambda t: t.update({"markov/a.b": torch.zeros(1)}), "a.b missing or unknown"),
        (lambda t: t.update({"other/rest": torch.zeros(1)}), "unknown other/rest"),
        (lambda t: t["random/pitch"].mul_(2), "other things than probabilities"),
        (lambda t: t["random/pitch"].fill_(float("nan")), "other things than probabilities"),
        (lambda t: t.update({"random/rest": torch.tensor([1.0, 0.0])}), "other things than probabilities"),
        (lambda t: t.update({"random/rest": torch.full((3,), 1 / 3)}), "instead of"),
        (lambda t: t.update({"random/rest": torch.full((2,), 0.5).double()}), "torch.float64"),
        (lambda t: t["retrieval/windows"].fill_(128), "not in the vocabulary"),
        (lambda t: t["retrieval/windows"].fill_(-1), "not in the vocabulary"),
        (lambda t: t.update({"retrieval/windows": torch.zeros(0, 12, 3, dtype=torch.int16)}), "(0, 12, 3)"),
        (lambda t: t.update({"retrieval/windows": torch.zeros(3, dtype=torch.int16)}), "instead of"),
    ],
)
def test_tensors_that_are_no_baselines_are_refused(baselines, tmp_path, change, reason):
    save_baselines(tmp_path, baselines)
    damaged(tmp_path, change)
    with pytest.raises(ModelFolderError) as caught:
        load_baselines(tmp_path)
    assert reason in str(caught.value) and "\n" not in str(caught.value) and TENSORS in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vocabulary": None}, "no vocabulary"),
        ({"vocabulary": {"durations": [1.0]}}, "missing key rests"),
        ({"vocabulary": {"durations": [1.0], "rests": ["0"]}}, "expected float"),
        ({"vocabulary": {"durations": [], "rests": [0.0]}}, "no rising beats"),
        ({"vocabulary": {"durations": [1.0, 1.0], "rests": [0.0]}}, "no rising beats"),
        ({"vocabulary": {"durations": [1.0, math.inf], "rests": [0.0]}}, "no rising beats"),
        ({"vocabulary": {"durations": [math.nan], "rests": [0.0]}}, "no rising beats"),
        ({"vocabulary": {"durations": [1.0], "rests": [0.5]}}, "no rising beats"),
        ({"vocabulary": {"durations": [1.0, 2.0], "rests": [0.0, 1.0]}}, "instead of"),
        ({"assignment": "hw1"}, "belongs to hw1"),
        ({"format": 99}, "format 99"),
    ],
)
def test_a_config_that_is_none_is_refused(baselines, tmp_path, changes, reason):
    save_baselines(tmp_path, baselines)
    reworded(tmp_path, **changes)
    with pytest.raises(ModelFolderError) as caught:
        load_baselines(tmp_path)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [TENSORS, CONFIG])
def test_broken_and_missing_files_are_named(baselines, tmp_path, name):
    save_baselines(tmp_path, baselines)
    (tmp_path / name).write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(ModelFolderError, match=name):
        load_baselines(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelFolderError, match=f"{name}: not there"):
        load_baselines(tmp_path)


def test_fitting_one_needs_no_others():
    for baseline in (RandomMelodies, MarkovMelodies, RetrievedMelodies):
        assert baseline.fitted(true_notes(10), VOCABULARY).problem() == ""
