"""On the public corpus, where it is: what the assignment says of the truth."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from common.metrics.melody import Windows, window_measures

CORPUS = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "lyrics_melody"
ID = re.compile(r'"id": ?"(\w+)"')
EXPECTED = {
    "split.json.gz": {"repetitions_2": 7.74, "repetitions_3": 4.10, "span": 9.74, "unique_pitches": 5.74},
    "paper_split.json.gz": {"repetitions_2": 7.42, "repetitions_3": 3.84, "unique_pitches": 5.88},
}
ROUNDED = {  # durations such as 2.5 and rests of 0.5 taken down to what the authors' layout allows
    "split.json.gz": {"length": 43.6},
    "paper_split.json.gz": {"length": 43.3, "notes_without_rest": 15.6},
}


def read(path):
    with gzip.open(path, "rt") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def songs():
    if not CORPUS.is_dir():
        pytest.skip("shared/data/lyrics_melody is not beside this checkout")
    wanted = {name for split in EXPECTED for name, _ in read(CORPUS / split)["windows"]["test"]}
    with gzip.open(CORPUS / "lmd_full_syllables.jsonl.gz", "rt") as lines:
        return {s["id"]: s for s in (json.loads(line) for line in lines if ID.search(line)[1] in wanted)}


def means(pitch, duration, rest):
    return {name: each.mean() for name, each in window_measures(Windows(pitch, duration, rest)).items()}


@pytest.mark.parametrize("split", EXPECTED)
def test_the_truth_is_what_the_assignment_says(songs, split):
    columns = {"p": [], "d": [], "r": []}
    for name, first in read(CORPUS / split)["windows"]["test"]:
        places = range(first, first + 20) if isinstance(first, int) else first
        for column, rows in columns.items():
            rows.append([songs[name][column][place] for place in places])
    pitch, duration, rest = map(np.array, columns.values())
    found = means(pitch, duration, rest)
    rounded = means(pitch, np.where(duration > 2, np.floor(duration), duration), np.floor(rest))
    for key, value in EXPECTED[split].items():
        assert round(found[key], 2) == value, key
    for key, value in ROUNDED[split].items():
        assert round(rounded[key], 1) == value, key
    assert round(found["scale_consistency"], 3) == 0.987
    assert found["scale_consistency_published"] == pytest.approx(0.954, abs=0.0015)
