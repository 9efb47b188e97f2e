"""Figures: what stands on the axes and in the cells, and what the saved picture shows."""

import re
import subprocess
import sys

import librosa
import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from common import plots
from common.cli import UserError

LABELS = ["bass", "organ", "synth_lead"]
TABLE = np.array([[30, 10, 0], [1, 99, 0], [0, 0, 0]])


def words(ticks):
    return [tick.get_text() for tick in ticks]


def lines_by_label(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def picture(figure, folder):
    """The saved PNG as an array (height, width, 4)."""
    return matplotlib.image.imread(plots.save(figure, folder / "figure.png"))


def mel_panel(frequency, *, title="note", n_mels=64, seconds=1.0, gain=1.0):
    """The mel spectrogram of a sine."""
    time = np.arange(int(16000 * seconds)) / 16000
    power = librosa.feature.melspectrogram(
        y=gain * np.sin(2 * np.pi * frequency * time), sr=16000, n_fft=2048, hop_length=512, n_mels=n_mels
    )
    centres = librosa.mel_frequencies(n_mels=n_mels + 2, fmax=8000)[1:-1]
    return (title, librosa.power_to_db(power, top_db=None), 16000, 512, centres)


# Confusion table


def test_confusion_figure_has_counts_in_cells_and_shares_as_colours():
    axes = plots.confusion_figure(TABLE, LABELS, title="test split").axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "30", (1, 0): "10", (0, 1): "1", (1, 1): "99", (1.0, 2): "no items"}
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25, 0], [0.01, 0.99, 0], [0, 0, 0]])
    assert axes.images[0].get_clim() == (0, 1)
    assert axes.get_title() == "test split"


