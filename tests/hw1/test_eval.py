"""eval.py: the right numbers in the right files, beside the trivial ones, on any data; whole tracks drawn."""

from __future__ import annotations

import json
import re
import shutil
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import pytest
import soundfile as sf
from sklearn import metrics as sklearn_metrics

from common.cli import UserError
from hw1_instrument_detection import data, eval
from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.detector import detect_clips, load_detector
from hw1_instrument_detection.tracks import WholeTrack

FIGURES = ("precision_recall", "reliability", "f1_by_class", "activity_Track01876", "activity_Track01877")


@pytest.fixture(scope="module")
def evaluated(command, cnn_run, tiny_slakh, tmp_path_factory):
    """A run folder that was evaluated on the data it was trained on. Read it, do not change it."""
    folder = shutil.copytree(cnn_run, tmp_path_factory.mktemp("evaluated") / "cnn")
    assert command("eval", "--model", folder, "--data", tiny_slakh, "--workers", 0) == 0
    return folder


@pytest.fixture
def model(cnn_run, own_copy):
    """A run folder to write into."""
    return own_copy(cnn_run)


@pytest.fixture
def quick(command, monkeypatch):
    """`quick(model, data, ...)`: eval.py without its figures, which take most of its time."""
    monkeypatch.setattr(eval, "model_figures", lambda *_: {})

    def run(model, root, *options) -> int:
        return command("eval", "--model", model, "--data", root, "--workers", 0, "--tracks", 0, *options)

    return run


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def test_the_scores_are_those_of_scikit_learn(evaluated, tiny_slakh):
    metrics, clips = metrics_of(evaluated), data.open_test_split(tiny_slakh)
    detector = load_detector(evaluated)
    _, probabilities = detect_clips(detector, clips)
    report = sklearn_metrics.classification_report(
        clips.targets,
        probabilities >= detector.thresholds,
        target_names=CLASSES,
        output_dict=True,
        zero_division=0,
    )
    for average in ("macro", "micro", "weighted", "samples"):
        assert metrics[f"{average}_f1"] == pytest.approx(report[f"{average} avg"]["f1-score"])
    present = clips.targets.any(axis=0)
    assert metrics["mean_average_precision"] == pytest.approx(
        sklearn_metrics.average_precision_score(clips.targets[:, present], probabilities[:, present])
    )
    for index, key in enumerate(KEYS):
        assert metrics[f"threshold_{key}"] == detector.thresholds[index]
        assert metrics[f"support_{key}"] == clips.targets[:, index].sum()
    assert (metrics["num_items"], metrics["num_groups"], metrics["num_skipped"]) == (7, 2, 0)


def test_metrics_are_flat_and_name_their_data(evaluated, tiny_slakh):
    metrics = metrics_of(evaluated)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in metrics)
    assert not any(isinstance(value, (dict, list)) for value in metrics.values())
    assert (metrics["data"], metrics["is_mini_data"]) == (tiny_slakh.name, False)
    wanted = ["macro_f1_group_low", "micro_f1_high", "mean_average_precision_group_high", "f1_bass_group_low"]
    wanted += ["macro_roc_auc", "calibration_error", "everything_on_macro_f1", "prevalence_micro_f1"]
    assert set(wanted) <= metrics.keys()


def test_the_trivial_answers_come_from_the_training_shares(evaluated, tiny_slakh):
    metrics, test = metrics_of(evaluated), data.open_test_split(tiny_slakh).targets
    train, _ = data.open_training_splits(tiny_slakh)
    share = test.mean(axis=0)
    assert metrics["everything_on_macro_f1"] == pytest.approx((2 * share / (1 + share)).mean())
    frequent = np.broadcast_to(train.targets.mean(axis=0) >= 0.5, test.shape)
    assert metrics["prevalence_micro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(test, frequent, average="micro", zero_division=0)
    )


def test_the_report_is_kept(evaluated, tiny_slakh):
    lines = (evaluated / "report.txt").read_text().splitlines()
    assert lines[0] == f"test clips of {tiny_slakh}/test; groups are tracks"
    assert max(map(len, lines[1:])) <= 100
    for part in ("macro F1 ", "all on", "samples avg", "Wind Instruments", "Track01876      4  "):
        assert any(line.strip().startswith(part) or part in line for line in lines), part


def test_figures_of_classes_and_whole_tracks(evaluated):
    for name in FIGURES:
        pixels = matplotlib.image.imread(evaluated / "figures" / f"{name}.png")
        assert pixels[..., :3].std() > 0.05, name
    assert sorted(path.stem for path in (evaluated / "figures").iterdir()) == sorted(
        [*FIGURES, "learning_curve"]
    )


