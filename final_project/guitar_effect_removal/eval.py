"""Evaluate removers and the detector on the test pairs: distances with intervals beside floor and ceiling.

    python final_project/guitar_effect_removal/eval.py --model REMOVER [--detector DETECTOR] [--data DIR]
    python final_project/guitar_effect_removal/eval.py --model DETECTOR                 # detection alone
    python final_project/guitar_effect_removal/eval.py --model REMOVER --detector DETECTOR --experts RUN...
    python final_project/guitar_effect_removal/eval.py --model REMOVER --pairs 13       # a quick look

Writes metrics.json, report.txt, figures/ and samples/ (to listen to) into each RUN; into RUN/eval_NAME when
the data are not those that the model was trained on. The detector's own scores go into its folder.
--experts names removers that were trained with --effects and a single one: they are scored together, chosen
by the truth and by the detector. Without --data the test split of the training data is taken, if the project
made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common import cli, plots
from common.cli import UserError
from common.commands import data_trained_on, results_folder, save_results, spread
from common.metrics.intervals import bootstrap_interval
from common.training import pick_device
from common.training_data import folder_name
from final_project.guitar_effect_removal import eval_report
from final_project.guitar_effect_removal.data import default_data, ensure_data
from final_project.guitar_effect_removal.detection import LONGEST
from final_project.guitar_effect_removal.eval_figures import detection_figure, distance_figure, pair_figure
from final_project.guitar_effect_removal.eval_systems import Systems, load_systems
from final_project.guitar_effect_removal.evaluation import (
    ALL,
    Metrics,
    PairScores,
    count_metrics,
    detection_metrics,
    kind_of,
    removal_metrics,
)
from final_project.guitar_effect_removal.evaluation_split import open_test_split
from final_project.guitar_effect_removal.models import count_parameters
from final_project.guitar_effect_removal.pair_scoring import Example, save_samples, score_pairs
from final_project.guitar_effect_removal.pairs import Pair
from final_project.guitar_effect_removal.training_data import TrainingData, is_mini


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate one remover, or several on the same pairs; or a detector."""

    model: tuple[Path, ...]
    """Run folders, or model folders, that train.py wrote: removers, or a detector."""
    detector: Path | None = None
    """Run folder of a detector: scored, too, and it chooses among --experts."""
    experts: tuple[Path, ...] = ()
    """Run folders of removers of a single effect each, scored together."""
    data: Path | None = None
    """Data folder, see pairs.py, whose test split is taken. Default: what the models were trained on."""
    pairs: int = 0
    """For a quick look, only so many pairs, spread over the test split. 0: all."""
    seconds: float = LONGEST
    """Longest part of a pair that is scored, in seconds, from its middle."""
    samples: tuple[str, ...] = ("distortion", "amp", "reverb", "5_effects", "unknown")
    """Kinds of pairs of which the first is kept to listen to, and drawn: effects, 2_effects ..., dry,
    unknown."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.model:
            raise UserError("--model names no folder; give the run folders that train.py wrote")
        cli.at_least(0, pairs=self.pairs)
        cli.at_least(0.5, seconds=self.seconds)


@dataclass(frozen=True)
class Results:
    """What was measured, and where results go."""

    data: Path
    scored: PairScores
    systems: Systems
    removal: dict[str, Metrics]  # of every system
    detection: Metrics
    about: Metrics

    def folder(self, model: Path) -> Path:
        """Where the results of a model go: those of a quick look beside the others."""
        if self.about["is_quick_look"]:
            return model / f"eval_{folder_name(self.data)}_{self.about['num_pairs']}_pairs"
        return results_folder(model, TrainingData.load(model), self.data)

    @property
    def title(self) -> str:
        """What was evaluated on."""
        mini = (
            " (synthesized guitars, not to be compared with published scores)" if is_mini(self.data) else ""
        )
        lost = f", {self.about['num_skipped']} skipped" if self.about["num_skipped"] else ""
        part = "; a quick look" if self.about["is_quick_look"] else ""
        pairs, guitars = self.about["num_pairs"], self.about["num_guitars"]
        return f"{pairs} test pairs of {guitars} dry guitars of {self.data}{mini}{lost}{part}"


def main(config: EvalConfig) -> None:
    systems = load_systems(
        config.model, detector=config.detector, experts=config.experts, device=config.device
    )
    data = chosen_data(config)
    found = open_test_split(data)
    pairs = spread(found, config.pairs or len(found))
    scored = score_pairs(
        pairs,
        systems,
        keep=to_keep(pairs, config.samples),
        seconds=config.seconds,
        device=pick_device(config.device),
    )
    about = {
        "data": folder_name(data),
        "is_mini_data": is_mini(data),
        "num_skipped": len(pairs) - len(scored),
        "is_quick_look": len(pairs) < len(found),
    }
    results = summarize(data, PairScores(scored), systems, about)
    print(show(results))
    print()
    for path in save(results, [one.example for one in scored if one.example]):
        print(f"written: {path}")


def chosen_data(config: EvalConfig) -> Path:
    """`--data`, or the synthesized guitars that all models were trained on. UserError if these are others."""
    if config.data is not None:
        return config.data
    models = (*config.model, *config.experts, *([config.detector] if config.detector else []))
    known = map(TrainingData.load, models)
    return data_trained_on(models, known, default_data=default_data, ensure_data=ensure_data)


def to_keep(pairs: Sequence[Pair], kinds: Sequence[str]) -> list[Pair]:
    """The first pair of each kind."""
    first = {}
    for pair in pairs:
        first.setdefault(kind_of(pair), pair)
    return [first[kind] for kind in kinds if kind in first]


def summarize(data: Path, scored: PairScores, systems: Systems, about: Metrics) -> Results:
    """All metrics."""
    removal = {system: removal_metrics(scored, system) for system in scored.systems}
    detection: Metrics = {}
    if systems.detector is not None:
        detection = detection_metrics(scored, systems.detector)
    return Results(data, scored, systems, removal, detection, about | count_metrics(scored.pairs))


def show(results: Results) -> str:
    """What the screen shows."""
    names, parts = list(results.systems.removers), [results.title]
    if len(names) == 1:
        parts += remover_lines(results, names[0])
    elif names:
        less = less_first(results.scored, names)
        parts.append(eval_report.comparison_report(names, results.removal, less))
    if results.detection:
        parts.append(eval_report.detector_report(results.detection))
    elif results.systems.detector:
        parts.append("detector: nobody knows which effects are on in these pairs, so it has no scores")
    return "\n\n".join(parts)


def remover_lines(results: Results, name: str) -> list[str]:
    """A remover in full."""
    config, model = results.systems.configs[name], results.systems.removers[name]
    line = f"{name}: {count_parameters(model):,} parameters, trained to remove {', '.join(config.effects)}"
    experts = list(results.systems.experts)
    return [line, eval_report.remover_report(name, results.removal, results.about, experts)]


def less_first(scored: PairScores, names: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """MR-STFT of each remover less that of the first, over the same pairs with effects, with interval."""
    where, guitars = scored.where(ALL), scored.guitars()
    differences = {}
    for name in names[1:] if where.any() else ():
        values = (scored.column(name) - scored.column(names[0]))[where]
        ends = bootstrap_interval(values, groups=guitars[where])
        differences[name] = (float(values.mean()), *ends)
    return differences


def save(results: Results, examples: Sequence[Example]) -> list[Path]:
    """Write the results of each model, and of several their comparison into the folder of the first."""
    systems, written = results.systems, []
    for name, model in systems.folders.items():
        written += save_remover(results, name, results.folder(model), examples)
    if len(systems.folders) > 1:
        path = results.folder(next(iter(systems.folders.values()))) / "comparison.txt"
        path.write_text(show(results) + "\n", encoding="utf-8")
        written.append(path)
    if results.detection:
        written += save_detector(results, results.folder(systems.detector_folder))
    return written


def save_remover(results: Results, name: str, folder: Path, examples: Sequence[Example]) -> list[Path]:
    """metrics.json, report.txt, figures and samples of one remover."""
    text = "\n\n".join([results.title, *remover_lines(results, name)])
    written = save_results(folder, remover_metrics(results, name), text)
    title = f"{name} on {folder_name(results.data)}, {results.about['num_pairs']} test pairs"
    figure = distance_figure(name, results.removal, title=title)
    written.append(plots.save(figure, folder / "figures" / "mr_stft_by_effect.png"))
    for one in examples:
        kind = kind_of(one.pair)
        figure = pair_figure(one.wet, one.estimates[name], one.dry, title=f"{one.pair.name}, {name}")
        written.append(plots.save(figure, folder / "figures" / f"example_{kind}.png"))
        written += save_samples(folder / "samples" / kind, one, name)
    return written


def remover_metrics(results: Results, name: str) -> Metrics:
    """All that metrics.json of a remover holds (evaluation.py); what the detector reaches as detection_..."""
    metrics = results.about | {"parameters": count_parameters(results.systems.removers[name])}
    metrics |= results.removal[name]
    for system, found in results.removal.items():
        if system not in results.systems.removers:
            metrics |= {f"{system}_{key}": value for key, value in found.items()}
    return metrics | {f"detection_{key}": value for key, value in results.detection.items()}


def save_detector(results: Results, folder: Path) -> list[Path]:
    """metrics.json, report.txt and the figure of the detector; HW1's keys: "macro_f1", "f1_reverb"."""
    metrics = results.about | results.detection
    text = f"{results.title}\n\n{eval_report.detector_report(results.detection)}"
    name = folder_name(results.systems.detector_folder)
    title = f"{name} on {folder_name(results.data)}, macro F1 {metrics['macro_f1']:.3f}"
    figure = detection_figure(name, metrics, title=title)
    path = plots.save(figure, folder / "figures" / "f1_by_effect.png")
    return [*save_results(folder, metrics, text), path]


if __name__ == "__main__":
    cli.run(main, EvalConfig)
