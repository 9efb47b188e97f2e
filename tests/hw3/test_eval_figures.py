"""The figures of HW3's eval.py: what is drawn stands where it should, and nothing undefined breaks them."""

from __future__ import annotations

import numpy as np
import pytest

from common.metrics.melody import Windows
from common.plots import save
from hw3_melody_generation import eval_figures
from hw3_melody_generation.eval_systems import Likelihoods
from hw3_melody_generation.songs import Lyrics

SYLLABLES = ("Twin", "kle", "twin", "kle", "lit", "tle", "star")
LYRICS = Lyrics(SYLLABLES, words=(0, 0, 1, 1, 2, 2, 3), lines=(0,) * 7)


def windows_of(*pitches, duration=1.0, rest=0.0) -> Windows:
    pitch = np.array(pitches)
    return Windows(pitch, np.full(pitch.shape, duration), np.full(pitch.shape, rest))


def test_distributions_beside_the_truth(tmp_path):
    truth = windows_of((60, 62, 64, 62), (60, 74, 60, 59))
    figure = eval_figures.distributions_figure(
        truth, {"$model": windows_of((60, 60, 60, 60), duration=2.0, rest=4.0)}, title="chor$le"
    )
    intervals, durations, rests = figure.axes
    heights = {bar.get_x() + bar.get_width() / 2: bar.get_height() for bar in intervals.patches}
    # Steps of +2, +2, -2 and +14, -14, -1; the bins run from <-12 over -12..12 to >12.
    assert [heights[13 + step] for step in (2, -2, -1, 13, -13)] == pytest.approx(
        np.array([2, 1, 1, 1, 1]) / 6
    )
    assert intervals.lines[0].get_ydata()[13] == 1  # all on one pitch
    assert [text.get_text() for text in durations.get_xticklabels()] == ["1", "2"]
    assert [bar.get_height() for bar in durations.patches] == [1, 0]
    assert durations.lines[0].get_ydata().tolist() == [0, 1] == rests.lines[0].get_ydata().tolist()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["truth", r"\$model"]
    save(figure, tmp_path / "distributions.png")


def test_rare_values_share_a_place():
    values = np.concatenate([np.full(990, 1.0), np.full(6, 0.5), [7, 8, 9, 10]])[None]
    names, [shares, others] = eval_figures.value_shares([values, np.ones((1, 5))])
    assert names == ["0.5", "1", "other"]
    assert shares == pytest.approx([0.006, 0.99, 0.004]) and others.tolist() == [0, 1, 0]


def test_likelihood_at_each_place_of_the_window(tmp_path):
    right = -np.ones((5, 7, 3)) * np.arange(1, 8)[:, None]  # 1, 2, ... nats for each attribute
    told = {"transformer": Likelihoods(right, 2 * right, None), "markov": Likelihoods(right - 1, None, None)}
    figure = eval_figures.likelihood_figure(told, title="test windows")
    everything, pitch = figure.axes[:2]
    assert everything.lines[0].get_ydata().tolist() == [3, 6, 9, 12, 15, 18, 21]
    assert everything.lines[1].get_ydata()[0] == 6 and everything.lines[1].get_linestyle() == "--"
    assert pitch.lines[0].get_xdata()[0] == 1 and pitch.lines[2].get_ydata()[0] == 2
    save(figure, tmp_path / "likelihood.png")


def test_what_the_lyrics_are_worth(tmp_path):
    keys = ("lyrics_gain", "lyrics_gain_pitch", "lyrics_gain_duration", "lyrics_gain_rest")
    metrics = {f"{key}{end}": v for key in keys for end, v in (("", 0.2), ("_low", 0.1), ("_high", 0.3))}
    blind = dict.fromkeys(metrics, 0.0) | {"lyrics_gain_low": None, "lyrics_gain_high": None}
    figure = eval_figures.gain_figure({"transformer": metrics, "markov": blind}, title="what the lyrics tell")
    [axes] = figure.axes
    assert [text.get_text() for text in axes.texts] == ["0.200"] * 4 + ["0.000"] * 4
    assert axes.lines[0].get_ydata()[0] < axes.lines[4].get_ydata()[0]  # one above the other, from the top
    save(figure, tmp_path / "gain.png")
    undefined = dict.fromkeys(metrics)
    save(eval_figures.gain_figure({"one song": undefined}, title=""), tmp_path / "undefined.png")


def test_where_notes_look(tmp_path):
    weights = np.stack([np.eye(7), np.full((7, 7), 1 / 7)])[:, None].repeat(2, axis=1)  # 2 layers, 2 heads
    figure = eval_figures.alignment_figure(weights, LYRICS, title="model")
    first, second = figure.axes[:2]
    assert np.array_equal(first.images[0].get_array(), np.eye(7))
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in first.get_xticklabels()] == list(SYLLABLES)
    save(figure, tmp_path / "alignment.png")
