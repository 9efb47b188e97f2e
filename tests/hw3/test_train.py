"""Tests of train.py, melody_model.py, melody_generator.py and validation.py: from data to melodies."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from common.metrics.melody import rest_f1
from common.run_folder import ModelFolderError
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.data import open_training_splits
from hw3_melody_generation.eval_systems import load_candidate
from hw3_melody_generation.melody_generator import load_generator
from hw3_melody_generation.rest_thresholds import load_rest_thresholds
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Lyrics, Metre
from hw3_melody_generation.syllables import syllabify

SMALL = ("--preset", "quick", "--epochs", 2, "--width", 16, "--device", "cpu")


@pytest.fixture(scope="module")
def runs(command, tiny_corpus, tmp_path_factory):
    """A quickly trained run of each kind of model, by name."""
    root = tmp_path_factory.mktemp("runs")
    options = {
        "transformer": SMALL,
        "lstm-gan": ("--preset", "quick", "--epochs", 1, "--device", "cpu"),
        "markov": ("--preset", "quick"),
        "retrieval": ("--preset", "quick"),
    }
    for name, others in options.items():
        assert not command("train", "--model", name, "--data", tiny_corpus, "--out", root / name, *others)
    return root


@pytest.fixture(scope="module")
def windows(tiny_corpus):
    return open_training_splits(tiny_corpus).valid_windows


@pytest.mark.parametrize("name", ["transformer", "lstm-gan", "markov", "retrieval"])
def test_every_model_makes_a_note_for_every_syllable(runs, name):
    generator = load_generator(runs / name, device="cpu")
    lyrics = [syllabify("Twinkle, twinkle, little star"), syllabify("Row"), syllabify("la " * 57)]
    melodies = generator.generate(lyrics, seed=3)
    assert [len(melody) for melody in melodies] == [7, 1, 57]
    again = generator.generate(lyrics, seed=3)
    other = generator.generate(lyrics, seed=4)
    assert all(
        (a.pitch == b.pitch).all() and (a.rest == b.rest).all() for a, b in zip(melodies, again, strict=True)
    )
    assert any((a.pitch != b.pitch).any() for a, b in zip(melodies, other, strict=True))


@pytest.mark.parametrize("name", ["transformer", "lstm-gan", "markov", "retrieval"])
def test_constraints_are_kept_by_every_model(runs, name):
    generator = load_generator(runs / name, device="cpu")
    constraints = Constraints.parse("D", "D4-D5")
    (melody,) = generator.generate(
        [syllabify("la " * 40)], constraints=constraints, sampling=Sampling(temperature=2)
    )
    assert set(melody.pitch % 12) <= {2, 4, 6, 7, 9, 11, 1}
    assert melody.pitch.min() >= 62
    assert melody.pitch.max() <= 74


def test_each_text_has_its_own_bars(runs):
    generator = load_generator(runs / "transformer", device="cpu")
    bars = [Metre(3.0, 2.0), None]
    melodies = generator.generate([syllabify("la la la")] * 2, metre=bars)
    assert [melody.metre for melody in melodies] == bars


def test_likelihoods_of_songs_with_right_and_wrong_lyrics(runs, windows):
    generator = load_generator(runs / "transformer", device="cpu")
    right = generator.log_probability(windows)
    assert right.shape == (len(windows), 20, 3)
    assert (right < 0).all()
    same = generator.log_probability(windows, lyrics=[window.lyrics for window in windows])
    np.testing.assert_array_equal(right, same)
    nonsense = Lyrics(("zzz",) * 20, words=tuple(range(20)), lines=(0,) * 20)
    assert (generator.log_probability(windows, lyrics=[nonsense] * len(windows)) != right).any()
    rest = generator.rest_probability(windows)
    assert ((rest >= 0) & (rest <= 1)).all()


def test_songs_of_different_lengths_are_padded_with_nan(runs, windows):
    generator = load_generator(runs / "transformer", device="cpu")
    told = generator.log_probability([windows[0].excerpt(range(5)), windows[0].excerpt(range(9))])
    assert np.isnan(told[0, 5:]).all()
    assert np.isfinite(told[1]).all()


def test_models_say_what_they_cannot_tell(runs, windows):
    gan = load_generator(runs / "lstm-gan", device="cpu")
    assert not gan.has_likelihood
    with pytest.raises(NotImplementedError, match="does not tell probabilities"):
        gan.log_probability(windows)
    with pytest.raises(NotImplementedError, match="no attention"):
        gan.alignment(windows[0])
    with pytest.raises(ValueError, match="without a syllable"):
        gan.generate([Lyrics((), (), ())])


def test_a_run_tells_how_it_went(runs):
    systems = json.loads((runs / "transformer" / "validation.json").read_text())
    assert list(systems) == ["truth", "random", "markov", "retrieval", "transformer"]
    assert systems["random"]["nll"] > 0
    assert math.isfinite(systems["transformer"]["nll"])
    assert systems["retrieval"].get("nll") is None
    assert (runs / "transformer" / "figures" / "learning_curve.png").is_file()
    history = [json.loads(line) for line in (runs / "transformer" / "history.jsonl").read_text().splitlines()]
    assert history[-1]["valid_nll"] < history[0]["valid_nll"]
    assert history[-1]["valid_nll"] == pytest.approx(
        sum(history[-1][f"valid_{name}_nll"] for name in ("pitch", "duration", "rest")), rel=1e-5
    )


def test_training_never_brings_what_opens_the_test_split():
    code = "import sys, hw3_melody_generation.train; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "hw3_melody_generation.validation" in loaded
    assert "hw3_melody_generation.evaluation_split" not in loaded


def test_thresholds_of_rests_are_chosen_on_the_validation_windows(runs, windows):
    thresholds = load_rest_thresholds(runs / "transformer")
    assert set(thresholds) == {"model", "random", "markov"}
    generator = load_generator(runs / "transformer", device="cpu")
    probability, rest = generator.rest_probability(windows), np.stack([w.melody.rest for w in windows])
    chosen = rest_f1(probability, rest, threshold=thresholds["model"]).value
    assert all(chosen >= rest_f1(probability, rest, threshold=other).value for other in (0.2, 0.5, 0.8))
    assert (
        load_candidate("x", runs / "transformer", device="cpu").generator.rest_threshold
        == thresholds["model"]
    )
    assert load_rest_thresholds(runs / "retrieval" / "figures") == {}


@pytest.mark.parametrize("wrong", ["0", "1.5", '"a"', "null"])
def test_thresholds_that_are_none_are_refused(tmp_path, wrong):
    (tmp_path / "rest_thresholds.json").write_text(f'{{"model": {wrong}}}')
    with pytest.raises(ModelFolderError, match="shares between 0 and 1"):
        load_rest_thresholds(tmp_path)


def test_a_run_that_was_stopped_ends_in_the_same_weights(command, tiny_corpus, tmp_path, runs, monkeypatch):
    from common.training import loop

    real = loop.conclude_epoch
    out = tmp_path / "stopped"

    def stop(*arguments):
        result = real(*arguments)
        raise KeyboardInterrupt if result["epoch"] == 1 else AssertionError

    monkeypatch.setattr(loop, "conclude_epoch", stop)
    train = ("train", "--data", tiny_corpus, "--out", out, *SMALL)
    assert command(*train) == 130
    monkeypatch.setattr(loop, "conclude_epoch", real)
    assert not command(*train)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (out, runs / "transformer")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"durations": [2.0, 1.0]}, "durations and rests of a model must be rising"),
        ({"rests": [1.0]}, "durations and rests"),
        ({"window": 0}, "window and quarters_per_beat"),
        ({"syllables": ["la"]}, "the weights do not fit"),
        ({"network": {"width": 16}}, "network"),
        ({"colour": 1}, "unknown key colour"),
    ],
)
def test_a_spoilt_model_folder_is_refused_in_one_line(runs, tmp_path, change, reason, command, capsys):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((runs / "transformer" / name).read_bytes())
    config = json.loads((tmp_path / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert command("infer", "--model", tmp_path, "la la la", "--out", tmp_path / "out") == 2
    assert reason in capsys.readouterr().err


def test_a_retrieval_model_with_other_notes_than_it_knows_is_refused(runs, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder = runs / "retrieval"
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    tensors = load_file(folder / "model.safetensors")
    tensors["windows"][0, 0, 1] = 99
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ModelFolderError, match="codes that are not in the vocabulary"):
        load_generator(tmp_path)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--data", "nowhere"), "nowhere"),
        (("--window", 1), "--window is 1"),
        (("--split", "paper"), "paper_split.json.gz: not there"),
        (("--min-count", 0), "--min-count is 0"),
        (("--heads", 3), "--heads"),
        (("--dropout", 1.5), "--dropout"),
    ],
)
def test_options_that_make_no_sense_end_in_one_line(command, tiny_corpus, tmp_path, options, reason, capsys):
    known = ("--data", tiny_corpus) if "--data" not in options else ()
    assert command("train", "--preset", "quick", "--out", tmp_path / "run", *known, *options) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
