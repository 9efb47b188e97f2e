"""train.py, eval.py and infer.py, one after the other, as they are typed."""

from __future__ import annotations

import importlib
import json

import pytest
import tyro

from common.assignments import find, write_examples
from common.run_folder import RunFolder
from final_project.project_name.data import KINDS, make_data


@pytest.fixture(scope="session")
def command(command_of):
    """`command("train", "--preset", "quick")` -> exit code."""
    return command_of("final_project.project_name")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    make_data(root := tmp_path_factory.mktemp("sounds") / "sounds", quick=True)
    return root


@pytest.fixture(scope="module")
def run(command, data, tmp_path_factory):
    """A run that the quick preset left."""
    folder = tmp_path_factory.mktemp("runs") / "network"
    assert command("train", "--preset", "quick", "--data", data, "--out", folder) == 0
    return folder


def test_training_learns_and_keeps_the_best_epoch(run):
    validation = json.loads((run / "validation.json").read_text())
    scores = [record["valid_top1"] for record in RunFolder.open(run).history()]
    assert validation["top1"] == pytest.approx(max(scores))
    assert validation["top1"] > 0.5 > validation["baseline_majority_top1"] == 0.25


def test_a_finished_run_does_not_train_again(command, data, run):
    before = (run / "model.safetensors").read_bytes()
    assert command("train", "--preset", "quick", "--data", data, "--out", run) == 0
    assert (run / "model.safetensors").read_bytes() == before and len(RunFolder.open(run).history()) == 8


def test_evaluation_writes_every_headline_with_its_baseline(command, data, run):
    assert command("eval", "--model", run, "--data", data) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    for headline in find("project_name").headlines:
        assert 0 <= metrics[headline.baseline_key] <= metrics[headline.key] <= 1
        assert metrics[f"{headline.key}_low"] <= metrics[headline.key] <= metrics[f"{headline.key}_high"]
    assert metrics["num_items"] == 24 and metrics["is_mini_data"]
    assert (run / "figures" / "confusion.png").is_file() and "top-1" in (run / "report.txt").read_text()


def test_one_bad_file_does_not_stop_the_others(command, run, tmp_path, capsys):
    paths = write_examples(find("project_name"), tmp_path)
    (tmp_path / "text.wav").write_text("no sound")
    assert command("infer", *paths, tmp_path / "text.wav", "--model", run, "--json") == 2
    printed = capsys.readouterr()
    results = json.loads(printed.out)
    assert [result["file"] for result in results] == [str(path) for path in [*paths, tmp_path / "text.wav"]]
    assert all(result["kind"] in KINDS for result in results[:3]) and "not readable" in results[3]["error"]
    assert "1 of 4 files could not be used" in printed.err


def test_infer_understands_the_command_of_the_hand_in():
    words = find("project_name").infer_command("model", ["a", "b"], "out")
    infer = importlib.import_module("final_project.project_name.infer")
    config = tyro.cli(infer.InferConfig, args=words[3:], config=(tyro.conf.OmitArgPrefixes,))
    assert [str(path) for path in config.files] == ["a", "b"] and str(config.model) == "model" and config.json
