"""The learning curve of a run; apart from the loop, because it brings matplotlib."""

from __future__ import annotations

from pathlib import Path

from common import plots
from common.run_folder import RunFolder


def save_learning_curve(run: RunFolder, *, best_epoch: int) -> Path:
    """Draw losses and scores of all epochs of a run into figures/learning_curve.png -> its path."""
    figure = plots.learning_curve_figure(run.history(), best_epoch=best_epoch)
    return plots.save(figure, run.path / "figures" / "learning_curve.png")
