"""What train.py says at the end: the finished model on the validation chorales, the baselines beside it.

nll                nats per token with nothing given: all voices in all sixteenths
nll_soprano, ...   the same of one voice
harmonization_nll  nats per token of the three lower voices, the soprano given from beginning to end
nll_at_beats       of the sixteenths that begin a quarter, where most of what happens happens
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.baselines import load_baselines
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.harmonizer import Harmonizer, load_harmonizer

Metrics = dict[str, float]
COLUMNS = ("nll", *(f"nll_{voice}" for voice in VOICES), "nll_at_beats", "harmonization_nll")


def validate(run: Path, chorales: Sequence[Chorale], *, device: str = "cpu") -> dict[str, Metrics]:
    """The metrics of the model in `run` and of the baselines beside it, by name."""
    model = load_harmonizer(run, device=device)
    systems = {**load_baselines(run), model.name: model}
    return {name: measure(system, chorales) for name, system in systems.items()}


def measure(model: Harmonizer, chorales: Sequence[Chorale]) -> Metrics:
    """The metrics of one model; see the top of the file."""
    told = [-each for each in model.log_likelihoods(chorales)]
    nats = np.concatenate(told)
    beats = np.concatenate([each[::FRAMES_PER_QUARTER] for each in told])
    harmonized = -np.concatenate(model.log_likelihoods(chorales, given=(0,)))
    return {
        "nll": _mean(nats),
        **{f"nll_{name}": _mean(nats[:, voice]) for voice, name in enumerate(VOICES)},
        "nll_at_beats": _mean(beats),
        "harmonization_nll": _mean(harmonized[:, 1:]),
    }


def _mean(nats: NDArray[np.float32]) -> float:
    return float(nats.mean(dtype=np.float64))


def format_report(systems: Mapping[str, Metrics]) -> str:
    """A table, a line for each system."""
    wide = max(map(len, COLUMNS))
    header = " " * 10 + "".join(f"{name:>{wide + 2}}" for name in COLUMNS)
    lines = [
        f"{system:10}" + "".join(f"{metrics[name]:{wide + 2}.4f}" for name in COLUMNS)
        for system, metrics in systems.items()
    ]
    return "\n".join([header, *lines])