def test_twice_and_read_ahead_is_the_same(quick, model, evaluated, tiny_slakh, capsys):
    assert quick(model, tiny_slakh, "--workers", 1) == 0
    output = capsys.readouterr().out
    for name in ("metrics.json", "report.txt"):
        assert (model / name).read_bytes() == (evaluated / name).read_bytes()
    report, written = output.split("\n\nwritten: ", 1)
    assert (model / "report.txt").read_text() == report + "\n"
    assert f"{model}/metrics.json" in written


def test_the_release_of_the_same_music_has_the_same_truth(quick, model, evaluated, tiny_release, capsys):
    assert quick(model, tiny_release) == 0
    before, others = metrics_of(evaluated), metrics_of(model / f"eval_{tiny_release.name}")
    assert not (model / "metrics.json").exists()  # other data do not overwrite
    assert others["data"] == tiny_release.name
    supports = [key for key in before if key.startswith(("support_", "everything_on_"))]
    assert {key: others[key] for key in supports} == {key: before[key] for key in supports}


def test_the_whole_tracks_of_the_release(command, model, tiny_release, monkeypatch, capsys):
    monkeypatch.setattr(eval, "model_figures", lambda *_: {})
    assert command("eval", "--model", model, "--data", tiny_release, "--workers", 0, "--tracks", 1) == 0
    figures = model / f"eval_{tiny_release.name}" / "figures"
    assert [path.name for path in figures.iterdir()] == ["activity_Track01876.png"]


def test_mini_data_are_called_so_and_a_test_split_is_enough(quick, model, tiny_slakh, linked, capsys):
    folder = linked(tiny_slakh, "test")
    (folder / "mini_slakh.json").write_text("{}")
    assert quick(model, folder) == 0
    assert "(mini data, not to be compared with scores on Slakh2100)" in capsys.readouterr().out
    assert metrics_of(model / "eval_data")["is_mini_data"] is True


