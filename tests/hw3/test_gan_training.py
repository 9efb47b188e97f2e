"""Training the LSTM-GAN: whose turn it is, what collapse looks like, that a stopped run ends the same."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import RunFolder, load_model
from common.training import seed_everything
from hw3_melody_generation import ASSIGNMENT, gan_training
from hw3_melody_generation.encoding import PITCH, REST, LyricEncoder, Vocabulary
from hw3_melody_generation.gan_training import GanTrainingConfig, begin, fit_gan, prepare
from hw3_melody_generation.gan_turns import (
    adversarial_turns,
    cross_entropy,
    discriminator_loss,
    generator_loss,
    least_squares_turn,
    make,
)
from hw3_melody_generation.gan_validation import GanValidation, collapse
from hw3_melody_generation.lstm_gan import LstmGan, LstmGanConfig
from hw3_melody_generation.melody_model import MelodyModelConfig, build_model
from hw3_melody_generation.songs import Lyrics, Melody, Song
from hw3_melody_generation.window_dataset import WindowConfig, WindowDataset, collate_songs

TRAINING = GanTrainingConfig(
    epochs=3, batch_size=8, learning_rate=3e-3, skip_gram_steps=3, workers=0, device="cpu"
)
VERSE = "twin kle twin kle lit tle star how I won der what you are up a bove the world so high"
WORDS = VERSE.split()


@pytest.fixture(autouse=True)
def one_thread():
    """Sums over another number of threads end in other last bits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def songs(count: int, *, seed: int = 0) -> list[Song]:
    """Twinkle, twinkle, in any key, at the pace of one of two beats, with or without rests."""
    random, made = np.random.default_rng(seed), []
    steps = [0, 0, 7, 7, 9, 9, 7, 5, 5, 4, 4, 2, 2, 0, 7, 7, 5, 5, 4, 4]
    for number in range(count):
        shift = int(random.integers(20))
        words = tuple(WORDS[shift:] + WORDS[:shift])[:20]
        pitch = 55 + random.integers(12) + np.array(steps)
        rest = random.integers(2) * (np.arange(20) % 7 == 0)
        duration = np.full(20, float(random.choice([1, 2])))
        lyrics = Lyrics(words, tuple(range(20)), (0,) * 20)
        made.append(Song(f"song {number}", lyrics, Melody(pitch, duration, rest)))
    return made


TRAIN, VALID = songs(24), songs(8, seed=1)
VOCABULARY, ENCODER = Vocabulary.of(TRAIN), LyricEncoder.of(TRAIN, min_count=1)


def model_config(**options) -> MelodyModelConfig:
    return MelodyModelConfig(
        network=LstmGanConfig(hidden=8, noise=4, melody_noise=4, **options),
        durations=VOCABULARY.durations,
        rests=VOCABULARY.rests,
        syllables=ENCODER.syllables,
        quarters_per_beat=1.0,
        window=20,
    )


def dataset(train: list[Song] = TRAIN) -> WindowDataset:
    return WindowDataset(train, VOCABULARY, ENCODER, WindowConfig(transpose=0))


def fresh(training: GanTrainingConfig = TRAINING, **options) -> LstmGan:
    seed_everything(training.seed)
    return build_model(model_config(**options))


def prepared(**options) -> LstmGan:
    model = fresh(**options)
    prepare(model, dataset(), steps=3, seed=0)
    return model


def whole_batch() -> dict[str, torch.Tensor]:
    data = dataset()
    return collate_songs([data[index] for index in range(len(data))])


def run_folder(path, training: GanTrainingConfig = TRAINING) -> RunFolder:
    return RunFolder.create(path, assignment=ASSIGNMENT, config=training)


def fit(path, training: GanTrainingConfig = TRAINING, **options) -> dict[str, float]:
    run = run_folder(path, training)
    return fit_gan(
        fresh(training), dataset(), VALID, config=model_config(), training=training, run=run, **options
    )


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten().clone() for weight in module.parameters()])


# ---- before training ----


