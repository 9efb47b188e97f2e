"""eval.py of muse2bach, with real baselines as models: the right numbers in the right files."""

from __future__ import annotations

import io
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from common.cli import UserError
from common.notes_in.lines import Metre
from common.run_folder import ModelFolderError
from final_project.muse2bach import eval_report, eval_score
from final_project.muse2bach.baselines import load_baselines, save_baselines
from final_project.muse2bach.chorale import Chorale, changes
from final_project.muse2bach.data_folder import CHORALES_FILE, SPLIT_FILE, write_chorales, write_split
from final_project.muse2bach.eval import EvalConfig, models_beside
from final_project.muse2bach.eval_figures import rules_figure
from final_project.muse2bach.eval_score import comparison_picture, metre_of, with_bars
from final_project.muse2bach.harmonizer import load_harmonizer, save_baseline
from final_project.muse2bach.rule_scores import rule_scores
from final_project.muse2bach.training_data import TrainingData

CHORDS = np.array([[72, 67, 64, 48], [72, 69, 65, 53], [71, 67, 62, 55], [72, 67, 64, 60], [74, 69, 65, 50]])
PARTS = {"train": ["a", "b", "c", "d"], "valid": ["e"], "test": ["f", "g", "h"]}


def made_up(name: str, *, quarters: int = 6) -> Chorale:
    """A chain of chords, in bars of four with an upbeat."""
    rng = np.random.default_rng(ord(name))
    voices = CHORDS[rng.integers(0, len(CHORDS), quarters)].repeat(4, axis=0)
    return Chorale(
        name,
        voices,
        onsets=changes(voices),
        position=(np.arange(4 * quarters) + 12) % 16,
        fermata=np.arange(4 * quarters) >= 4 * quarters - 4,
        key=(0, "major"),
        title=f"Lied {name}",
    )


def write_data(root):
    root.mkdir(parents=True)
    write_chorales(root / CHORALES_FILE, [made_up(name) for names in PARTS.values() for name in names])
    write_split(root / SPLIT_FILE, PARTS, rule="by the alphabet")
    return root


def save_run(folder, data, *, model="markov"):
    """A run folder that train.py might have written; the model is one of the baselines."""
    train, valid = ([made_up(name) for name in PARTS[part]] for part in ("train", "valid"))
    folder.mkdir(parents=True)
    save_baselines(folder, train, valid)
    save_baseline(folder, load_baselines(folder)[model].model)
    TrainingData.of(data, train, valid).save(folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "made_up")


@pytest.fixture(scope="module")
def evaluated(command, data, tmp_path_factory):
    """A run folder, evaluated on the data of its training. Read it, do not change it."""
    run = save_run(tmp_path_factory.mktemp("runs") / "chain", data)
    assert command("eval", "--model", run, "--data", data) == 0
    return run


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def test_likelihoods_are_of_the_test_chorales(evaluated):
    test, metrics = [made_up(name) for name in PARTS["test"]], metrics_of(evaluated)
    model = load_harmonizer(evaluated, device="cpu")
    told = np.concatenate(model.log_likelihoods(test))
    assert metrics["nll"] == pytest.approx(-told.mean(dtype=float), rel=1e-6)
    assert metrics["nll_tenor"] == pytest.approx(-told[:, 2].mean(dtype=float), rel=1e-6)
    assert metrics["nll_low"] < metrics["nll"] < metrics["nll_high"]
    told = np.concatenate(model.log_likelihoods(test, given=(0,)))
    assert metrics["harmonization_nll"] == pytest.approx(-told[:, 1:].mean(dtype=float), rel=1e-6)
    assert (metrics["num_chorales"], metrics["num_tokens"]) == (3, 3 * 96)


