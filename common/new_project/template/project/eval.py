"""Evaluate a trained network on the test sounds.

    python final_project/project_name/eval.py --model RUN [--data DIR]

Writes metrics.json, report.txt and figures/ into RUN; into RUN/eval_NAME when the data are not those of the
training. Without --data the test split of the training data is taken, if data.py made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from common import cli, plots
from common.commands import data_trained_on, results_folder, save_results
from common.metrics.classification import confusion_table, evaluate, format_confusion, format_report
from common.training import evaluation_loader
from common.training_data import folder_name
from final_project.project_name.data import (
    KINDS,
    TrainingData,
    default_data,
    ensure_data,
    is_mini,
    open_test_split,
)
from final_project.project_name.models import load_network, probabilities

BATCH = 64


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate a network on the test split."""

    model: Path
    """Run folder, or model folder, that train.py wrote."""
    data: Path | None = None
    """Data folder, whose test split is taken. Default: what the model was trained on."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""


def main(config: EvalConfig) -> None:
    network, known = load_network(config.model, device=config.device), TrainingData.load(config.model)
    data = config.data or data_trained_on(
        [config.model], [known], default_data=default_data, ensure_data=ensure_data
    )
    sounds = open_test_split(data)
    batches = evaluation_loader(sounds, batch_size=BATCH)
    scores = np.concatenate([probabilities(network, batch["waveform"]) for batch in batches])  # (N, kinds)
    counts = known.train_counts if known else None  # without, no baseline
    metrics = {"data": folder_name(data), "is_mini_data": is_mini(data)}
    metrics |= evaluate(sounds.targets, scores, labels=KINDS, train_counts=counts)
    table = confusion_table(sounds.targets, scores.argmax(axis=1), num_classes=len(KINDS))
    mini = " (mini data, never to be set beside scores on real ones)" if is_mini(data) else ""
    title = f"test split of {data}{mini}"
    text = "\n\n".join([title, format_report(metrics, KINDS), format_confusion(table, KINDS)])
    print(f"{text}\n")
    folder = results_folder(config.model, known, data)
    written = save_results(folder, metrics, text)
    figure = plots.confusion_figure(table, KINDS, title=f"top-1 {metrics['top1']:.3f}")
    written.append(plots.save(figure, folder / "figures" / "confusion.png"))
    for path in written:
        print(f"written: {path}")


if __name__ == "__main__":
    cli.run(main, EvalConfig)