def test_preparation_fits_scale_and_syllables():
    model = prepared()
    notes = whole_batch()["notes"]
    points = model.scale.points(notes)
    assert points[..., PITCH].mean().item() == pytest.approx(0, abs=0.02)
    assert points[..., PITCH].std().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(model.scale.codes(points), notes)
    torch.testing.assert_close(model.syllables.mean(0), torch.zeros(10), atol=1e-5, rtol=0)
    assert model.scale.heard.tolist() == [notes[..., PITCH].min(), notes[..., PITCH].max()]


# ---- losses ----


def test_cross_entropy_is_minus_the_log_and_looks_at_syllables_alone():
    logits = torch.tensor([[0.0, math.log(3), 99.0]])
    mask = torch.tensor([[True, True, False]])
    assert cross_entropy(logits, 1.0, mask).item() == pytest.approx(-(math.log(0.5) + math.log(0.75)) / 2)
    assert cross_entropy(logits, 0.0, mask).item() == pytest.approx(-(math.log(0.5) + math.log(0.25)) / 2)
    smooth = cross_entropy(logits, 0.9, mask).item()
    hard = (cross_entropy(logits, each, mask).item() for each in (1.0, 0.0))
    assert smooth == pytest.approx(sum(w * each for w, each in zip((0.9, 0.1), hard, strict=True)))


def undecided(model: LstmGan) -> LstmGan:
    """With a discriminator that says 1/2 to everything."""
    torch.nn.init.zeros_(model.discriminator.output.weight)
    torch.nn.init.zeros_(model.discriminator.output.bias)
    return model


@pytest.mark.parametrize(("smoothing", "wrong"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.5)])
def test_losses_of_an_undecided_discriminator(smoothing, wrong):
    """log 2 for each thing judged, whatever the labels."""
    model, batch = undecided(prepared()), whole_batch()
    config = replace(TRAINING, label_smoothing=smoothing, wrong_lyrics=wrong)
    condition, real, fake = make(model, batch, config)
    loss, _ = discriminator_loss(model, real, fake, condition, batch["mask"], config)
    assert loss.item() == pytest.approx((2 + wrong) * math.log(2), rel=1e-5)
    for name, sign in (("non-saturating", 1), ("minimax", -1)):
        config = replace(TRAINING, adversarial_loss=name)
        loss = generator_loss(model, real, fake, condition, batch["mask"], config)
        assert loss.item() == pytest.approx(sign * math.log(2), rel=1e-5)


def test_features_match_where_melodies_do():
    model, batch = prepared().eval(), whole_batch()
    config = replace(TRAINING, feature_matching=3.0)
    condition, real, fake = make(model, batch, config)

    def extra(melody: torch.Tensor) -> float:
        with_it, without = (
            generator_loss(model, real, melody, condition, batch["mask"], each) for each in (config, TRAINING)
        )
        return (with_it - without).item()

    assert extra(real) == pytest.approx(0, abs=1e-6) and extra(fake) > 1e-4


# ---- turns ----


def test_each_network_learns_in_its_turn_alone(monkeypatch):
    """The generator's turn does not move the discriminator, and the other way round."""
    model, batch = prepared(), whole_batch()
    optimizer = begin(model, TRAINING, steps_per_epoch=1).optimizer
    before, seen = {name: weights(getattr(model, name)) for name in ("generator", "discriminator")}, []
    step = optimizer.step

    def recorded() -> None:
        step()
        moved = {name: not torch.equal(weights(getattr(model, name)), old) for name, old in before.items()}
        before.update({name: weights(getattr(model, name)) for name in before})
        seen.append(moved)

    monkeypatch.setattr(optimizer, "step", recorded)
    adversarial_turns(model, batch, optimizer, TRAINING)
    assert seen == [
        {"generator": False, "discriminator": True},
        {"generator": True, "discriminator": False},
    ]
    least_squares_turn(model, batch, optimizer, TRAINING)
    assert seen[2] == {"generator": True, "discriminator": False}
    assert all(weight.requires_grad and weight.grad is None for weight in model.parameters())