def test_baselines_and_bach_stand_beside_the_model(evaluated):
    metrics = metrics_of(evaluated)
    assert metrics["nll"] == metrics["markov_nll"] < metrics["uniform_nll"]
    assert metrics["copy_nll"] != metrics["markov_nll"]
    held = 1 - np.mean([changes(made_up(name).voices) for name in PARTS["test"]])
    assert held <= metrics["copy_accuracy"] <= held + 1 / 24  # of the first of 24 frames some are guessed
    bach = rule_scores([made_up(name) for name in PARTS["test"]])
    assert {key: metrics[f"bach_{key}"] for key in bach} == pytest.approx(bach)
    assert metrics["parallel_fifths"] <= metrics["free_parallel_fifths"]
    assert metrics["chance_transitions"] == bach["transitions"]
    assert metrics["sample_nll"] > 0 and metrics["seconds_per_piece"] > 0


def test_other_models_stand_beside(command, evaluated, own_copy, data, tmp_path, capsys, error_of):
    run, other = own_copy(evaluated), save_run(tmp_path / "Copy 2", data, model="copy")
    options = ("--data", data, "--pieces", 1)
    assert command("eval", "--model", run, "--beside", other, *options) == 0
    metrics = metrics_of(run / f"eval_{data.name}_1_pieces")
    assert metrics["copy_2_nll"] == metrics["copy_nll"] and "copy_2_parallel_fifths" not in metrics
    assert re.search(r"^Copy 2 +\d\.\d{3} ", capsys.readouterr().out, re.M)
    other.rename(tmp_path / "copy")
    assert command("eval", "--model", run, "--beside", tmp_path / "copy", *options) == 2
    assert "another row is called copy" in error_of(capsys)


def test_metrics_are_flat(evaluated, data):
    metrics = metrics_of(evaluated)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in metrics)
    assert not any(isinstance(value, dict | list) for value in metrics.values())
    assert (metrics["data"], metrics["is_mini_data"], metrics["temperature"]) == (data.name, False, 0.8)


def test_every_row_has_an_interval(evaluated):
    report = (evaluated / "report.txt").read_text()
    for name in ("chain", "markov", "copy"):
        assert re.search(rf"^{name} +0\.\d{{3}} \(0\.\d{{3}} to ", report, re.M), report
    for name in ("Bach", "chain", "chain, free", "markov", "chance"):
        assert re.search(rf"^{name} +\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)", report, re.M), report
    assert max(map(len, report.splitlines())) <= 110
    assert "not it" not in report  # these are not music21's chorales


def test_figures_are_there(evaluated):
    for name in ("nll_by_beat", "rules", "harmonization"):
        image = Image.open(evaluated / "figures" / f"{name}.png")
        assert min(image.size) > 400 and np.asarray(image.convert("L")).min() < 50


def test_other_data_and_settings_have_folders_of_their_own(command, evaluated, own_copy, tmp_path, capsys):
    run, other = own_copy(evaluated), write_data(tmp_path / "others")
    (other / "origin.json").write_text("{}")  # the mark of music21's chorales
    before = (run / "metrics.json").read_bytes()
    options = ("--pieces", 2, "--temperature", 0.5, "--seed", 1)
    assert command("eval", "--model", run, "--data", other, *options) == 0
    folder = run / "eval_others_2_pieces_temperature_0.5"
    metrics, said = metrics_of(folder), capsys.readouterr().out
    assert (metrics["num_pieces"], metrics["bach_pieces"], metrics["temperature"]) == (2, 2, 0.5)
    assert metrics["is_mini_data"] and "but not it" in said
    assert "trained on other data: made_up" in said and f"written: {folder / 'report.txt'}" in said
    assert (run / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pieces", -1), "--pieces is -1"),
        (("--temperature", 0), "--temperature is 0"),
        (("--gibbs", -1), "--gibbs is -1"),
        (("--data", "nowhere"), "no such file or folder"),
        ((), "trained on made_up; say with --data"),
    ],
)
def test_errors_are_one_line(command, evaluated, capsys, error_of, options, message):
    assert command("eval", "--model", evaluated, *options) == 2
    assert message in error_of(capsys)


