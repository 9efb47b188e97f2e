"""Figures with a panel or a row for each class: what stands on them."""

import matplotlib.image
import numpy as np
import pytest

from common import curve_plots, plots
from common.curve_plots import ModelScores, PrecisionRecallPanel, ReliabilityPanel

NAN = float("nan")


def panels_of(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def lines_by_label(axes):
    return {line.get_label(): line for line in axes.get_lines()}


@pytest.fixture
def bass():
    return PrecisionRecallPanel("Bass", np.array([0.5, 1.0]), np.array([1.0, 0.8]), 0.9, 0.4, (0.5, 1.0))


def test_a_precision_recall_curve_is_a_staircase(bass):
    [axes] = panels_of(curve_plots.precision_recall_figure([bass], title="cnn"))
    lines = lines_by_label(axes)
    curve = lines["at every threshold"]
    assert curve.get_drawstyle() == "steps-pre"
    np.testing.assert_array_equal(curve.get_xydata(), [[0, 1], [0.5, 1], [1, 0.8]])
    np.testing.assert_array_equal(lines["at the chosen threshold"].get_xydata(), [[0.5, 1.0]])
    np.testing.assert_array_equal(lines["everything on"].get_ydata(), [0.4, 0.4])
    assert axes.get_title() == "Bass, AP 0.900"


def test_an_absent_class_keeps_its_panel(bass):
    absent = PrecisionRecallPanel("Voice", np.array([NAN]), np.array([0.0]), NAN, 0.0)
    figure = curve_plots.precision_recall_figure([absent, bass])
    first, second = panels_of(figure)
    assert not first.get_lines() and first.texts[0].get_text() == "no item has it"
    assert first.get_title() == "Voice, AP -"
    assert sorted(legend_of(figure)) == ["at every threshold", "at the chosen threshold", "everything on"]


def test_panels_stand_in_rows_of_three(bass):
    figure = curve_plots.precision_recall_figure([bass] * 7)
    assert len(figure.axes) == 9 and len(panels_of(figure)) == 7
    labelled = [axes.get_xlabel() for axes in panels_of(figure)]
    assert labelled == [""] * 4 + ["recall"] * 3  # the lowest one of each column


def test_reliability_leaves_empty_bins_out():
    panel = ReliabilityPanel(
        "Organ", np.array([0.1, NAN, 0.9]), np.array([0.2, NAN, 1.0]), np.array([6, 0, 2]), 0.1
    )
    [axes] = panels_of(curve_plots.reliability_figure([panel]))
    [dots] = axes.collections
    np.testing.assert_allclose(dots.get_offsets(), [[0.1, 0.2], [0.9, 1.0]])
    assert [bar.get_height() for bar in axes.patches] == [0.75, 0, 0.25]
    np.testing.assert_array_equal(lines_by_label(axes)["as said"].get_xydata(), [[0, 0], [1, 1]])


def test_bars_of_each_class_and_model():
    models = [ModelScores("cnn", [0.8, None], [0.7, None], [0.85, None]), ModelScores("crnn", [0.6, 0.3])]
    figure = curve_plots.class_score_figure(
        ["Bass", "Voice"], models, value_label="F1", baseline=("everything on", [0.9, 0.2])
    )
    [axes] = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.8, 0, 0.6, 0.3]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["Bass", "Voice"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first class on top
    intervals, baseline = axes.collections
    [interval] = intervals.get_segments()
    np.testing.assert_allclose(interval[:, 0], [0.7, 0.85])
    assert [segment[0, 0] for segment in baseline.get_segments()] == [0.9, 0.2]
    assert len({bar.get_hatch() for bar in axes.patches}) == 2
    assert sorted(legend_of(figure)) == ["cnn", "crnn", "everything on"]


def test_they_are_saved(bass, tmp_path):
    figure = curve_plots.precision_recall_figure([bass] * 3)
    pixels = matplotlib.image.imread(plots.save(figure, tmp_path / "curves.png"))
    assert pixels.shape[1] > pixels.shape[0] > 300 and pixels[..., :3].std() > 0.05


def test_nothing_to_draw_is_refused():
    for draw in (curve_plots.precision_recall_figure, curve_plots.reliability_figure):
        with pytest.raises(ValueError, match="panels must have at least one entry"):
            draw([])
    with pytest.raises(ValueError, match="models must have at least one entry"):
        curve_plots.class_score_figure(["Bass"], [], value_label="F1")
    with pytest.raises(ValueError, match="every class needs one value, got 2 for 1 classes"):
        curve_plots.class_score_figure(["Bass"], [ModelScores("cnn", [1, 2])], value_label="F1")