def test_the_turns_pull_in_opposite_directions():
    """Alone, the discriminator tells true from false; then the generator, alone, undoes that."""
    model, batch = prepared(), whole_batch()
    config = replace(TRAINING, discriminator_rate=1.0, label_smoothing=0.0)
    state = begin(model, config, steps_per_epoch=1)
    generator, discriminator = state.optimizer.param_groups

    def play(rounds: int) -> float:
        for _ in range(rounds):
            told = adversarial_turns(model, batch, state.optimizer, config)
        return told["discriminator_accuracy"].item()

    generator["lr"], discriminator["lr"] = 0.0, 0.03
    assert play(30) > 0.85
    generator["lr"], discriminator["lr"] = 0.03, 0.0
    assert play(30) < 0.7


def test_least_squares_finds_the_mean_melody():
    model, batch = prepared(), whole_batch()
    config = replace(TRAINING, jitter=0.0)
    optimizer = begin(model, config, steps_per_epoch=1).optimizer
    for group in optimizer.param_groups:
        group["lr"] = 0.03
    losses = [least_squares_turn(model, batch, optimizer, config)["train_loss"].item() for _ in range(30)]
    assert losses[-1] < 0.85 * losses[0]


def test_groups_have_rates_of_their_own():
    state = begin(prepared(), replace(TRAINING, discriminator_rate=0.3), steps_per_epoch=1)
    assert [group["lr_scale"] for group in state.optimizer.param_groups] == [1.0, 0.3]
    state = begin(prepared(), replace(TRAINING, optimizer="sgd"), steps_per_epoch=1)
    assert isinstance(state.optimizer, torch.optim.SGD)


# ---- validation ----


def test_collapse_has_three_signs():
    random = np.random.default_rng(0)
    truth, other, third = random.integers(50, 80, (3, 400, 20, 3))
    varied = collapse(other, third, truth)
    assert varied["valid_distinct"] == 1
    assert varied["valid_spread"] == pytest.approx(1, abs=0.05)
    assert varied["valid_spread_same_lyrics"] == pytest.approx(1, abs=0.05)
    deaf = collapse(other, other, truth)  # noise is not heard
    assert deaf["valid_spread"] == varied["valid_spread"] and deaf["valid_spread_same_lyrics"] == 0
    one = np.repeat(other[:1], 400, axis=0)  # one melody for all
    assert collapse(one, one, truth) == {
        "valid_distinct": 0,
        "valid_spread": 0,
        "valid_spread_same_lyrics": 0,
    }
    two = np.concatenate([other[:300], np.repeat(other[:1], 100, axis=0)])
    assert collapse(two, third, truth)["valid_distinct"] == pytest.approx(299 / 400)


def test_the_score_is_minus_the_mmd_and_the_same_each_time():
    validate, model = GanValidation(VALID, model_config()), prepared().eval()
    metrics = validate(model)
    parts = [metrics[f"valid_mmd_{name}"] for name in ("pitch", "duration", "rest")]
    assert metrics["score"] == -metrics["valid_mmd"] == pytest.approx(-sum(parts))
    assert validate(model) == metrics


def test_the_truth_scores_best(monkeypatch):
    """A model that sang other songs of the kind would be at an MMD of about 0."""
    validate = GanValidation(songs(60, seed=2), model_config())
    model = prepared().eval()
    untrained = validate(model)
    others = torch.from_numpy(np.stack([VOCABULARY.codes(song.melody) for song in songs(60, seed=3)]))
    monkeypatch.setattr(model, "generate", lambda batch, **_: others[: len(batch["mask"])])
    best = validate(model)
    assert abs(best["valid_mmd"]) < 0.05 < untrained["valid_mmd"]
    assert best["notes_without_rest"] == pytest.approx((others[..., REST] == 0).sum() / 60)


def test_windows_of_several_lengths_are_refused():
    short = VALID[0].excerpt(range(7))
    for windows in ([*VALID, short], VALID[:1], []):
        with pytest.raises(UserError, match="validation windows"):
            GanValidation(windows, model_config())


# ---- whole runs ----


