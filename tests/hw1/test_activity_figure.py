"""The picture of a track's activity: what is drawn where, and what the saved picture shows."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from common import plots
from hw1_instrument_detection.activity_figure import (
    CORRECT,
    FALSE_ALARM,
    MISSED,
    MOST_COLUMNS,
    PLAYS,
    TRUE,
    activity_figure,
    runs,
)
from hw1_instrument_detection.classes import CLASSES

HALF = np.full(9, 0.5)


def bars_of(axes) -> dict[tuple, list[tuple]]:
    """Of each look (face, hatch) the bars: first and last second, and the class of the row."""
    found: dict[tuple, list[tuple]] = {}
    for collection in axes.collections:
        if collection.get_label().startswith("_") and len(collection.get_facecolor()):
            for path in collection.get_paths():
                box = path.get_extents()
                name = CLASSES[round((box.y0 + box.y1) / 2)]
                look = (tuple(collection.get_facecolor()[0]), collection.get_hatch())
                found.setdefault(look, []).append((box.x0, box.x1, name))
    return found


def panels_of(figure) -> dict:
    """The panels by the beginning of their titles."""
    return {
        axes.get_title(loc="left").split(":")[0]: axes for axes in figure.axes if axes.get_title(loc="left")
    }


def look_of(look) -> tuple:
    return (to_rgba(look.face), look.hatch)


@pytest.fixture
def track():
    """Probabilities and truth of four steps: Piano right, Organ missed, Bass wrongly heard."""
    truth = np.zeros((4, 9), dtype=np.uint8)
    truth[1:3, 0], truth[:, 2] = 1, 1
    probabilities = np.full((4, 9), 0.1)
    probabilities[1:3, 0], probabilities[0, 4], probabilities[3, 2] = 0.9, 0.6, 0.7
    return probabilities, truth


def test_prediction_stands_above_truth(track):
    probabilities, truth = track
    figure = activity_figure(probabilities, HALF, step_seconds=5.0, title="Track01876", truth=truth)
    panels = panels_of(figure)
    assert list(panels) == ["probability, per 5 s", "prediction", "truth"]
    assert bars_of(panels["prediction"]) == {
        look_of(CORRECT): [(5, 15, "Piano"), (15, 20, "Organ")],
        look_of(FALSE_ALARM): [(0, 5, "Bass")],
        look_of(MISSED): [(0, 15, "Organ")],
    }
    assert bars_of(panels["truth"]) == {look_of(TRUE): [(5, 15, "Piano"), (0, 20, "Organ")]}
    assert figure.get_suptitle() == "Track01876"
    for axes in panels.values():
        assert [tick.get_text() for tick in axes.get_yticklabels()] == list(CLASSES)
    positions = [panels[name].get_position().y0 for name in ("prediction", "truth")]
    assert positions[0] > positions[1]


def test_without_truth_there_is_only_on_and_off(track):
    figure = activity_figure(track[0], HALF, step_seconds=2.0, title="song.mp3")
    panels = panels_of(figure)
    assert list(panels) == ["probability, per 2 s", "on or off at the thresholds"]
    bars = bars_of(panels["on or off at the thresholds"])
    assert bars == {look_of(PLAYS): [(2, 6, "Piano"), (6, 8, "Organ"), (0, 2, "Bass")]}
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["on"]


def test_each_class_has_its_threshold(track):
    thresholds = np.array([0.95, 0.5, 0.5, 0.5, 0.6, 0.5, 0.5, 0.5, 0.05])
    figure = activity_figure(track[0], thresholds, step_seconds=5.0, title="")
    axes = panels_of(figure)["on or off at the thresholds"]
    assert bars_of(axes) == {look_of(PLAYS): [(15, 20, "Organ"), (0, 5, "Bass"), (0, 20, "Synth")]}
    assert [text.get_text() for text in axes.texts][:2] == ["≥ 0.95", "≥ 0.50"]


def test_the_heat_maps_show_the_probabilities(track):
    frames = np.random.default_rng(0).random((200, 9))
    figure = activity_figure(
        track[0], HALF, step_seconds=5.0, title="", frame_probabilities=frames, frames_per_second=10.0
    )
    finer, steps = (axes.images[0] for axes in figure.axes[:2])
    np.testing.assert_array_equal(finer.get_array(), frames.T)
    np.testing.assert_array_equal(steps.get_array(), track[0].T)
    for image in (finer, steps):
        assert image.get_extent() == [0, 20, 8.5, -0.5] and image.get_clim() == (0, 1)


def test_an_hour_is_drawn_by_means():
    steps, frames = np.full((720, 9), 0.25), np.tile([[0.0], [0.5]], (18_000, 9))
    figure = activity_figure(
        steps, HALF, step_seconds=5.0, title="", frame_probabilities=frames, frames_per_second=10.0
    )
    columns = figure.axes[0].images[0].get_array()
    assert columns.shape == (9, MOST_COLUMNS)
    np.testing.assert_allclose(columns, 0.25)
    ticks = figure.axes[2].xaxis
    assert [ticks.get_major_formatter()(second) for second in (0, 3600)] == ["0:00", "1:00:00"]


@pytest.mark.parametrize(("steps", "ticks"), [(1, ["0:00", "0:01"]), (48, ["0:00", "0:30", "1:00", "1:30"])])
def test_time_is_in_minutes_and_seconds(steps, ticks):
    figure = activity_figure(
        np.zeros((steps, 9)), HALF, step_seconds=5.0, title="", truth=np.zeros((steps, 9))
    )
    axes = figure.axes[-2]  # the last one is the scale of the colours
    assert axes.get_xlim() == (0, 5 * steps) and axes.get_xlabel() == "time (min:s)"
    format_tick = axes.xaxis.get_major_formatter()
    shown = [format_tick(tick) for tick in axes.get_xticks() if tick >= 0]
    assert shown[: len(ticks)] == ticks and len(shown) < 12


def test_right_and_wrong_differ_without_colour():
    fillings = [look.hatch for look in (CORRECT, FALSE_ALARM, MISSED)]
    assert len(set(fillings)) == 3
    red, green, blue = (np.array([to_rgba(look.face)[:3] for look in (CORRECT, FALSE_ALARM, MISSED)])).T
    lightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert np.diff(np.sort(lightness)).min() > 0.15


def test_the_saved_picture_has_its_colours(track, tmp_path):
    probabilities, truth = track
    figure = activity_figure(probabilities, HALF, step_seconds=5.0, title="Track", truth=truth)
    pixels = matplotlib.image.imread(plots.save(figure, tmp_path / "activity.png"))[..., :3]
    for look in (CORRECT, FALSE_ALARM, MISSED, TRUE):
        close = np.abs(pixels - to_rgba(look.face)[:3]).max(axis=-1) < 0.02
        assert close.sum() > 500, look.label


def test_runs():
    assert runs(np.array([1, 1, 0, 1, 0], dtype=bool)) == [(0, 2), (3, 4)]
    assert runs(np.ones(3, dtype=bool)) == [(0, 3)] and runs(np.zeros(3, dtype=bool)) == []


def test_wrong_shapes_are_refused(track):
    probabilities, truth = track
    options = dict(step_seconds=5.0, title="")
    with pytest.raises(ValueError, match=r"probabilities must be \(at least one, 9\), got \(9, 4\)"):
        activity_figure(probabilities.T, HALF, **options)
    with pytest.raises(ValueError, match=r"probabilities must be .* got \(0, 9\)"):
        activity_figure(probabilities[:0], HALF, **options)
    with pytest.raises(ValueError, match=r"truth must be as probabilities, got \(3, 9\) and \(4, 9\)"):
        activity_figure(probabilities, HALF, truth=truth[:3], **options)
    with pytest.raises(ValueError, match=r"thresholds must be \(9,\), got \(\)"):
        activity_figure(probabilities, 0.5, **options)
    with pytest.raises(ValueError, match="need frames_per_second"):
        activity_figure(probabilities, HALF, frame_probabilities=probabilities, **options)