def test_models_side_by_side(command, model, cnn_run, tiny_slakh, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(eval, "model_figures", lambda *_: {})
    other = shutil.copytree(cnn_run, tmp_path / "eager")
    (other / "thresholds.json").write_text(json.dumps(dict.fromkeys(KEYS, 0.001)))
    options = ("--data", tiny_slakh, "--workers", 0, "--tracks", 0)
    assert command("eval", "--model", model, other, *options) == 0
    output = capsys.readouterr().out
    first, second = metrics_of(model), metrics_of(other)
    assert second["macro_f1"] == second["everything_on_macro_f1"]
    assert first["mean_average_precision"] == second["mean_average_precision"]
    rows = [line.split() for line in output.splitlines() if line.startswith("eager ")]
    assert rows[0][1] == f"{second['macro_f1']:.3f}"
    assert rows[1][1] == f"{second['macro_f1'] - first['macro_f1']:+.3f}"
    assert rows[1][-4:] == ["+0.000", "(+0.000", "to", "+0.000)"]
    assert "cnn F1  eager F1" in output and "everything on" in output
    assert (model / "figures" / "comparison.png").is_file()
    assert not (other / "figures" / "comparison.png").exists()
    assert "samples avg" in (other / "report.txt").read_text()


def test_broken_clips_are_skipped_and_counted(quick, model, release_copy, capsys):
    first, second, *_ = sorted((release_copy / "slakh" / "test").iterdir())
    first.write_bytes(b"\x93NUMPY")
    second.unlink()
    assert quick(model, release_copy) == 0
    captured = capsys.readouterr()
    metrics = metrics_of(model / "eval_release")
    assert (metrics["num_items"], metrics["num_skipped"]) == (5, 2)
    assert "2 skipped" in captured.out
    assert first.name in captured.err and second.name in captured.err


def test_a_broken_track_does_not_stop_the_pictures(tmp_path, capsys):
    (tmp_path / "bad.flac").write_bytes(b"fLaC")
    sf.write(tmp_path / "good.flac", np.sin(np.arange(8000 * 12) / 9), 8000)
    one = eval.Evaluation("fake", tmp_path, np.zeros((0, 9)), np.full(9, 0.5), {})
    tracks = [WholeTrack(name, tmp_path / f"{name}.flac", np.ones((3, 9), int)) for name in ("bad", "good")]
    [written] = eval.save_tracks(one, fake_detector(0.9), tracks)
    assert written == tmp_path / "figures" / "activity_good.png" and written.is_file()
    assert f"skipped: {tmp_path}/bad.flac: " in capsys.readouterr().err


def fake_detector(probability):
    """Gives every class one probability."""
    return SimpleNamespace(
        sample_rate=8000,
        frames_per_second=10.0,
        thresholds=np.full(9, 0.5),
        activity=lambda waveforms: (
            np.full((len(waveforms), 9), probability),
            np.full((len(waveforms), 9, 50), probability),
        ),
    )


@pytest.mark.parametrize(("seconds", "steps"), [(15.0, 3), (15.05, 4), (3.0, 1)])
def test_prediction_and_truth_have_as_many_steps(tmp_path, seconds, steps):
    sf.write(tmp_path / "song.flac", np.sin(np.arange(round(8000 * seconds)) / 9), 8000)
    truth = np.ones((steps, 9), dtype=np.uint8)
    figure = eval.track_figure("fake", fake_detector(0.9), WholeTrack("song", tmp_path / "song.flac", truth))
    assert figure.get_suptitle() == "song as fake hears it, micro F1 1.000"
    assert figure.axes[-2].get_xlim()[1] == 5 * min(steps, 3)  # 0.05 s make no step


def test_tracks_are_spread():
    tracks = [WholeTrack(str(number), None, None) for number in range(21)]
    assert [track.name for track in eval.spread(tracks, 5)] == ["0", "5", "10", "15", "20"]
    assert [track.name for track in eval.spread(tracks[:2], 5)] == ["0", "1"]
    assert eval.spread(tracks, 0) == eval.spread([], 5) == []


def test_many_tracks_are_shown_when_asked_for(quick, model, tiny_slakh, monkeypatch, capsys):
    monkeypatch.setattr(eval.reports, "MOST_TRACKS", 1)
    assert quick(model, tiny_slakh) == 0
    assert "Track01876" not in capsys.readouterr().out
    assert "Track01876" in (model / "report.txt").read_text()
    assert quick(model, tiny_slakh, "--per-track") == 0
    assert "Track01876" in capsys.readouterr().out


def test_drums_are_what_the_model_was_taught(quick, model, evaluated, tiny_slakh):
    path = model / "training_data.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"drums_are_percussion": True}))
    assert quick(model, tiny_slakh) == 0
    assert metrics_of(model)["support_percussion"] > metrics_of(evaluated)["support_percussion"]
    assert eval.drums_are_percussion([model]) and not eval.drums_are_percussion([evaluated])
    with pytest.raises(UserError, match="some count drums as Percussion, others do not"):
        eval.drums_are_percussion([model, evaluated])


def test_differences_by_hand(tiny_slakh):
    clips = data.open_test_split(tiny_slakh)
    right, nothing = clips.targets.astype(float), np.zeros((7, 9))
    models = [
        eval.Evaluation(name, tiny_slakh, probabilities, np.full(9, 0.5), {})
        for name, probabilities in (("right", right), ("again", right), ("nothing", nothing))
    ]
    found = eval.differences(models, clips)
    assert set(found["again"].values()) == {(0.0, 0.0, 0.0)}
    assert found["nothing"]["micro_f1"] == (-1.0, -1.0, -1.0)


def test_without_data_the_mini_data_of_the_training_is_taken(
    command, quick, model, linked, tiny_slakh, tmp_path, monkeypatch, capsys, error_of
):
    assert command("eval", "--model", model) == 2
    assert f"trained on {tiny_slakh.name}; say with --data what to evaluate on" in error_of(capsys)
    linked(tiny_slakh, "test", name=data.QUICK_NAME)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "mini_slakh")
    path = model / "training_data.json"
    path.write_text(path.read_text().replace(tiny_slakh.name, data.QUICK_NAME))
    assert command("eval", "--model", model, "--workers", 0, "--tracks", 0) == 0
    assert metrics_of(model)["data"] == data.QUICK_NAME


def test_a_model_folder_alone_is_enough(command, quick, cnn_run, tiny_slakh, tmp_path, capsys, error_of):
    folder = tmp_path / "handed_in"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(cnn_run / name, folder)
    assert command("eval", "--model", folder) == 2
    assert "does not say what it was trained on" in error_of(capsys)
    assert quick(folder, tiny_slakh) == 0
    metrics = metrics_of(folder / f"eval_{tiny_slakh.name}")
    assert metrics["num_items"] == 7 and "prevalence_macro_f1" not in metrics
    assert metrics["threshold_bass"] == 0.5


def test_bad_folders_and_options_are_one_line(command, model, tiny_slakh, tmp_path, capsys, error_of):
    for arguments, reason in (
        (["--model", tmp_path / "nowhere", "--data", tiny_slakh], "no such folder"),
        (["--model", model, "--data", tmp_path / "nowhere"], "no such folder"),
        (["--model", model, "--data", model], "holds neither test_labels.json nor test/Track"),
        (["--model", model, "--tracks", -1], "--tracks is -1; give at least 0"),
        (["--model", model, "--batch-size", 0], "--batch-size is 0; give at least 1"),
    ):
        assert command("eval", *arguments) == 2
        assert reason in error_of(capsys)
