"""eval.py: the right numbers in the right files, beside floor and ceiling; phases, epochs, several models."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import asdict, dataclass

import matplotlib.image
import numpy as np
import pytest
import soundfile as sf
import torch
from matplotlib.figure import Figure

from common.metrics.separation import sdr_windows
from common.run_folder import RunFolder, save_model
from hw2_source_separation import ASSIGNMENT, data, eval, scored_song
from hw2_source_separation.bandsplit import BandSplitConfig
from hw2_source_separation.eval_systems import best_epoch, kept_epochs
from hw2_source_separation.models import SeparationModel, SeparationModelConfig, count_parameters
from hw2_source_separation.oracle import ideal_ratio_mask
from hw2_source_separation.separator import load_separator
from hw2_source_separation.song_scoring import score_pieces
from hw2_source_separation.stems import STEMS
from hw2_source_separation.streaming import SHORTEST_CHUNK
from hw2_source_separation.training_data import TrainingData

SMALL = BandSplitConfig(n_fft=512, hop_length=128, bands=8, width=8, blocks=1, mask="complex")
SAMPLE_RATE = 44_100


def save_separator(folder, *, targets=("vocals",), masks=None, seed=0):
    """A model folder with random weights; with `masks` every mask is that number, one for each target."""
    torch.manual_seed(seed)
    model = SeparationModel(SeparationModelConfig(network=SMALL, targets=targets))
    if masks is not None:
        for layer in model.network.masks.layers:
            layer[-1].weight.data.zero_()
            bias = layer[-1].bias.data.zero_().view(len(targets), -1, 2)  # real and imaginary
            bias[..., 0] = torch.tensor(masks)[:, None]
    save_model(folder, assignment=ASSIGNMENT, config=asdict(model.config), tensors=model.state_dict())
    return folder


def save_run(folder, root, *, scores=(), **model):
    """The same as a run folder: trained on `root`, with these validation scores of its epochs."""
    run = RunFolder.create(folder, assignment=ASSIGNMENT, config=Nothing())
    for epoch, score in enumerate(scores, start=1):
        run.log({"epoch": epoch, "score": score})
    TrainingData(name=root.name, is_mini=False, songs=3, minutes=0.3, validation_songs=1).save(folder)
    return save_separator(folder, **model)


@dataclass
class Nothing:
    """Options of a training that never was."""

    seed: int = 0


@pytest.fixture(scope="module")
def evaluated(command, tiny_musdb, tmp_path_factory):
    """A run folder, evaluated with all there is on the data it was trained on. Read it, do not change it."""
    run = save_run(
        tmp_path_factory.mktemp("evaluated") / "small", tiny_musdb, scores=(1.0, 3.0, 2.0), masks=[0.5]
    )
    save_separator(run / "epoch_001", masks=[0.25])
    shutil.copytree(run, run / "epoch_002", ignore=shutil.ignore_patterns("epoch_*"))
    options = ("--phase", "griffin-lim", "misi", "--phase-iterations", 3, "--wiener", 1, "--samples", 1)
    assert command("eval", "--model", run, "--data", tiny_musdb, "--bss", *options) == 0
    return run


@pytest.fixture
def quick(command, monkeypatch):
    """`quick(model, ..., data=DIR)`: eval.py without figures and samples, which take most of its time."""
    for name in ("songs_figure", "kept_epochs_figure", "comparison_figure"):
        monkeypatch.setattr(eval, name, lambda *_, **__: Figure(figsize=(1, 1)))

    def run(*models, data, options=()) -> int:
        return command("eval", "--model", *models, "--data", data, "--samples", 0, *options)

    return run


@pytest.fixture(scope="module")
def one_song(tiny_musdb, tmp_path_factory):
    """A data folder with a single test song, of 4 s."""
    root = tmp_path_factory.mktemp("one_song")
    (root / "test").mkdir()
    (root / "test" / "Finn - Snow").symlink_to(tiny_musdb / "test" / "Finn - Snow")
    return root


def metrics_of(folder) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def songs_of(maker, *, name=""):
    """Of the test songs, or one, vocals and accompaniment (2, 2, samples), and the mixture (2, samples)."""
    for song in maker.SONGS:
        if song.split == "test" and name in song.name:
            stems = maker.stems_of(song)
            vocals, mixture = maker.as_float(stems["vocals"]), maker.as_float(maker.mixed(stems))
            yield np.stack([vocals, mixture - vocals]), mixture


def median_sdr(references, estimates):
    """Median over the windows of (sources, channels, samples), formula by hand: (sources,)."""
    scores = []
    for start in range(0, references.shape[-1] - SAMPLE_RATE + 1, SAMPLE_RATE):
        s, e = (each[..., start : start + SAMPLE_RATE].astype(float) for each in (references, estimates))
        if (s.sum(axis=1) != 0).any(axis=-1).all() and (e.sum(axis=1) != 0).any(axis=-1).all():
            scores.append(10 * np.log10((s**2).sum((1, 2)) / ((s - e) ** 2).sum((1, 2))))
    return np.median(scores, axis=0)


def test_floor_and_ceiling_by_hand(evaluated, musdb_maker):
    metrics = metrics_of(evaluated)
    floor, ceiling = [], []
    for truth, mixture in songs_of(musdb_maker):
        floor.append(median_sdr(truth, np.stack([mixture, mixture])))
        ceiling.append(median_sdr(truth, ideal_ratio_mask(truth, mixture)))
    for index, output in enumerate(("vocals", "accompaniment")):
        assert metrics[f"mixture_{output}_sdr"] == pytest.approx(np.median(floor, axis=0)[index], abs=1e-5)
        found = metrics[f"ideal_ratio_mask_{output}_sdr"]
        assert found == pytest.approx(np.median(ceiling, axis=0)[index], abs=1e-3)
        assert found > metrics[f"mixture_{output}_sdr"] + 3


def test_the_model_is_scored_as_it_separates(evaluated, musdb_maker):
    separator, medians = load_separator(evaluated, device="cpu"), []
    for truth, mixture in songs_of(musdb_maker):
        estimates = separator.separate(torch.from_numpy(mixture)[None])[0].numpy()
        windows = sdr_windows(truth, estimates, sample_rate=SAMPLE_RATE)
        medians.append(np.nanmedian(windows, axis=1))
    metrics = metrics_of(evaluated)
    found = [metrics[f"{output}_sdr"] for output in ("vocals", "accompaniment")]
    assert found == pytest.approx(np.median(medians, axis=0), abs=1e-4)
    assert metrics["vocals_sdr_low"] <= metrics["vocals_sdr"] <= metrics["vocals_sdr_high"]
    assert metrics["parameters"] == count_parameters(separator.model)
    assert metrics["audio_seconds"] == pytest.approx(10.3) and metrics["seconds"] > 0


def test_metrics_are_flat_and_name_their_data(evaluated, tiny_musdb):
    metrics = metrics_of(evaluated)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in metrics)
    assert not any(isinstance(value, (dict, list)) for value in metrics.values())
    assert (metrics["data"], metrics["is_mini_data"]) == (tiny_musdb.name, False)
    assert (metrics["num_songs"], metrics["num_skipped"], metrics["is_quick_look"]) == (2, 0, False)
    kinds = ("", "mixture_", "ideal_ratio_mask_", "wiener_", "griffin_lim_", "misi_", "epoch_001_")
    kinds += ("true_magnitude_griffin_lim_", "true_magnitude_misi_", "epoch_002_")
    scores = ("sdr", "sdr_low", "song_sdr", "si_sdr", "spectral_convergence", "log_magnitude_distance")
    wanted = {f"{kind}{output}_{name}" for kind in kinds for output in OUTPUTS for name in scores}
    wanted |= {f"{output}_{name}" for output in OUTPUTS for name in ("isr", "sir", "sar")}
    assert wanted <= metrics.keys()


OUTPUTS = ("vocals", "accompaniment")


def test_phases_stand_beside_what_they_make_of_the_truth(evaluated):
    metrics = metrics_of(evaluated)
    assert metrics["true_magnitude_griffin_lim_vocals_sdr"] < 0  # although the magnitudes are the true ones:
    assert (
        metrics["true_magnitude_griffin_lim_vocals_spectral_convergence"]
        < metrics["vocals_spectral_convergence"]
    )
    assert metrics["true_magnitude_misi_vocals_sdr"] > metrics["ideal_ratio_mask_vocals_sdr"]
    change = metrics["griffin_lim_vocals_sdr_over_model"]
    assert metrics["griffin_lim_vocals_sdr_over_model_low"] <= change < 0
    report = (evaluated / "report.txt").read_text()
    for title in ("Wiener x 1", "Wiener, Griffin-Lim", "Wiener, MISI", "truth: Griffin-Lim"):
        assert re.search(rf"^{title}  ", report, re.MULTILINE), title


def test_the_epochs_that_were_kept(evaluated, musdb_maker):
    metrics = metrics_of(evaluated)
    quarter = [median_sdr(truth, np.stack([mix / 4, 0.75 * mix])) for truth, mix in songs_of(musdb_maker)]
    assert metrics["epoch_001_vocals_sdr"] == pytest.approx(np.median(quarter, axis=0)[0], abs=1e-4)
    assert metrics["epoch_001_vocals_sdr_over_model"] > 0
    assert metrics["epoch_002_vocals_sdr"] == metrics["vocals_sdr"]  # the best one, which validation chose
    assert metrics["best_epoch"] == 2
    report = (evaluated / "report.txt").read_text()
    assert re.search(r"^best \(2\)  ", report, re.MULTILINE)
    assert "best epoch was chosen on the validation songs" in report


def test_the_same_weights_are_not_separated_twice(quick, one_song, tmp_path, monkeypatch):
    run = save_run(tmp_path / "run", one_song)
    save_separator(run / "epoch_010")
    calls = []
    monkeypatch.setattr(scored_song, "score_pieces", lambda *a, **b: calls.append(a) or score_pieces(*a, **b))
    assert quick(run, data=one_song) == 0
    assert len(calls) == 1
    assert "epoch_010_vocals_sdr" in metrics_of(run)
    assert quick(run, data=one_song, options=("--epochs", "none")) == 0
    assert "epoch_010_vocals_sdr" not in metrics_of(run)


def test_which_epochs_there_are(tmp_path):
    for name in ("epoch_150", "epoch_025", "epoch_new"):
        save_separator(tmp_path / name)
    (tmp_path / "epoch_030").mkdir()  # a training that was stopped while it wrote
    assert list(kept_epochs(tmp_path)) == [25, 150]
    assert best_epoch(tmp_path) is None


def test_report_figures_and_songs(evaluated, tiny_musdb, musdb_maker):
    lines = (evaluated / "report.txt").read_text().splitlines()
    assert lines[0] == f"test songs of {tiny_musdb}/test"
    assert lines[2].startswith("small: ") and "best epoch 2, " in lines[2]
    assert max(map(len, lines[1:])) <= 100
    with (evaluated / "songs.csv").open() as file:
        rows = {row["song"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["Eve - Rain", "Finn - Snow"]
    shown = next(line for line in lines if line.startswith("Finn - Snow")).split()
    assert shown[-3] == f"{float(rows['Finn - Snow']['vocals_sdr']):.2f}"
    names = ("sdr_by_song", "sdr_by_epoch", "windows_Eve - Rain", "spectrograms_Eve - Rain")
    assert sorted(path.stem for path in (evaluated / "figures").iterdir()) == sorted(names)
    for name in names:
        assert matplotlib.image.imread(evaluated / "figures" / f"{name}.png")[..., :3].std() > 0.05, name


def test_samples_to_listen_to(evaluated, musdb_maker):
    folder = evaluated / "samples" / "Eve - Rain"
    phases = ("", "_truth", "_wiener", "_griffin_lim", "_misi")
    phases += ("_true_magnitude_griffin_lim", "_true_magnitude_misi")
    wanted = {f"{output}{phase}.flac" for output in OUTPUTS for phase in phases} | {"mixture.flac"}
    assert {path.name for path in folder.iterdir()} == wanted
    truth, mixture = next(songs_of(musdb_maker))
    written = {name: sf.read(folder / f"{name}.flac")[0].T for name in ("mixture", "vocals_truth", *OUTPUTS)}
    gain = written["mixture"].max() / mixture[:, : 6 * SAMPLE_RATE].max()
    assert np.allclose(written["vocals_truth"], gain * truth[0, :, : 6 * SAMPLE_RATE], atol=1e-4)
    assert np.allclose(written["vocals"] + written["accompaniment"], written["mixture"], atol=1e-4)


def test_the_mixture_as_estimate_is_the_floor(quick, one_song, tmp_path):
    run = save_run(tmp_path / "run", one_song, targets=STEMS, masks=[1.0] * 4)
    assert quick(run, data=one_song, options=("--no-residual",)) == 0
    metrics = metrics_of(run)
    for stem in STEMS:
        assert metrics[f"{stem}_sdr"] == pytest.approx(metrics[f"mixture_{stem}_sdr"], abs=1e-3)
        assert metrics[f"{stem}_sdr_over_mixture"] == pytest.approx(0, abs=1e-3)


def test_four_stems_have_an_accompaniment_too(quick, one_song, musdb_maker, tmp_path):
    run = save_run(tmp_path / "run", one_song, targets=STEMS, masks=[0.4, 0.3, 0.2, 0.1])
    assert quick(run, data=one_song) == 0
    expected = [
        median_sdr(truth, np.stack([0.4 * mix, 0.6 * mix]))
        for truth, mix in songs_of(musdb_maker, name="Finn - Snow")
    ]
    metrics = metrics_of(run)
    assert metrics["accompaniment_sdr"] == pytest.approx(np.median(expected, axis=0)[1], abs=1e-3)
    assert {f"{stem}_sdr" for stem in STEMS} <= metrics.keys()
    assert metrics["accompaniment_sdr"] > metrics["mixture_accompaniment_sdr"]


def test_models_side_by_side(command, tiny_musdb, musdb_maker, tmp_path, capsys):
    quarter = save_run(tmp_path / "quarter", tiny_musdb, masks=[0.25])
    stems = save_run(tmp_path / "stems", tiny_musdb, targets=STEMS, masks=[0.4, 0.3, 0.2, 0.1])
    assert command("eval", "--model", quarter, stems, "--data", tiny_musdb, "--samples", 0) == 0
    output = capsys.readouterr().out
    pairs = [
        (
            median_sdr(truth, np.stack([0.25 * mix, 0.75 * mix])),
            median_sdr(truth, np.stack([0.4 * mix, 0.6 * mix])),
        )
        for truth, mix in songs_of(musdb_maker)
    ]
    difference = np.median([second[0] for _, second in pairs]) - np.median([first[0] for first, _ in pairs])
    [vocals, accompaniment] = [line.split() for line in output.splitlines() if line.startswith("stems  ")]
    assert vocals[1] == f"{metrics_of(stems)['vocals_sdr']:.2f}"
    assert vocals[5] == f"{difference:+.2f}" and len(accompaniment) == len(vocals)
    assert re.search(r"^vocals +SDR +95 % over songs +less quarter ", output, re.MULTILINE)
    assert re.search(r"^ideal mask  ", output, re.MULTILINE)
    assert re.search(r"^vocals SDR, dB +quarter +stems +mixture +ideal mask$", output, re.MULTILINE)
    assert (quarter / "comparison.txt").read_text().startswith(output.split("\n\nwritten: ")[0])
    assert (quarter / "figures" / "comparison.png").is_file()
    assert not (stems / "figures" / "comparison.png").exists()
    assert "drums_sdr" in metrics_of(stems) and "drums_sdr" not in metrics_of(quarter)


def test_models_of_different_stems_have_nothing_in_common(quick, one_song, tmp_path, capsys, error_of):
    folders = [save_separator(tmp_path / name, targets=(name,)) for name in ("drums", "bass")]
    assert quick(*folders, data=one_song) == 2
    assert "drums finds drums, bass finds bass; they have nothing in common" in error_of(capsys)
    assert quick(folders[0], data=one_song) == 0
    assert "rest_sdr" in metrics_of(folders[0] / f"eval_{one_song.name}")


def test_chunks_make_no_difference_to_a_mask(quick, tiny_musdb, tmp_path):
    run = save_run(tmp_path / "run", tiny_musdb, masks=[0.25])
    assert quick(run, data=tiny_musdb) == 0
    whole = metrics_of(run)
    assert quick(run, data=tiny_musdb, options=("--chunk-seconds", SHORTEST_CHUNK, "--batch-size", 2)) == 0
    chunks = metrics_of(run)
    for key in ("vocals_sdr", "vocals_si_sdr", "accompaniment_song_sdr"):
        assert chunks[key] == pytest.approx(whole[key], abs=1e-3)


def test_own_stems(quick, tiny_musdb, musdb_maker, tmp_path, capsys, error_of):
    for song in musdb_maker.SONGS[-1:]:
        stems = musdb_maker.stems_of(song)
        backing = sum(stems[stem] for stem in STEMS[1:]).astype(np.int16)
        musdb_maker.write_song(
            tmp_path / "own" / song.name, {"vocals": stems["vocals"], "accompaniment": backing}
        )
    masks = {"vocals": [0.4], "stems": [0.4, 0.3, 0.2, 0.1]}
    vocals = save_run(tmp_path / "vocals", tiny_musdb, masks=masks["vocals"])
    four = save_run(tmp_path / "four", tiny_musdb, targets=STEMS, masks=masks["stems"])
    drums = save_run(tmp_path / "drums", tiny_musdb, targets=("drums",))
    assert quick(vocals, data=tmp_path / "own") == 0
    assert quick(four, data=tmp_path / "own") == 0
    first, second = metrics_of(vocals / "eval_own"), metrics_of(four / "eval_own")
    assert "drums_sdr" not in second
    for output in OUTPUTS:
        assert first[f"{output}_sdr"] == pytest.approx(second[f"{output}_sdr"], abs=1e-4)
    capsys.readouterr()
    assert quick(drums, data=tmp_path / "own") == 2
    assert "finds drums, but there are songs that have only vocals and accompaniment" in error_of(capsys)


def test_broken_songs_are_skipped_and_counted(quick, musdb_copy, tmp_path, capsys):
    run = save_run(tmp_path / "run", musdb_copy)
    bass = musdb_copy / "test" / "Finn - Snow" / "bass.wav"
    samples, rate = sf.read(bass)
    samples[100] = np.nan
    sf.write(bass, samples, rate, subtype="FLOAT")
    (musdb_copy / "test" / "Gus - Hail").mkdir()
    assert quick(run, data=musdb_copy) == 0
    captured = capsys.readouterr()
    metrics = metrics_of(run)
    assert (metrics["num_songs"], metrics["num_skipped"]) == (1, 2)
    assert ", 2 skipped" in captured.out
    assert f"skipped: {bass}: " in captured.err and "Gus - Hail" in captured.err
    assert metrics["vocals_sdr_low"] is None  # one song says nothing about others


def test_no_song_is_left(quick, musdb_copy, tmp_path, capsys):
    run = save_run(tmp_path / "run", musdb_copy)
    for song in (musdb_copy / "test").iterdir():
        samples, rate = sf.read(song / "vocals.wav")
        sf.write(song / "vocals.wav", samples * np.nan, rate, subtype="FLOAT")
    assert quick(run, data=musdb_copy) == 2
    assert "no song could be read; mend or replace them" in capsys.readouterr().err
    assert not (run / "metrics.json").exists()


def test_mini_data_are_called_so(quick, musdb_copy, tmp_path, capsys):
    run = save_run(tmp_path / "run", musdb_copy)
    (musdb_copy / "mini_musdb.json").write_text("{}")
    assert quick(run, data=musdb_copy) == 0
    assert "(mini data, never to be set beside scores on MUSDB18)" in capsys.readouterr().out
    assert "never to be set beside" in (run / "report.txt").read_text().splitlines()[0]
    assert metrics_of(run)["is_mini_data"] is True


def test_a_quick_look_is_called_so_and_replaces_nothing(quick, tiny_musdb, tmp_path, capsys):
    run = save_run(tmp_path / "run", tiny_musdb)
    assert quick(run, data=tiny_musdb, options=("--songs", 1)) == 0
    assert "; a quick look: 1 of 2 songs" in capsys.readouterr().out
    assert not (run / "metrics.json").exists()
    metrics = metrics_of(run / f"eval_{tiny_musdb.name}_1_songs")
    assert metrics["is_quick_look"] is True and metrics["num_songs"] == 1


def test_many_songs_are_shown_when_asked_for(quick, one_song, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(eval.reports, "MOST_SONGS", 0)
    run = save_run(tmp_path / "run", one_song)
    assert quick(run, data=one_song) == 0
    assert "Finn - Snow" not in capsys.readouterr().out
    assert "Finn - Snow" in (run / "report.txt").read_text()
    assert quick(run, data=one_song, options=("--per-song",)) == 0
    assert "Finn - Snow" in capsys.readouterr().out


def test_without_data_the_mini_data_of_the_training_is_taken(
    command, tiny_musdb, tmp_path, monkeypatch, capsys, error_of
):
    run = save_run(tmp_path / "run", tiny_musdb)
    assert command("eval", "--model", run) == 2
    assert f"trained on {tiny_musdb.name}; say with --data what to evaluate on" in error_of(capsys)
    root = tmp_path / data.QUICK_NAME
    root.mkdir()
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "mini_musdb")
    chosen = {"name": data.QUICK_NAME, "songs": 3, "minutes": 0.3, "validation_songs": 1}
    TrainingData(**chosen, is_mini=True).save(run)
    assert eval.chosen_data(eval.EvalConfig(model=(run,))) == root


def test_bad_folders_and_options_are_one_line(command, tiny_musdb, tmp_path, capsys, error_of):
    model = save_separator(tmp_path / "model")
    for arguments, reason in (
        (["--model", tmp_path / "nowhere", "--data", tiny_musdb], "no such folder"),
        (["--model", model], "does not say what it was trained on"),
        (["--model", model, "--data", tmp_path / "nowhere"], "no such folder"),
        (["--model", model, "--data", model], "holds no songs in test/"),
        (["--model", model, "--samples", -1], "--samples is -1; give at least 0"),
        (["--model", model, "--songs", -1], "--songs is -1; give at least 0"),
        (["--model", model, "--batch-size", 0], "--batch-size is 0; give at least 1"),
        (["--model", model, "--chunk-seconds", 1], f"--chunk-seconds is 1.0; give at least {SHORTEST_CHUNK}"),
        (["--model", model, "--wiener", -1], "--wiener is -1; give at least 0"),
    ):
        assert command("eval", *arguments) == 2
        assert reason in error_of(capsys)


def test_a_model_that_has_left_the_numbers(quick, tiny_musdb, tmp_path, capsys, error_of):
    model = save_separator(tmp_path / "model", masks=[float("nan")])
    assert quick(model, data=tiny_musdb) == 2
    assert "the model gives NaN or infinite samples" in error_of(capsys)
