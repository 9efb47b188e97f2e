"""The windows of the test split, for eval.py alone: train.py shares its measures, but must not open them."""

from __future__ import annotations

from pathlib import Path

from hw3_melody_generation.corpus import CORPUS_BEAT, SPLIT_FILES, is_clean_layout, read_split
from hw3_melody_generation.data import open_test_split
from hw3_melody_generation.eval_windows import EvaluationWindows


def open_test_windows(
    data: Path, *, split: str = "honest", samples: int = 0, seed: int = 0
) -> EvaluationWindows:
    """The test split of `data`; `samples` of its windows are sampled, 0 for all. Errors: UserError."""
    songs, beat = open_test_split(data, split=split), _quarters_per_beat(data)
    return EvaluationWindows.of(songs, data, split=split, quarters_per_beat=beat, samples=samples, seed=seed)


def _quarters_per_beat(data: Path) -> float:
    if not is_clean_layout(data):
        return CORPUS_BEAT
    return float(read_split(data / SPLIT_FILES["honest"]).get("quarters_per_beat", CORPUS_BEAT))
