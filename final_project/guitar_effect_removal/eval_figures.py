"""The figures of eval.py: MR-STFT and F1 of every effect, and one pair in detail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from common.curve_plots import ModelScores, class_score_figure
from common.features import MelSpectrogram, mel_to_hz
from common.features.mel import hz_to_mel
from common.plots import GRID, OKABE_ITO, SpectrogramPanel, literal, spectrogram_figure
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.eval_report import group_title, groups_present, kinds_in_order
from final_project.guitar_effect_removal.eval_systems import INPUT, ORACLE, TITLES
from final_project.guitar_effect_removal.evaluation import Metrics, key_of
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.measures import MEL

COLORS = ("#AAAAAA", *(OKABE_ITO[place] for place in (0, 3, 4, 2)))  # input, remover, guided, experts
ORACLE_TITLE = "oracle: true magnitudes, wet phase"
RANGE_DB = 70.0  # below the loudest cell of all panels


def distance_figure(name: str, systems: Mapping[str, Metrics], *, title: str) -> Figure:
    """Bars of the input, the remover `name`, guided, and experts in every group; the oracle is marked."""
    present = groups_present(systems)
    groups = [group for group in kinds_in_order() if group in present]
    keys = [key_of("mr_stft", group) for group in groups]
    bars = [INPUT, name, *(key for key in systems if key in TITLES and key not in (INPUT, ORACLE))]
    figure = Figure(figsize=(11.0, 4.4), layout="constrained")
    axes = figure.add_subplot(title=literal(title), ylabel="MR-STFT distance, 95 % over guitars")
    places, width = np.arange(len(groups)), 0.8 / len(bars)
    for index, (system, color) in enumerate(zip(bars, COLORS, strict=False)):
        at = places - 0.4 + (index + 0.5) * width
        label = literal(TITLES.get(system, system))
        values, low, high = (_values(systems[system], keys, end) for end in ("", "_low", "_high"))
        axes.bar(at, values, 0.92 * width, color=color, label=label)
        axes.errorbar(at, values, [values - low, high - values], fmt="none", ecolor="black", linewidth=1)
    oracle = _values(systems[ORACLE], keys)
    axes.hlines(oracle, places - 0.42, places + 0.42, color=OKABE_ITO[1], linewidth=2.2, label=ORACLE_TITLE)
    axes.set_xticks(places, [group_title(group) for group in groups], rotation=30, ha="right")
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=len(bars) + 1, frameon=False)
    return figure


def detection_figure(name: str, metrics: Metrics, *, title: str) -> Figure:
    """F1 of every effect, and of everything on."""
    keys = [f"f1_{effect}" for effect in EFFECTS]
    low, high = (_values(metrics, keys, f"_group_{end}") for end in ("low", "high"))
    return class_score_figure(
        [group_title(effect) for effect in EFFECTS],
        [ModelScores(name, _values(metrics, keys), low, high)],
        value_label="F1, 95 % over guitars",
        baseline=("everything on", _values(metrics, [f"everything_on_{key}" for key in keys])),
        title=title,
    )


def pair_figure(wet: Tensor, estimate: Tensor, dry: Tensor, *, title: str) -> Figure:
    """Mel spectrograms of a wet guitar, of what became of it, and of the dry one, each (S,)."""
    sounds = {"wet": wet, "estimate": estimate, "dry": dry}
    panels = [spectrogram_panel(name, sound) for name, sound in sounds.items()]
    return spectrogram_figure(panels, rows=1, columns=3, title=title, dynamic_range=RANGE_DB)


def spectrogram_panel(title: str, waveform: Tensor) -> SpectrogramPanel:
    """A waveform (S,) as power in dB of mel bands."""
    mel = MelSpectrogram(sample_rate=SAMPLE_RATE, **MEL)
    level = 10 * mel(waveform.cpu()).clamp(min=1e-10).log10()  # (mels, frames)
    return SpectrogramPanel(title, level.numpy(), SAMPLE_RATE, MEL["hop_length"], mel_centres())


def mel_centres() -> NDArray[np.float64]:
    """The centre of each band in Hz, (mels,)."""
    top = hz_to_mel(torch.tensor(SAMPLE_RATE / 2, dtype=torch.float64))
    return mel_to_hz(torch.linspace(0, float(top), MEL["n_mels"] + 2, dtype=torch.float64))[1:-1].numpy()


def _values(metrics: Metrics, keys: list[str], end: str = "") -> NDArray[np.float64]:
    """Metrics as an array, NaN for what is undefined; ends of intervals fall back to the value."""
    found = [metrics.get(f"{key}{end}") for key in keys]
    found = [metrics.get(key) if value is None else value for key, value in zip(keys, found, strict=True)]
    return np.array([np.nan if value is None else value for value in found])
