"""The systems of eval.py on every test pair: estimates are made, measured and, but for a few, forgotten.

Pairs are independent and their spectra small: on CPUs each core takes a pair of its own, which is faster than
all cores on one pair and does not stall where other programs want a core. Results come in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from common import audio
from common.audio import AudioError
from common.cli import UserError, say
from final_project.guitar_effect_removal.eval_systems import Systems
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.measures import FEWEST_SAMPLES, measure
from final_project.guitar_effect_removal.pairs import Pair
from final_project.guitar_effect_removal.wet_dataset import PairDataset


@dataclass(frozen=True)
class Example:
    """A pair to listen to, on the CPU: the two guitars and what each system made of them, (S,) each."""

    pair: Pair
    wet: Tensor
    dry: Tensor
    estimates: Mapping[str, Tensor]


@dataclass(frozen=True)
class ScoredPair:
    """measures: by system, each from `measures.measure`; probabilities: the detector's, if there is one."""

    pair: Pair
    measures: dict[str, dict[str, float]]
    probabilities: NDArray | None
    example: Example | None


def score_pairs(
    pairs: Sequence[Pair], systems: Systems, *, keep: Sequence[Pair], seconds: float, device: torch.device
) -> list[ScoredPair]:
    """Score `seconds` of all pairs, with a progress bar; `keep` those that are to be heard.

    Pairs that cannot be used are told and left out. Errors: UserError if none is left.
    """
    items = PairDataset(pairs, seconds=seconds)

    def score(index: int) -> ScoredPair | None:
        try:
            item = items[index]
            return score_pair(pairs[index], item, systems, keep=pairs[index] in keep, device=device)
        except AudioError as error:
            say(f"skipped: {error}")
            return None

    with a_core_for_each(device) as jobs:
        calls = (joblib.delayed(score)(index) for index in range(len(pairs)))
        results = joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator")(calls)
        bar = tqdm(results, "scored", len(pairs), unit="pair", leave=False, disable=None)
        scored = [result for result in bar if result is not None]
    if not scored:
        raise UserError("no pair of the test split could be scored; check the data")
    return scored


def score_pair(
    pair: Pair, item: Mapping[str, Tensor], systems: Systems, *, keep: bool, device: torch.device
) -> ScoredPair:
    """Score an item of `PairDataset`. Errors: AudioError for one that is too short to be measured."""
    wet, dry = item["wet"].to(device), item["dry"].to(device)
    if len(dry) < FEWEST_SAMPLES:
        raise AudioError(f"{pair.wet}: shorter than {FEWEST_SAMPLES} samples; take it out of the pairs")
    answer = systems.answer(wet, dry, pair.chain)
    # What is one and the same estimate is measured once.
    distinct = {id(estimate): estimate for estimate in answer.estimates.values()}
    measured = dict(zip(distinct, measure(list(distinct.values()), dry), strict=True))
    measures = {key: measured[id(estimate)] for key, estimate in answer.estimates.items()}
    estimates = {key: estimate.cpu() for key, estimate in answer.estimates.items()} if keep else {}
    example = Example(pair, wet.cpu(), dry.cpu(), estimates) if keep else None
    return ScoredPair(pair, measures, answer.probabilities, example)


@contextmanager
def a_core_for_each(device: torch.device) -> Iterator[int]:
    """How many pairs to score at once: one for each core that torch would use, with one core each."""
    threads = torch.get_num_threads()
    if device.type != "cpu":
        yield 1
        return
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def save_samples(folder: Path, example: Example, system: str) -> list[Path]:
    """wet.flac, estimate.flac and dry.flac, softer together where one of them has a peak above 1."""
    sounds = {"wet": example.wet, "estimate": example.estimates[system], "dry": example.dry}
    peak = max(1.0, *(float(np.abs(sound.numpy()).max()) for sound in sounds.values()))
    return [
        audio.write(folder / f"{title}.flac", sound.numpy()[None] / peak, sample_rate=SAMPLE_RATE)
        for title, sound in sounds.items()
    ]