def test_a_run_leaves_the_best_model_and_its_history(tmp_path):
    best = fit(tmp_path)
    history = run_folder(tmp_path).history()
    assert [entry["epoch"] for entry in history] == [1, 2, 3]
    assert {"train_loss", "discriminator_loss", "discriminator_accuracy"} <= history[0].keys()
    assert {"valid_mmd", "valid_distinct", "valid_spread", "valid_spread_same_lyrics"} <= history[0].keys()
    assert best["score"] == max(entry["score"] for entry in history)
    values, tensors = load_model(tmp_path, assignment=ASSIGNMENT)
    assert values == json.loads(json.dumps(asdict(model_config())))
    model = build_model(model_config())
    model.load_state_dict(tensors)
    assert GanValidation(VALID, model_config())(model.eval())["score"] == best["score"]
    assert (tmp_path / "figures" / "learning_curve.png").is_file()


class Stopped(Exception):
    """As by kill -9."""


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_stopped_run_ends_in_the_same_weights(tmp_path, monkeypatch, optimizer):
    training = replace(TRAINING, optimizer=optimizer, pretraining=1)
    fit(tmp_path / "whole", training)
    turns, calls = gan_training.adversarial_turns, []

    def stop_in_epoch_3(*arguments):
        calls.append(1)
        if len(calls) == 5:  # epoch 1 is least squares, epoch 2 has three batches
            raise Stopped
        return turns(*arguments)

    monkeypatch.setattr(gan_training, "adversarial_turns", stop_in_epoch_3)
    with pytest.raises(Stopped):
        fit(tmp_path / "stopped", training)
    assert len(run_folder(tmp_path / "stopped", training).history()) == 2
    monkeypatch.setattr(gan_training, "adversarial_turns", turns)
    fit(tmp_path / "stopped", training)
    for name in ("model.safetensors", "checkpoint.safetensors"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    told = [
        [{key: value for key, value in entry.items() if "second" not in key} for entry in run.history()]
        for run in (run_folder(tmp_path / "whole", training), run_folder(tmp_path / "stopped", training))
    ]
    assert told[0] == told[1]


def test_a_finished_run_does_nothing_more(tmp_path, monkeypatch, capsys):
    best = fit(tmp_path)
    monkeypatch.setattr(gan_training, "train_epoch", None)
    assert fit(tmp_path) == best
    assert "finished already" in capsys.readouterr().err


def test_a_loss_that_is_no_number_ends_the_run(tmp_path, monkeypatch):
    lost = {"train_loss": torch.tensor(1.0), "discriminator_loss": torch.tensor(math.nan)}
    monkeypatch.setattr(gan_training, "adversarial_turns", lambda *_: lost)
    with pytest.raises(UserError, match="the loss became nan in epoch 1"):
        fit(tmp_path)
    assert not (tmp_path / "model.safetensors").exists()


def test_all_options_at_once(tmp_path):
    options = {"feature_matching": 1.0, "wrong_lyrics": 0.5, "adversarial_loss": "minimax", "ema": 0.0}
    fit(tmp_path, replace(TRAINING, epochs=1, jitter=0.0, **options))
    assert (tmp_path / "model.safetensors").is_file()


def test_torchrun_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(gan_training, "world_size", lambda: 2)
    with pytest.raises(UserError, match="one process"):
        fit(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"label_smoothing": 0.5},
        {"discriminator_rate": 0.0},
        {"feature_matching": -1.0},
        {"amp": "bfloat16"},
        {"pretraining": -1},
        {"jitter": 1.5},
        {"epochs": 0},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UserError, match=next(iter(wrong)).replace("_", "-")):
        replace(TRAINING, **wrong)


def test_it_learns(tmp_path):
    """Within a minute's worth of steps, melodies come closer to the true ones than those of the start."""
    training = replace(TRAINING, epochs=8, learning_rate=1e-2, ema=0.9)
    best = fit(tmp_path, training)
    first = run_folder(tmp_path, training).history()[0]
    assert best["score"] > first["score"] + 0.05
