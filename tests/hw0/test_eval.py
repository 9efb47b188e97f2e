"""eval.py: the right numbers in the right files, beside their baselines, on any data."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
import soundfile as sf
from sklearn.metrics import f1_score, top_k_accuracy_score

from hw0_note_classification import data, eval, reports
from hw0_note_classification.classifier import classify_notes, load_classifier


@pytest.fixture
def model(cnn_run, own_copy):
    """A run folder to write into."""
    return own_copy(cnn_run)


@pytest.fixture
def other_model(knn_run, own_copy):
    return own_copy(knn_run)


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def test_the_scores_are_those_of_scikit_learn(command, model, tiny_nsynth):
    assert command("eval", "--model", model, "--data", tiny_nsynth) == 0
    metrics = metrics_of(model)
    notes, _ = data.open_split(tiny_nsynth, "test")
    _, [scores] = classify_notes([load_classifier(model)], notes)
    assert metrics["top1"] == pytest.approx((scores.argmax(axis=1) == notes.family).mean())
    assert metrics["top3"] == pytest.approx(
        top_k_accuracy_score(notes.family, scores, k=3, labels=np.arange(11))
    )
    present = sorted(set(notes.family.tolist()))
    assert metrics["macro_f1"] == pytest.approx(
        f1_score(notes.family, scores.argmax(axis=1), labels=present, average="macro")
    )
    assert (metrics["num_items"], metrics["num_groups"], metrics["num_skipped"]) == (40, 10, 0)


def test_metrics_are_flat_and_name_their_data(command, model, tiny_nsynth):
    assert command("eval", "--model", model, "--data", tiny_nsynth) == 0
    metrics = metrics_of(model)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in metrics)
    assert not any(isinstance(value, (dict, list)) for value in metrics.values())
    assert (metrics["data"], metrics["is_mini_data"]) == (tiny_nsynth.name, False)
    wanted = ["top1_low", "top1_high", "top1_group_low", "top3_group_high", "recall_vocal", "precision_bass"]
    assert set(wanted) <= metrics.keys()


def test_a_family_that_the_test_split_lacks(command, model, tiny_nsynth, capsys):
    assert command("eval", "--model", model, "--data", tiny_nsynth) == 0
    metrics = metrics_of(model)
    assert metrics["support_synth_lead"] == 0 and metrics["recall_synth_lead"] is None
    assert re.search(r"^synth_lead .*-  +- +0$", capsys.readouterr().out, re.MULTILINE)


def test_baselines_come_from_the_training_counts(command, model, tiny_nsynth):
    counts = dict.fromkeys(data.FAMILIES, 1) | {"synth_lead": 9, "vocal": 5, "bass": 4}
    path = model / "training_data.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"train_counts": counts}))
    assert command("eval", "--model", model, "--data", tiny_nsynth) == 0
    metrics = metrics_of(model)
    assert metrics["baseline_majority_top1"] == 0  # there is no synth_lead
    assert metrics["baseline_majority_top3"] == pytest.approx(8 / 40)


def test_the_report_is_on_screen_and_kept(command, model, tiny_nsynth, capsys):
    assert command("eval", "--model", model, "--data", tiny_nsynth) == 0
    output = capsys.readouterr().out
    report, written = output.split("\n\nwritten: ", 1)
    assert (model / "report.txt").read_text() == report + "\n"
    for part in (
        "top-3",
        "majority",
        "true \\ predicted",
        "worst confusions",
        "instrument ",
        "bass_synthetic",
    ):
        assert part in report
    assert "mini data" not in report
    assert f"{model}/metrics.json" in written
    assert max(map(len, report.splitlines()[1:])) <= 80
    assert (model / "figures" / "confusion.png").stat().st_size > 10_000


def test_other_data_do_not_overwrite(command, model, tiny_nsynth, linked):
    assert command("eval", "--model", model, "--data", tiny_nsynth) == 0
    before = (model / "metrics.json").read_bytes()
    assert command("eval", "--model", model, "--data", linked(tiny_nsynth, "test", name="others")) == 0
    assert (model / "metrics.json").read_bytes() == before
    others = metrics_of(model / "eval_others")
    assert others["data"] == "others" and others["top1"] == metrics_of(model)["top1"]
    assert (model / "eval_others" / "figures" / "confusion.png").is_file()


def test_mini_data_are_called_so(command, model, tiny_nsynth, linked, capsys):
    folder = linked(tiny_nsynth, "test")
    (folder / "mini_nsynth.json").write_text("{}")
    assert command("eval", "--model", model, "--data", folder) == 0
    assert "(mini data, not to be compared with scores on NSynth)" in capsys.readouterr().out
    assert metrics_of(model / "eval_data")["is_mini_data"] is True


def test_a_bare_folder_of_notes(command, model, tiny_nsynth, capsys):
    assert command("eval", "--model", model, "--data", tiny_nsynth / "nsynth-valid") == 0
    assert metrics_of(model / "eval_nsynth-valid")["num_items"] == 44
    validation = json.loads((model / "validation.json").read_text())
    assert metrics_of(model / "eval_nsynth-valid")["top1"] == validation["top1"]


def test_many_instruments_are_shown_when_asked_for(command, model, tiny_nsynth, capsys):
    folder = tiny_nsynth / "nsynth-train"  # 22 instruments
    assert command("eval", "--model", model, "--data", folder) == 0
    assert "mostly heard as" not in capsys.readouterr().out
    assert command("eval", "--model", model, "--data", folder, "--per-instrument") == 0
    table = capsys.readouterr().out.split("mostly heard as\n")[1].split("\n\n")[0]
    assert table.count("\n") == 21
    assert all(re.match(r"\w+_synthetic_\d{3} +4 +[01]\.\d{3}", line) for line in table.splitlines())


def test_models_side_by_side(command, model, other_model, tiny_nsynth, capsys):
    assert command("eval", "--model", model, other_model, "--data", tiny_nsynth) == 0
    output = capsys.readouterr().out
    cnn, knn = metrics_of(model), metrics_of(other_model)
    rows = {line.split("  ")[0]: line for line in output.splitlines()}
    assert f"{cnn['top1']:.3f}" in rows["cnn"] and rows["cnn"].endswith("-")
    assert f"{knn['top1']:.3f}" in rows["knn"] and f"{knn['top1'] - cnn['top1']:+.3f} (" in rows["knn"]
    assert "0.100" in rows["commonest in training"]  # of equal counts the first: bass, 4 of 40 notes
    assert "cnn top-1" in output and "knn top-3" in output
    assert (model / "figures" / "comparison.png").is_file()
    assert not (other_model / "figures" / "comparison.png").exists()
    assert (other_model / "report.txt").read_text().count("true \\ predicted") == 1


def test_differences_by_hand(tiny_nsynth):
    notes, _ = data.open_split(tiny_nsynth, "test")
    right = np.eye(11)[notes.family]
    wrong = np.roll(right, 1, axis=1)
    half = np.where((np.arange(40) % 2 == 0)[:, None], right, wrong)  # half of each instrument's four notes
    evaluations = [
        eval.Evaluation(name, tiny_nsynth, scores, {})
        for name, scores in (("right", right), ("half", half), ("wrong", wrong))
    ]
    assert eval.differences(evaluations, notes) == {"half": (-0.5, -0.5, -0.5), "wrong": (-1.0, -1.0, -1.0)}


def test_broken_notes_are_skipped_and_counted(command, model, tiny_nsynth, tmp_path, capsys):
    shutil.copytree(tiny_nsynth / "nsynth-test", tmp_path / "broken" / "nsynth-test")
    first, second, third, *_ = sorted((tmp_path / "broken" / "nsynth-test" / "audio").iterdir())
    first.write_bytes(b"RIFF")
    second.unlink()
    sf.write(third, np.full(1000, 0.1), 44_100)
    assert command("eval", "--model", model, "--data", tmp_path / "broken") == 0
    captured = capsys.readouterr()
    metrics = metrics_of(model / "eval_broken")
    assert (metrics["num_items"], metrics["num_skipped"]) == (37, 3)
    assert "3 skipped" in captured.out
    for path in (first, second, third):
        assert path.stem in captured.err


def test_without_data_the_mini_data_of_the_training_is_taken(
    command, model, linked, tiny_nsynth, tmp_path, monkeypatch, capsys, error_of
):
    assert command("eval", "--model", model) == 2
    assert f"trained on {tiny_nsynth.name}; say with --data what to evaluate on" in error_of(capsys)
    linked(tiny_nsynth, "test", name=data.QUICK_NAME)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "mini_nsynth")
    path = model / "training_data.json"
    path.write_text(path.read_text().replace(tiny_nsynth.name, data.QUICK_NAME))
    assert command("eval", "--model", model) == 0
    assert metrics_of(model)["data"] == data.QUICK_NAME


def test_a_model_folder_alone_is_enough(command, cnn_run, tiny_nsynth, tmp_path, capsys, error_of):
    folder = tmp_path / "handed_in"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(cnn_run / name, folder)
    assert command("eval", "--model", folder) == 2
    assert "does not say what it was trained on" in error_of(capsys)
    assert command("eval", "--model", folder, "--data", tiny_nsynth) == 0
    metrics = metrics_of(folder / f"eval_{tiny_nsynth.name}")
    assert metrics["num_items"] == 40 and "baseline_majority_top1" not in metrics


def test_bad_folders_are_one_line(command, model, tiny_nsynth, tmp_path, capsys, error_of):
    assert command("eval", "--model", tmp_path / "nowhere", "--data", tiny_nsynth) == 2
    assert "no such folder; give the folder that train.py wrote" in error_of(capsys)
    assert command("eval", "--model", model, "--data", tmp_path / "nowhere") == 2
    assert "no such folder" in error_of(capsys)
    assert command("eval", "--model", model, "--data", model) == 2
    assert "holds no nsynth-test" in error_of(capsys)
    assert command("eval", "--model", model, "--batch-size", 0) == 2
    assert "--batch-size is 0" in error_of(capsys)


def test_twice_is_the_same(command, model, tiny_nsynth):
    assert command("eval", "--model", model, "--data", tiny_nsynth, "--workers", 0) == 0
    first = [(model / name).read_bytes() for name in ("metrics.json", "report.txt", "figures/confusion.png")]
    assert command("eval", "--model", model, "--data", tiny_nsynth, "--workers", 2) == 0
    again = [(model / name).read_bytes() for name in ("metrics.json", "report.txt", "figures/confusion.png")]
    assert first == again


def test_no_confusion_is_said():
    assert "none" in reports.format_worst_confusions(np.diag(np.arange(11)))