def test_confusion_figure_has_true_classes_in_rows():
    axes = plots.confusion_figure(TABLE, LABELS).axes[0]
    assert words(axes.get_xticklabels()) == LABELS
    assert words(axes.get_yticklabels()) == ["bass (40)", "organ (100)", "synth_lead (0)"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class (items)")


def test_confusion_text_is_readable_on_its_cell():
    """The lightness of text and cell differ by at least the contrast 4.5 : 1 of WCAG 2.1."""
    for share in (0.01, 0.1, 0.3, 0.48, 0.5, 0.52, 0.53, 0.56, 0.8, 1.0):
        table = np.array([[round(share * 100), 100 - round(share * 100)], [0, 100]])
        axes = plots.confusion_figure(table, ["x", "y"]).axes[0]
        text = next(text for text in axes.texts if text.get_position() == (0, 0))
        cell = axes.images[0].cmap(axes.images[0].norm(share))
        assert contrast(cell, to_rgba(text.get_color())) >= 4.5, share


def contrast(one, other):
    """Contrast ratio of two colours, WCAG 2.1."""
    luminance = []
    for color in (one, other):
        rgb = np.array(color[:3])
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        luminance.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(luminance) / min(luminance)


@pytest.mark.parametrize("classes", [2, 11])
def test_nothing_is_cut_off(classes, tmp_path):
    """The border of the picture is white all around."""
    labels = [f"a_rather_long_name_{index}" for index in range(classes)]
    image = picture(plots.confusion_figure(np.eye(classes, dtype=int) * 12345, labels), tmp_path)
    for border in (image[0], image[-1], image[:, 0], image[:, -1]):
        assert (border == 1).all()


def test_confusion_figure_of_an_empty_table():
    axes = plots.confusion_figure(np.zeros((2, 2), dtype=int), ["a", "b"]).axes[0]
    assert [text.get_text() for text in axes.texts] == ["no items", "no items"]


# Learning curve


HISTORY = [
    {"epoch": 1, "train_loss": 2.0, "valid_loss": 2.1, "valid_top1": 0.3, "learning_rate": 1e-3},
    {"epoch": 2, "train_loss": 1.0, "valid_loss": None, "valid_top1": 0.5, "learning_rate": 1e-3},
    {"epoch": 3, "train_loss": 0.5, "valid_loss": 1.9, "valid_top1": float("nan"), "learning_rate": 1e-3},
]


def test_learning_curve_shows_losses_and_metrics_with_gaps():
    loss, score = plots.learning_curve_figure(HISTORY, best_epoch=3).axes
    lines = lines_by_label(loss)
    assert set(lines) == {"train loss", "valid loss", "best epoch (3)"}
    assert lines["train loss"].get_xydata().tolist() == [[1, 2.0], [2, 1.0], [3, 0.5]]
    np.testing.assert_array_equal(lines["valid loss"].get_ydata(), [2.1, np.nan, 1.9])
    assert list(lines["best epoch (3)"].get_xdata()) == [3, 3]
    assert set(lines_by_label(score)) == {"valid top1", "best epoch (3)"}
    assert [axes.get_xlabel() for axes in (loss, score)] == ["epoch", "epoch"]
    assert (loss.get_ylabel(), score.get_ylabel()) == ("loss", "score")
    colors = {line.get_color() for axes in (loss, score) for line in axes.get_lines()}
    assert len(colors) == 4  # train loss, valid loss, top-1, the best epoch


def test_learning_curve_of_chosen_metrics_and_of_losses_alone():
    _, score = plots.learning_curve_figure(HISTORY, metrics=["learning_rate"]).axes
    assert set(lines_by_label(score)) == {"learning rate"}
    (loss,) = plots.learning_curve_figure([{"epoch": 7, "train_loss": 1.0}]).axes
    assert lines_by_label(loss)["train loss"].get_xydata().tolist() == [[7, 1.0]]


def test_epochs_are_whole_numbers(tmp_path):
    figure = plots.learning_curve_figure(HISTORY[:2])
    plots.save(figure, tmp_path / "curve.png")
    assert all(re.fullmatch(r"\d+", label) for label in words(figure.axes[0].get_xticklabels()))


# Spectrograms


def test_spectrogram_axes_are_seconds_and_hertz():
    figure = plots.spectrogram_figure([mel_panel(1000, title="A sine")], rows=1, columns=1)
    axes, colorbar = figure.axes
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (
        "A sine",
        "time (s)",
        "frequency (Hz)",
    )
    assert colorbar.get_ylabel() == "power (dB)"
    # 1 s at hop 512: 32 frames around 0 .. 31 hops.
    assert axes.get_xlim() == pytest.approx((-256 / 16000, 31.5 * 512 / 16000))


@pytest.mark.parametrize("frequency", [500, 1000, 2000, 4000])
def test_a_sine_lies_at_the_tick_of_its_frequency(frequency):
    panel = mel_panel(frequency)
    axes = plots.spectrogram_figure([panel], rows=1, columns=1).axes[0]
    ticks = dict(zip(words(axes.get_yticklabels()), axes.get_yticks(), strict=True))
    loudest_row = axes.images[0].get_array()[:, 10].argmax()
    assert ticks[str(frequency)] == pytest.approx(loudest_row, abs=0.6)
    low, high = axes.get_ylim()
    assert low < high  # low frequencies at the bottom


@pytest.mark.parametrize("n_mels", [8, 40, 128])
def test_frequency_ticks_never_overlap(n_mels):
    axes = plots.spectrogram_figure([mel_panel(1000, n_mels=n_mels)], rows=1, columns=1).axes[0]
    assert np.diff(np.sort(axes.get_yticks())).min() >= 0.08 * n_mels
    assert "8000" in words(axes.get_yticklabels())  # the upper edge of the top band


def test_nine_panels_share_one_scale():
    gains = np.geomspace(0.01, 1, 9)
    panels = [mel_panel(440, title=f"panel {i}", gain=gain) for i, gain in enumerate(gains)]
    figure = plots.spectrogram_figure(panels, rows=3, columns=3, title="nine notes")
    assert figure.get_suptitle() == "nine notes"
    assert len(figure.axes) == 10  # nine and one colour bar
    assert [axes.get_title() for axes in figure.axes[:9]] == [f"panel {index}" for index in range(9)]
    loudest = max(panel[1].max() for panel in panels)
    for axes in figure.axes[:9]:
        assert axes.images[0].get_clim() == pytest.approx((loudest - 80, loudest))


def test_an_incomplete_grid_still_names_its_axes():
    figure = plots.spectrogram_figure([mel_panel(440)] * 5, rows=2, columns=3)
    assert [axes.get_visible() for axes in figure.axes[:6]] == [True] * 5 + [False]
    assert [axes.get_xlabel() for axes in figure.axes[:5]] == ["", "", "time (s)", "time (s)", "time (s)"]


def test_the_picture_of_a_sine_is_bright_where_it_sounds(tmp_path):
    figure = plots.spectrogram_figure([mel_panel(1000)], rows=1, columns=1)
    image = picture(figure, tmp_path)
    box = figure.axes[0].get_window_extent().transformed(figure.transFigure.inverted())
    height, width = image.shape[:2]
    inside = image[
        int((1 - box.y1) * height) : int((1 - box.y0) * height), int(box.x0 * width) : int(box.x1 * width)
    ]
    lightness = inside[..., :3].mean(axis=(1, 2))
    centre = plots.spectrogram_figure([mel_panel(1000)], rows=1, columns=1).axes[0].images[0].get_array()
    expected = 1 - (centre[:, 10].argmax() + 0.5) / len(centre)
    assert lightness.argmax() / len(lightness) == pytest.approx(expected, abs=0.02)


# Search


SEARCH = [
    {"C": C, "gamma": gamma, "score": score, "std": 0.02}
    for gamma, scores in ((0.01, (0.6, 0.7, 0.65)), (0.1, (0.5, 0.55, 0.58)))
    for C, score in zip((0.1, 1, 10), scores, strict=True)
]


def test_search_draws_one_curve_per_value_with_its_spread():
    (axes,) = plots.search_figure(SEARCH[::-1], parameter="C", curve="gamma", score_label="top-1").axes
    lines = lines_by_label(axes)
    assert lines["gamma = 0.01"].get_xydata().tolist() == [[0.1, 0.6], [1, 0.7], [10, 0.65]]  # in order
    assert lines["best: 0.700"].get_xydata().tolist() == [[1, 0.7]]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == ("C", "top-1", "log")
    lowest = [band.get_paths()[0].get_extents().y0 for band in axes.collections]
    assert sorted(lowest) == pytest.approx([0.48, 0.58])


def test_search_over_words_and_over_close_numbers():
    rows = [{"penalty": word, "score": score} for word, score in (("l1", 0.5), ("l2", 0.6), (None, 0.4))]
    (axes,) = plots.search_figure(rows, parameter="penalty").axes
    assert words(axes.get_xticklabels()) == ["l1", "l2", "None"]
    assert lines_by_label(axes)["best: 0.600"].get_xydata().tolist() == [[1, 0.6]]
    (axes,) = plots.search_figure([{"k": k, "score": 0.5} for k in (1, 3, 5)], parameter="k").axes
    assert axes.get_xscale() == "linear"


def test_search_without_a_defined_score_has_no_best():
    (axes,) = plots.search_figure([{"k": 1, "score": None}], parameter="k").axes
    assert not any(label.startswith("best") for label in lines_by_label(axes))


# Bars


def test_bars_show_values_intervals_and_baselines():
    bars = [plots.Bar("CNN", 0.78, 0.75, 0.82), plots.Bar("k-NN", 0.5)]
    figure = plots.bar_figure(bars, value_label="top-1", baselines={"majority": 0.206})
    (axes,) = figure.axes
    assert [patch.get_width() for patch in axes.patches] == [0.78, 0.5]
    assert words(axes.get_yticklabels()) == ["CNN", "k-NN"]
    assert axes.yaxis_inverted()  # the first on top
    assert [text.get_text() for text in axes.texts] == ["0.780", "0.500"]
    (interval,) = axes.collections  # k-NN has none
    np.testing.assert_allclose(interval.get_segments()[0], [[0.75, 0], [0.82, 0]])
    assert list(lines_by_label(axes)["majority (0.206)"].get_xdata()) == [0.206, 0.206]
    assert [text.get_text() for text in figure.legends[0].texts] == ["majority (0.206)"]
    assert axes.get_xlabel() == "top-1"


def test_bars_below_zero_and_undefined():
    bars = [("a", -3.2, -5.0, -1.0), ("b", None)]
    (axes,) = plots.bar_figure(bars, value_label="SDR (dB)", digits=1).axes
    assert [text.get_text() for text in axes.texts] == ["-3.2", "-"]
    assert axes.get_xlim()[0] < -5


# Files


@pytest.mark.parametrize(
    ("name", "begin"), [("a.png", b"\x89PNG\r\n"), ("a.PDF", b"%PDF-"), ("a.svg", b"<?xml")]
)
def test_save_writes_the_format_of_the_name(name, begin, tmp_path):
    path = plots.save(plots.confusion_figure(TABLE, LABELS), tmp_path / "new" / name)
    assert path.read_bytes().startswith(begin)
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_saved_png_has_a_sane_size_and_many_colours(tmp_path):
    figure = plots.confusion_figure(TABLE, LABELS)
    image = picture(figure, tmp_path)
    expected = figure.get_size_inches()[::-1] * plots.DOTS_PER_INCH
    np.testing.assert_allclose(image.shape[:2], expected, atol=1)
    colours = np.unique((image[..., :3] * 255).round().astype(int).reshape(-1, 3), axis=0)
    assert len(colours) > 100
    assert 0.2 < (image[..., :3] == 1).all(axis=-1).mean() < 0.95  # neither blank nor full


def test_the_same_figure_gives_the_same_png(tmp_path):
    one, two = (
        plots.save(plots.confusion_figure(TABLE, LABELS), tmp_path / name) for name in ("1.png", "2.png")
    )
    assert one.read_bytes() == two.read_bytes()


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = plots.save(plots.confusion_figure(TABLE, LABELS), tmp_path / "a.png")
    before = path.read_bytes()

    def fill_the_disk(self, name, **_):
        name.write_bytes(b"half a pict")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        plots.save(plots.confusion_figure(TABLE, LABELS), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_pyplot_stays_out():
    """A figure is made and saved without pyplot's global state being so much as imported."""
    code = (
        "import io, sys; from common import plots;"
        "plots.bar_figure([('a', 1.0)], value_label='x').savefig(io.BytesIO());"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# Bad input


def test_bad_input_names_the_rule_and_shows_the_value(tmp_path):
    with pytest.raises(
        UserError, match=r"a\.bmp: no figure format of this name; end it in \.png, \.svg or \.pdf"
    ):
        plots.save(plots.confusion_figure(TABLE, LABELS), tmp_path / "a.bmp")
    with pytest.raises(ValueError, match=r"table must be \(classes, classes\) for 2 labels, got \(3, 3\)"):
        plots.confusion_figure(TABLE, ["a", "b"])
    with pytest.raises(ValueError, match="history must have at least one epoch"):
        plots.learning_curve_figure([])
    with pytest.raises(ValueError, match="panels must be 1 to rows x columns = 1, got 2"):
        plots.spectrogram_figure([mel_panel(440)] * 2, rows=1, columns=1)
    with pytest.raises(ValueError, match=r"level must be \(mels, frames\) for 5 mels, got \(4, 3\)"):
        plots.spectrogram_figure([("x", np.zeros((4, 3)), 16000, 512, np.arange(1.0, 6))], rows=1, columns=1)
    with pytest.raises(ValueError, match="rows must have at least one result"):
        plots.search_figure([], parameter="C")
    with pytest.raises(ValueError, match="bars must have at least one entry"):
        plots.bar_figure([], value_label="x")


@pytest.mark.parametrize("name", ["$\\frac$ 100%", "caf\udce9", "a_1^2 $"])
def test_names_are_drawn_letter_by_letter(tmp_path, name):
    figure = plots.bar_figure([plots.Bar(name, 0.5)], value_label=name, title=name)
    assert picture(figure, tmp_path).size
    assert plots.literal("caf\udce9 $x$") == r"caf? \$x\$"
