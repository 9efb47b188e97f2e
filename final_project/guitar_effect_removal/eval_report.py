"""What eval.py says, as aligned text: each remover in full, several side by side, the detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.metrics.classification.text import align
from common.metrics.detection import format_report
from common.metrics.detection.text import interval, number
from final_project.guitar_effect_removal import eval_systems
from final_project.guitar_effect_removal.effects import EFFECTS, LABELS
from final_project.guitar_effect_removal.eval_systems import INPUT, TITLES
from final_project.guitar_effect_removal.evaluation import ALL, DRY, GROUPS, NUMBERS, Metrics, key_of
from final_project.guitar_effect_removal.measures import MEASURES
from final_project.guitar_effect_removal.measures import TITLES as MEASURE_TITLES

SystemMetrics = Mapping[str, Metrics]  # by system, each from `removal_metrics`

DIGITS = {"mr_stft": 3, "log_mel": 2, "si_sdr": 2, "esr": 3}
EXPLANATION = (
    "MR-STFT: distance to the dry guitar, 0 is best, mean over pairs; 95 % over dry guitars. gone: the share",
    "of the input's distance that is gone. input: the wet guitar as it is. oracle: the dry guitar's true",
    "magnitudes with the wet phase. with effects: all pairs but the dry guitars, which are to be left alone.",
)
GUIDED = "guided: the model, as far as the detector is sure that distortion, overdrive or amp is on."
EXPERTS = "experts: a remover for each of {effects}, chosen by the truth, or by what the detector hears."
OTHERS = ("log-mel: mean difference, 0 is best. SI-SDR (median) and ESR compare waveforms, phase included.",)


def group_title(group: str) -> str:
    """How the tables call a group of pairs."""
    titles = {ALL: "with effects", DRY: "dry guitar", **LABELS}
    return titles.get(group, group.replace("_", " "))


def remover_report(name: str, systems: SystemMetrics, counts: Metrics, experts: Sequence[str]) -> str:
    """MR-STFT of a remover in every group beside all that is no other remover; then the other measures."""
    others = [key for key in systems if key in TITLES]
    lines = [
        *EXPLANATION,
        *([GUIDED] if eval_systems.GUIDED in others else []),
        *([EXPERTS.format(effects=", ".join(experts))] if experts else []),
        *OTHERS,
    ]
    parts = [
        align(distance_rows(name, systems, others, counts)),
        align(measure_rows({key: systems[key] for key in (name, *others)})),
        lines,
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def distance_rows(
    name: str, systems: SystemMetrics, others: Sequence[str], counts: Metrics
) -> list[list[str]]:
    """A row for each group of pairs that there is."""
    behind = [key for key in others if key != INPUT]
    header = ["MR-STFT", "pairs", "input", "model", "95 %", "gone", "95 %"]
    rows = [[*header, *(TITLES[key] for key in behind)]]
    for group in groups_present(systems):
        distance, gone = key_of("mr_stft", group), key_of("reduction", group)
        model = systems[name]
        pairs = counts[f"num_pairs_{group}"] if group else counts["num_pairs"] - counts["num_pairs_dry"]
        cells = [str(pairs), number(systems[INPUT][distance])]
        cells += [number(model[distance]), interval(model, distance)]
        cells += [percent(model.get(gone)), percent_interval(model, gone)]
        rows.append([group_title(group), *cells, *(number(systems[key][distance]) for key in behind)])
    return rows


def measure_rows(systems: SystemMetrics) -> list[list[str]]:
    """All measures over the pairs with effects, a row for each system; the last column: dry guitars."""
    rows = [["with effects", *MEASURE_TITLES.values(), "dry: MR-STFT"]]
    for system, metrics in systems.items():
        cells = [number(metrics.get(name), DIGITS[name]) for name in MEASURES]
        rows.append([TITLES.get(system, "model"), *cells, number(metrics.get(key_of("mr_stft", DRY)))])
    return rows


def comparison_report(
    removers: Sequence[str], systems: SystemMetrics, less_first: Mapping[str, tuple[float, float, float]]
) -> str:
    """Several removers side by side: MR-STFT in every group; and how much each has less than the first.

    less_first: of each remover but the first, the difference over all pairs with effects, and its interval.
    """
    columns = [INPUT, *removers, *(key for key in systems if key in TITLES and key != INPUT)]
    rows = [["MR-STFT", *(TITLES.get(key, key) for key in columns)]]
    for group in groups_present(systems):
        distance = key_of("mr_stft", group)
        rows.append([group_title(group), *(number(systems[key].get(distance)) for key in columns)])
    lines = [
        f"{name} less {removers[0]}, with effects: {value:+.3f} ({low:+.3f} to {high:+.3f})"
        for name, (value, low, high) in less_first.items()
    ]
    return "\n".join([*align(rows), "", *lines])


def detector_report(metrics: Metrics) -> str:
    """HW1's table; groups are dry guitars."""
    return "\n".join(
        ["effects that the detector hears; groups are dry guitars", format_report(metrics, EFFECTS)]
    )


def groups_present(systems: SystemMetrics) -> list[str]:
    """The groups that have pairs, in the order of the tables: all, effects, numbers, dry."""
    first = next(iter(systems.values()))
    return [group for group in GROUPS if key_of("mr_stft", group) in first]


def kinds_in_order() -> tuple[str, ...]:
    """Effects alone and chains of several: what the figures have a row for."""
    return (*EFFECTS, *NUMBERS[1:], DRY)


def percent(share: float | None) -> str:
    """Such as `41 %`."""
    return "-" if share is None else f"{round(100 * share)} %"


def percent_interval(metrics: Metrics, key: str) -> str:
    """Such as `35 to 47 %`."""
    low, high = metrics.get(f"{key}_low"), metrics.get(f"{key}_high")
    return "-" if low is None or high is None else f"{round(100 * low)} to {round(100 * high)} %"
