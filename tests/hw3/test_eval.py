"""eval.py of HW3: the right numbers in the right files, beside truth and baselines; several models."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from dataclasses import asdict, replace

import matplotlib.image
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from common.metrics.melody import repetitions, span
from common.run_folder import load_model, save_model
from hw3_melody_generation import ASSIGNMENT, eval, published
from hw3_melody_generation.baselines import fit_baselines, save_baselines
from hw3_melody_generation.corpus import read_split, write_split
from hw3_melody_generation.data import open_test_split, open_training_splits
from hw3_melody_generation.encoding import LyricEncoder, Vocabulary
from hw3_melody_generation.eval_systems import likelihoods, outside_vocabulary, sample
from hw3_melody_generation.evaluation_split import open_test_windows
from hw3_melody_generation.melody_generator import load_generator
from hw3_melody_generation.melody_model import BaselineConfig, MelodyModelConfig, build_model
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.shuffled_lyrics import strangers
from hw3_melody_generation.training_data import TrainingData
from hw3_melody_generation.transformer import TransformerConfig

SMALL = TransformerConfig(width=16, heads=2, encoder_layers=1, decoder_layers=1)


def save_run(folder, root, *, network=SMALL, split="honest", seed=0):
    """A run folder that train.py might have written, but with random weights; it was trained on `root`."""
    torch.manual_seed(seed)
    splits = open_training_splits(root)
    vocabulary = Vocabulary.of(splits.train_songs)
    config = MelodyModelConfig(
        network=network,
        durations=vocabulary.durations,
        rests=vocabulary.rests,
        syllables=LyricEncoder.of(splits.train_songs).syllables,
        quarters_per_beat=splits.quarters_per_beat,
        window=20,
    )
    notes = torch.from_numpy(np.stack([vocabulary.codes(song.melody) for song in splits.train_windows]))
    baselines = fit_baselines(notes, vocabulary)
    model = build_model(config)
    if isinstance(network, BaselineConfig):
        model = baselines[network.baseline]
    else:
        for weight in model.parameters():  # larger than at the start, so that the lyrics have an effect
            torch.nn.init.normal_(weight, std=0.2)
    save_model(folder, assignment=ASSIGNMENT, config=asdict(config), tensors=model.state_dict())
    save_baselines(folder, baselines)
    TrainingData.of(root, splits, split=split).save(folder)
    return folder


@pytest.fixture(scope="module")
def evaluated(command, tiny_corpus, tmp_path_factory):
    """A run folder, evaluated with all there is. Read it, do not change it."""
    run = save_run(tmp_path_factory.mktemp("evaluated") / "small", tiny_corpus)
    assert command("eval", "--model", run, "--data", tiny_corpus, "--guidance", 1, 1.5) == 0
    return run


@pytest.fixture
def quick(command, monkeypatch):
    """`quick(model, ..., data=DIR)`: eval.py without figures, which take most of its time."""
    drawn = Figure(figsize=(1, 1))
    monkeypatch.setattr(eval, "figures", lambda *_, prefix="": {f"{prefix}distributions": drawn})
    monkeypatch.setattr(eval, "window_figures", lambda *_: {})

    def run(*models, data, options=()) -> int:
        return command("eval", "--model", *models, "--data", data, *options)

    return run


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def test_likelihoods_by_hand(evaluated, tiny_corpus):
    windows = open_test_split(tiny_corpus)
    generator, metrics = load_generator(evaluated, device="cpu"), metrics_of(evaluated)
    right = generator.log_probability(windows)[:, 1:]  # the first note of a window is not counted
    partner = strangers([song.group for song in windows], seed=0)
    wrong = generator.log_probability(windows, lyrics=[windows[p].lyrics for p in partner])[:, 1:]
    assert metrics["nll"] == pytest.approx(-right.sum(axis=-1).mean(), rel=1e-5)
    assert metrics["nll_rest"] == pytest.approx(-right[..., 2].mean(), rel=1e-5)
    assert metrics["nll_pitch_wrong_lyrics"] == pytest.approx(-wrong[..., 0].mean(), rel=1e-5)
    gain = (right - wrong).sum(axis=-1).mean()
    assert metrics["lyrics_gain"] == pytest.approx(gain, abs=1e-5) and abs(gain) > 1e-4
    assert metrics["lyrics_gain_low"] <= metrics["lyrics_gain"] <= metrics["lyrics_gain_high"]
    told, true = generator.rest_probability(windows)[:, 1:] >= 0.5, rests(windows)
    f1 = 2 * (told & true).sum() / (told.sum() + true.sum())
    assert metrics["rest_f1"] == pytest.approx(f1)


def rests(windows):
    return np.stack([song.melody.rest[1:] > 0 for song in windows])


def test_samples_answer_the_lyrics_of_their_windows(evaluated, tiny_corpus):
    windows = open_test_windows(tiny_corpus)
    melodies = sample(load_generator(evaluated, device="cpu"), windows, Sampling(), seed=0)
    metrics = metrics_of(evaluated)
    made = np.stack([melody.rest[1:] > 0 for melody in melodies])
    mcc = np.corrcoef(made.ravel(), rests(windows.songs).ravel())[0, 1]  # of two bits Pearson's is Matthews'
    assert metrics["rest_mcc"] == pytest.approx(mcc)
    pitch = np.stack([melody.pitch for melody in melodies])
    assert metrics["repetitions_2"] == pytest.approx(repetitions(pitch, 2).mean())
    assert [melody.metre for melody in melodies] == [song.melody.metre for song in windows.songs]


def test_truth_and_baselines_stand_beside_the_model(evaluated, tiny_corpus):
    windows, metrics = open_test_split(tiny_corpus), metrics_of(evaluated)
    pitch = np.stack([song.melody.pitch for song in windows])
    assert metrics["truth_span"] == pytest.approx(span(pitch).mean())
    for name in ("random", "markov"):
        assert metrics[f"{name}_lyrics_gain"] == metrics[f"{name}_lyrics_gain_high"] == 0
        assert metrics[f"{name}_nll"] == metrics[f"{name}_nll_wrong_lyrics"] > 0
    assert metrics["markov_nll"] < metrics["random_nll"]
    assert "retrieval_nll" not in metrics and metrics["retrieval_mmd"] is not None
    assert metrics["random_span"] > metrics["truth_span"]


def test_metrics_are_flat_and_name_their_data(evaluated, tiny_corpus):
    metrics = metrics_of(evaluated)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in metrics)
    assert not any(isinstance(value, dict | list) for value in metrics.values())
    assert (metrics["data"], metrics["split"]) == (tiny_corpus.name, "honest")
    assert (metrics["temperature"], metrics["guidance"], metrics["is_quick_look"]) == (1, 1, False)
    assert metrics["num_windows"] == metrics["num_sampled_windows"] == len(open_test_split(tiny_corpus))
    assert metrics["outside_vocabulary"] >= 0 and metrics["seconds"] > 0
    assert metrics["parameters"] == sum(
        weight.numel() for weight in load_generator(evaluated, device="cpu").model.parameters()
    )


def test_guidance_is_measured_beside_plain_sampling(evaluated):
    metrics, report = metrics_of(evaluated), (evaluated / "report.txt").read_text()
    assert metrics["guidance_1_5_rest_mcc"] is not None
    assert metrics["guidance_1_5_length"] != metrics["length"]
    assert "guidance_1_5_nll" not in metrics  # which does not depend on how notes are drawn
    assert "small, sampled otherwise" in report
    assert re.search(r"^guidance 1\.5  ", report, re.MULTILINE)


def test_report_and_figures(evaluated, tiny_corpus):
    lines = (evaluated / "report.txt").read_text().splitlines()
    assert lines[0].startswith(f"test windows of {tiny_corpus}, honest split")
    assert lines[2].startswith("small: ") and "at temperature 1, guidance 1" in lines[2]
    assert max(map(len, lines[1:])) <= 100
    assert not any("(published)" in line for line in lines)
    for name in ("truth", "random", "markov", "retrieval", "small"):
        assert any(line.startswith(f"{name}  ") for line in lines), name
    names = {path.stem for path in (evaluated / "figures").iterdir()}
    assert {"distributions", "likelihood", "lyrics_gain", "alignment", "piano_rolls_1"} <= names
    for name in names:
        image = matplotlib.image.imread(evaluated / "figures" / f"{name}.png")
        assert image[..., :3].std() > 0.03, name


def test_the_same_seed_gives_the_same_results(quick, evaluated, own_copy, tiny_corpus):
    again = own_copy(evaluated)
    assert quick(again, data=tiny_corpus, options=("--guidance", 1, 1.5)) == 0
    different = {"seconds"}
    first, second = metrics_of(evaluated), metrics_of(again)
    assert {key for key in first if first[key] != second.get(key)} <= different
    assert quick(again, data=tiny_corpus, options=("--seed", 1)) == 0
    other = metrics_of(again)
    assert other["nll"] == first["nll"] and other["length"] != first["length"]


def test_a_trained_model(quick, command, tiny_corpus, tmp_path):
    run = tmp_path / "quick"
    options = ("--preset", "quick", "--epochs", 2, "--data", tiny_corpus, "--out", run)
    assert command("train", *options) == 0
    assert quick(run, data=tiny_corpus) == 0
    metrics = metrics_of(run)
    assert 0 < metrics["nll"] < 20 and metrics["lyrics_gain"] is not None
    assert metrics["num_sampled_windows"] == len(open_test_split(tiny_corpus))


def test_a_quick_look_has_its_own_folder(quick, evaluated, own_copy, tiny_corpus):
    run = own_copy(evaluated)
    before = (run / "metrics.json").read_bytes()
    assert quick(run, data=tiny_corpus, options=("--samples", 2, "--temperature", 0.5)) == 0
    assert (run / "metrics.json").read_bytes() == before
    metrics = metrics_of(run / f"eval_{tiny_corpus.name}_2_samples_temperature_0.5")
    assert metrics["num_sampled_windows"] == 2 and metrics["is_quick_look"]
    assert metrics["nll"] == metrics_of(run)["nll"]  # of all windows
    assert quick(run, data=tiny_corpus, options=("--samples", 1)) == 0
    metrics = metrics_of(run / f"eval_{tiny_corpus.name}_1_samples")
    assert metrics["num_sampled_windows"] == 1 and metrics["mmd"] is None


def test_models_side_by_side(quick, evaluated, own_copy, tiny_corpus, tmp_path, capsys):
    first = own_copy(evaluated)
    markov = save_run(tmp_path / "markov", tiny_corpus, network=BaselineConfig(baseline="markov"))
    assert quick(first, markov, data=tiny_corpus) == 0
    output = capsys.readouterr().out
    assert (first / "comparison.txt").read_text().startswith(output.split("\n\nwritten: ")[0])
    assert (first / "figures" / "comparison_distributions.png").is_file()
    assert not (markov / "comparison.txt").exists()
    [nll] = re.findall(r"^likelihood  .*\n((?:.+\n)+)", output, re.MULTILINE)
    names = [re.split(r"  +", line)[0] for line in nll.splitlines()]
    assert names[:4] == ["random", "markov", "small", "markov (model)"]
    less = metrics_of(markov)["nll"] - metrics_of(first)["nll"]
    assert re.search(rf"^markov +{re.escape(f'{less:+.3f}')} \(", output, re.MULTILINE)
    assert metrics_of(markov)["nll"] == pytest.approx(metrics_of(markov)["markov_nll"])


def test_a_model_without_a_likelihood(command, tiny_corpus, tmp_path):
    run = save_run(tmp_path / "retrieval", tiny_corpus, network=BaselineConfig(baseline="retrieval"))
    assert command("eval", "--model", run, "--data", tiny_corpus) == 0
    metrics = metrics_of(run)
    assert not any(key.startswith(("nll", "lyrics_gain", "rest_f1")) for key in metrics)
    assert metrics["mmd"] == metrics["retrieval_mmd"]  # the same melodies by the same draws
    assert not (run / "figures" / "alignment.png").exists()


def test_other_beats_are_translated(evaluated, tiny_corpus):
    """The same music counted in beats of half the length: nothing may change but the numbers of beats."""
    generator, windows = load_generator(evaluated, device="cpu"), open_test_windows(tiny_corpus)
    songs = tuple(replace(song, melody=song.melody.scaled(2)) for song in windows.songs)
    short = replace(windows, songs=songs, quarters_per_beat=windows.quarters_per_beat / 2)
    told, same = (likelihoods(generator, each) for each in (windows, short))
    assert np.array_equal(told.right, same.right) and np.array_equal(told.rest, same.rest)
    assert outside_vocabulary(generator, short) == outside_vocabulary(generator, windows)
    made, doubled = (sample(generator, each, Sampling(), seed=0) for each in (windows, short))
    for melody, other in zip(made, doubled, strict=True):
        assert np.array_equal(melody.pitch, other.pitch)
        assert np.array_equal(2 * melody.duration, other.duration)


def test_all_windows_of_one_song_have_no_strangers(tiny_corpus):
    windows = open_test_windows(tiny_corpus)
    assert len(windows.wrong_lyrics) == len(windows.songs)
    assert all(
        heard is not song.lyrics for heard, song in zip(windows.wrong_lyrics, windows.songs, strict=True)
    )
    alone = replace(windows, songs=windows.songs[:1], sampled=(0,))
    assert alone.wrong_lyrics is None


def test_a_model_of_another_split_may_know_the_test_windows(tiny_corpus, tmp_path):
    run = save_run(tmp_path / "run", tiny_corpus, split="paper")
    windows = open_test_windows(tiny_corpus)
    assert windows.trained_on_other_split(run)
    assert windows.results_folder(run) == run / f"eval_{tiny_corpus.name}_honest_split"
    assert windows.results_folder(save_run(tmp_path / "honest", tiny_corpus)) == tmp_path / "honest"


def test_published_figures_stand_beside_the_papers_split_alone(
    quick, tiny_corpus, tmp_path, monkeypatch, capsys
):
    corpus = shutil.copytree(tiny_corpus, tmp_path / "corpus")
    windows = read_split(corpus / "split.json.gz")["windows"]
    windows = {part: [[name, [*range(f, f + 20)]] for name, f in rows] for part, rows in windows.items()}
    write_split(corpus / "paper_split.json.gz", {"windows": windows})
    paper, honest = (save_run(tmp_path / name, corpus, split=name) for name in ("paper", "honest"))
    options = {"data": corpus, "options": ("--split", "paper")}
    assert quick(paper, **options) == 0
    assert "(published)" not in capsys.readouterr().out  # these are not the windows of the literature
    monkeypatch.setattr(published, "is_comparable", lambda truth: True)
    assert quick(paper, **options) == 0
    assert "LSTM-GAN (published)" in capsys.readouterr().out
    assert metrics_of(paper)["split"] == "paper"
    assert quick(honest, **options) == 0
    output = capsys.readouterr().out
    assert "(published)" not in output and "honest learnt from these data by another split" in output
    assert metrics_of(honest / "eval_corpus_paper_split")["trained_on_other_split"]


def test_errors_in_one_line(command, evaluated, tiny_corpus, tmp_path, capsys, error_of):
    (tmp_path / "empty").mkdir()
    broken = shutil.copytree(evaluated, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no tensors")
    lacking = shutil.copytree(evaluated, tmp_path / "lacking")
    (lacking / "baselines.safetensors").unlink()
    lost = shutil.copytree(tiny_corpus, tmp_path / "lost")
    (lost / "paper_split.json.gz").unlink(missing_ok=True)
    without = shutil.copytree(tiny_corpus, tmp_path / "without")
    split = json.loads(gzip.decompress((without / "split.json.gz").read_bytes()))
    split["windows"]["test"] = []
    (without / "split.json.gz").write_bytes(gzip.compress(json.dumps(split).encode()))
    for arguments, reason in (
        (["--model", tmp_path / "empty", "--data", tiny_corpus], "empty"),
        (["--model", broken, "--data", tiny_corpus], "model.safetensors"),
        (["--model", lacking, "--data", tiny_corpus], "baselines.safetensors: not there"),
        (["--model", evaluated, "--data", lost, "--split", "paper"], "paper_split.json.gz"),
        (["--model", evaluated, "--data", without], "no window of 20 syllables in test"),
        (["--model", evaluated, "--data", tmp_path / "nowhere"], "nowhere"),
        (["--model", evaluated, "--samples", -1], "--samples is -1; give at least 0"),
        (["--model", evaluated, "--temperature", 1, 0], "--temperature is 0"),
        (["--model", evaluated, "--guidance", -1], "--guidance is -1"),
    ):
        assert command("eval", *arguments) == 2
        assert reason in error_of(capsys)


def test_a_model_that_has_left_the_numbers(quick, tiny_corpus, tmp_path, capsys, error_of):
    run = save_run(tmp_path / "run", tiny_corpus)
    values, tensors = load_model(run, assignment=ASSIGNMENT)
    tensors = {name: torch.full_like(tensor, torch.nan) for name, tensor in tensors.items()}
    save_model(run, assignment=ASSIGNMENT, config=values, tensors=tensors)
    assert quick(run, data=tiny_corpus) == 2
    assert "NaN" in error_of(capsys)
