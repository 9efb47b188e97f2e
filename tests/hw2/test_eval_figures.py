"""The figures of eval.py: what is drawn stands where it should, and nothing undefined breaks them."""

from __future__ import annotations

import numpy as np
import pytest

from common.plots import save
from hw2_source_separation import eval_figures
from hw2_source_separation.eval_figures import Point, Windows

OUTPUTS = ("vocals", "accompaniment")
METRICS = {
    f"{prefix}{output}_sdr{end}": base + more + by
    for output, base in zip(OUTPUTS, (5.0, 12.0), strict=True)
    for prefix, more in (("", 0), ("mixture_", -8), ("ideal_ratio_mask_", 4))
    for end, by in (("", 0.0), ("_low", -1.0), ("_high", 1.5))
}


def songs_of(*sdr):
    return {f"Artist - $ong {number}": METRICS | {"vocals_sdr": value} for number, value in enumerate(sdr)}


def test_songs_are_sorted_by_the_first_output(tmp_path):
    figure = eval_figures.songs_figure(songs_of(3.0, None, 9.0), OUTPUTS, title="umx on musdb")
    vocals, accompaniment = figure.axes
    names = [label.get_text() for label in vocals.get_yticklabels()]
    assert names == [rf"Artist - \$ong {number}" for number in (1, 0, 2)]  # from below
    by_label = {line.get_label(): line.get_xdata() for line in vocals.lines}
    assert np.allclose(by_label["model"], [np.nan, 3, 9], equal_nan=True)
    assert np.allclose(by_label["mixture"], -3) and np.allclose(by_label["ideal mask"], 9)
    assert by_label["model, median"][0] == 6
    save(figure, tmp_path / "songs.png")


def test_epochs_have_intervals_and_the_best_is_ringed(tmp_path):
    points = [Point(epoch, *np.array([[4, 11], [3, 10], [5, 12]]) + epoch / 100) for epoch in (25, 50, 150)]
    best = Point.of(47, METRICS, OUTPUTS)
    figure = eval_figures.epochs_figure(points, OUTPUTS, floor=(-3, 4), best=best, title="umx")
    vocals, accompaniment = figure.axes
    assert vocals.lines[0].get_xdata().tolist() == [25, 50, 150]
    assert vocals.lines[0].get_ydata().tolist() == [4.25, 4.5, 5.5]
    assert vocals.lines[1].get_xydata().tolist() == [[47, 5]]
    assert accompaniment.get_title() == "accompaniment (mixture: 4.00)"
    save(figure, tmp_path / "epochs.png")
    unknown = Point(25, *np.full((3, 2), np.nan))
    save(
        eval_figures.epochs_figure([unknown], OUTPUTS, floor=(np.nan,) * 2, best=None, title=""),
        tmp_path / "unknown.png",
    )


def test_models_stand_between_floor_and_ceiling(tmp_path):
    undefined = dict.fromkeys(METRICS)
    models = {"bandsplit": METRICS, "umx": METRICS | {"vocals_sdr": 4.0}, "silent": undefined}
    figure = eval_figures.comparison_figure(models, OUTPUTS, title="test songs of musdb")
    vocals, accompaniment = figure.axes
    assert [label.get_text() for label in vocals.get_yticklabels()] == list(models)
    assert [text.get_text() for text in vocals.texts] == ["5.00", "4.00", "-"]
    ends = {line.get_label(): line.get_xdata()[0] for line in accompaniment.lines[-2:]}
    assert ends == {"mixture": 4, "ideal mask": 16}
    save(figure, tmp_path / "comparison.png")


def test_windows_of_a_song(tmp_path):
    rng = np.random.default_rng(0)
    model, mixture, ideal = (rng.normal(mean, 1, (2, 40)) for mean in (5, -3, 9))
    model[:, 10:15] = np.nan
    model[0, 20], mixture[0, 21] = -60, -np.inf  # a second that fades into silence; a perfect one
    figure = eval_figures.windows_figure(
        Windows(model, mixture, ideal), OUTPUTS, np.linspace(0, 0.1, 40), heard="vocals", title="A - $ong"
    )
    levels, vocals, accompaniment = figure.axes
    assert levels.get_title(loc="left") == "true vocals"
    assert vocals.get_ylim()[0] > -30  # the rest stays readable
    labels = [text.get_text() for text in vocals.get_legend().get_texts()]
    assert labels[2] == f"model, median {np.nanmedian(model[0]):.2f}"
    assert vocals.get_xlim() == (0, 40)
    save(figure, tmp_path / "windows.png")
    nothing = np.full((2, 40), np.nan)
    silent = eval_figures.windows_figure(
        Windows(*[nothing] * 3), OUTPUTS, np.zeros(40), heard="vocals", title=""
    )
    save(silent, tmp_path / "silent.png")


@pytest.mark.parametrize("outputs", [OUTPUTS, ("vocals", "drums", "bass", "other")])
def test_spectrograms_of_estimates_and_truth(outputs):
    rng = np.random.default_rng(0)
    truth = 0.1 * rng.standard_normal((len(outputs), 2, 44_100))
    figure = eval_figures.spectrograms_figure(
        truth.sum(axis=0), 0.5 * truth, truth, outputs, sample_rate=44_100, title="song"
    )
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible() and axes.get_title()]
    assert titles[:3] == ["mixture", "vocals, estimate", "vocals, truth"]
    assert titles[3] == "error in vocals" and len(titles) == 3 * len(outputs)
    scales = {axes.images[0].get_clim() for axes in figure.axes if axes.images and axes.get_title()}
    assert len(scales) == 1
    [(low, high)] = scales
    assert high - low == pytest.approx(eval_figures.SPECTROGRAM_RANGE)