def test_a_run_without_baselines_is_refused(command, evaluated, own_copy, data, capsys, error_of):
    run = own_copy(evaluated)
    (run / "baselines.safetensors").unlink()
    assert command("eval", "--model", run, "--data", data) == 2
    assert "baselines.safetensors: not there" in error_of(capsys)


def test_baselines_are_read_as_they_were_written(evaluated, tmp_path):
    chorale = made_up("f")
    for name, baseline in load_baselines(evaluated).items():
        save_baseline(tmp_path / name, baseline.model)
        (alone,) = load_harmonizer(tmp_path / name, device="cpu").log_likelihoods([chorale])
        np.testing.assert_array_equal(baseline.log_likelihoods([chorale])[0], alone)
    shutil.copytree(evaluated, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "baselines.json").read_text())
    (tmp_path / "run" / "baselines.json").write_text(json.dumps(record | {"models": {"markov": {}}}))
    with pytest.raises(ModelFolderError, match="not the baselines"):
        load_baselines(tmp_path / "run")


def test_names_in_the_tables_differ():
    assert eval_report.row_names("markov")["model"] == "markov model"
    names = eval_report.row_names("a-very-long-name-of-a-run")
    assert names["model"] == "a-very-lo..." and len(set(names.values())) == len(names)


def test_names_that_begin_alike_stay_apart(evaluated, own_copy, tmp_path):
    run = own_copy(evaluated).rename(tmp_path / "benchmark_full")
    other, third = (tmp_path / name for name in ("benchmark_recall", "a_name_of_twenty_letters"))
    for path in (other, third, tmp_path / "again" / "a_name_of_twenty_figures"):
        shutil.copytree(run, path)
    rows = [
        eval_report.shortened(name) for name in models_beside(EvalConfig(model=run, beside=(other, third)))
    ]
    assert len({*rows, *eval_report.row_names(run.name).values()}) == len(rows) + 7
    alike = (third, tmp_path / "again" / "a_name_of_twenty_figures")
    with pytest.raises(UserError, match="another row is called a_name_of_twent..."):
        models_beside(EvalConfig(model=run, beside=alike))


def test_one_chorale_can_be_drawn():
    assert rules_figure({"Bach": rule_scores([made_up("f")])}, title="one, $ 5").axes


def test_bars_of_the_picture():
    chorale = made_up("f", quarters=10)
    assert metre_of(chorale) == Metre(4, 4)
    for frames, metre in ((12, Metre(3, 4)), (24, Metre(3, 2)), (6, Metre(6, 16))):
        assert metre_of(Chorale("x", chorale.voices, position=np.arange(40) % frames)) == metre
    bare = with_bars(Chorale("x", chorale.voices))
    assert bare.key == (0, "major") and set(np.diff(bare.position)) <= {1, -15}


def test_the_picture_has_bach_above_the_model(monkeypatch):
    written = []
    monkeypatch.setattr(
        eval_score, "musicxml", lambda chorale, **options: written.append((chorale, options["title"])) or b""
    )
    blank = Image.new("RGB", (20, 10), "white")
    png = io.BytesIO()
    blank.save(png, "PNG")
    monkeypatch.setattr(eval_score, "engrave", lambda document, page_height: [""])
    monkeypatch.setattr(eval_score, "rasterize", lambda page: png.getvalue())
    bach, model = made_up("f"), Chorale("f", made_up("g").voices)
    image = Image.open(io.BytesIO(comparison_picture(bach, model, name="net")))
    assert image.size == (20, 20)
    assert [title for _, title in written] == ["Lied f: J. S. Bach", "Lied f: net"]
    np.testing.assert_array_equal(written[1][0].voices, model.voices)
    np.testing.assert_array_equal(written[1][0].position, bach.position)  # their bars stand in line
    assert written[1][0].key == bach.key
