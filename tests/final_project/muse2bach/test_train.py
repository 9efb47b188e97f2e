"""train.py as it is typed: what it writes and says, going on after a stop, and the baselines."""

from __future__ import annotations

import json

import numpy as np
import pytest

from common.run_folder import load_model
from final_project.muse2bach import ASSIGNMENT, network_training
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.data_folder import CHORALES_FILE, SPLIT_FILE, write_chorales, write_split
from final_project.muse2bach.evaluation_split import open_test_split
from final_project.muse2bach.harmonizer import load_harmonizer
from final_project.muse2bach.validation import measure

SMALL = ("--epochs", 2, "--passes", 1, "--crop", 16, "--trunk", 8, "--outlook", 8, "--head", 8)


def phrases(name: str, *, seed: int) -> Chorale:
    """Twelve chords of a quarter each, the first four of them sung twice."""
    chords = np.random.default_rng(seed).integers([66, 60, 52, 40], [78, 66, 60, 52], (8, 4))
    return Chorale(name, np.concatenate([chords[:4], chords]).repeat(4, axis=0))


@pytest.fixture(scope="module")
def chorales(tmp_path_factory):
    root = tmp_path_factory.mktemp("chorales")
    write_chorales(root / CHORALES_FILE, [phrases(name, seed=seed) for seed, name in enumerate("abcdef")])
    write_split(
        root / SPLIT_FILE, {"train": ["a", "b", "c"], "valid": ["d"], "test": ["e", "f"]}, rule="by hand"
    )
    return root


@pytest.fixture(scope="module")
def run(command, chorales, tmp_path_factory):
    """A run of two epochs."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert command("train", "--preset", "quick", "--data", chorales, "--out", out, *SMALL) == 0
    return out


def test_the_run_folder_holds_a_model_that_can_be_asked(run, chorales):
    harmonizer = load_harmonizer(run, device="cpu")
    metrics = measure(harmonizer, open_test_split(chorales))
    assert 0 < metrics["nll"] < 5
    given = np.full((4, 4), -2, dtype=np.int16)
    given[:, 0] = 67
    voices = harmonizer.complete(given)[0]
    assert (voices[:, 0] == 67).all()
    assert (voices != -2).all()


def test_the_report_measures_the_model_that_was_kept(run):
    systems = json.loads((run / "validation.json").read_text())
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert set(systems) == {"network", "markov", "copy"}
    best = min(epoch["valid_nll"] for epoch in history)
    assert systems["network"]["nll"] == pytest.approx(best, abs=1e-6)
    harmonized = {epoch["valid_nll"]: epoch["valid_harmonization_nll"] for epoch in history}[best]
    assert systems["network"]["harmonization_nll"] == pytest.approx(harmonized, abs=1e-6)


def test_a_stopped_run_goes_on_to_the_same_weights(command, chorales, run, tmp_path, monkeypatch):
    steps, objective = [], network_training.Objective.__call__

    def stop_in_the_second_epoch(self, model, batch):
        steps.append(batch)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return objective(self, model, batch)

    again = ("train", "--preset", "quick", "--data", chorales, "--out", tmp_path / "stopped", *SMALL)
    with monkeypatch.context() as patched:
        patched.setattr(network_training.Objective, "__call__", stop_in_the_second_epoch)
        assert command(*again) == 130
    assert command(*again) == 0
    whole, resumed = (load_model(path, assignment=ASSIGNMENT)[1] for path in (run, tmp_path / "stopped"))
    assert all(whole[name].equal(resumed[name]) for name in whole)


def test_the_plain_gru(command, chorales, tmp_path):
    small = ("--epochs", 2, "--passes", 1, "--crop", 16, "--width", 8, "--embedding", 4)
    out = tmp_path / "gru"
    assert (
        command("train", "--model", "gru", "--preset", "quick", "--data", chorales, "--out", out, *small) == 0
    )
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    found = measure(load_harmonizer(out, device="cpu"), [phrases("d", seed=3)])
    assert found["nll"] == pytest.approx(min(epoch["valid_nll"] for epoch in history), abs=1e-6)


def test_a_network_with_its_memory(command, chorales, run, tmp_path, capsys, error_of):
    train = ("train", "--model", "recall", "--data", chorales, "--out", tmp_path / "recall")
    assert command(*train, "--network", run) == 0
    with_memory, alone = (
        load_harmonizer(tmp_path / "recall", device="cpu"),
        load_harmonizer(run, device="cpu"),
    )
    known = [phrases("a", seed=0)]  # of the training chorales
    assert measure(with_memory, known)["nll"] < measure(alone, known)["nll"] - 0.1
    found = json.loads((tmp_path / "recall" / "validation.json").read_text())
    assert set(found) == {"recall", "markov", "copy"}
    capsys.readouterr()
    assert command("train", "--model", "recall", "--data", chorales, "--out", tmp_path / "no") == 2
    assert "--network" in capsys.readouterr().err
    assert command(*train[:-1], tmp_path / "no", "--network", tmp_path / "recall") == 2
    assert "a model of kind 'recall'; give a network's run" in error_of(capsys)


def test_two_networks_with_one_memory(command, chorales, run, tmp_path, capsys, error_of):
    train = ("train", "--model", "recall", "--data", chorales, "--out", tmp_path / "two", "--network", run)
    assert command(*train, run) == 0
    assert len(load_harmonizer(tmp_path / "two", device="cpu").model.networks.networks) == 2
    other = tmp_path / "other"
    options = ("--preset", "quick", "--data", chorales, "--out", other, "--epochs", 1, "--head", 16)
    assert command("train", *options) == 0
    capsys.readouterr()
    assert command(*train, other) == 2
    assert "other: a network of another size than the first" in error_of(capsys)


def test_a_memory_of_other_chorales_is_refused(command, run, tmp_path, capsys, error_of):
    other = tmp_path / "other"
    other.mkdir()
    write_chorales(other / CHORALES_FILE, [phrases(name, seed=seed) for seed, name in enumerate("abcd")])
    write_split(other / SPLIT_FILE, {"train": ["a", "b"], "valid": ["c"], "test": ["d"]}, rule="by hand")
    options = ("--model", "recall", "--network", run, "--data", other, "--out", tmp_path / "no")
    assert command("train", *options) == 2
    assert "trained on other chorales" in error_of(capsys) and not (tmp_path / "no").exists()


@pytest.mark.parametrize("name", ["markov", "copy"])
def test_a_baseline_by_itself(command, chorales, run, tmp_path, capsys, name):
    assert command("train", "--model", name, "--data", chorales, "--out", tmp_path / name) == 0
    assert "nats per token" in capsys.readouterr().out
    found = json.loads((tmp_path / name / "validation.json").read_text())
    assert found[name] == json.loads((run / "validation.json").read_text())[name]


def test_options_that_make_no_sense_are_one_line(command, chorales, tmp_path, capsys, error_of):
    for options, said in (
        (("--crop", 6), "multiple of 4"),
        (("--given-share", 2), "share from 0 to 1"),
        (("--passes", 0), "at least 1"),
    ):
        assert command("train", "--data", chorales, "--out", tmp_path / "no", *options) == 2
        assert said in error_of(capsys)
