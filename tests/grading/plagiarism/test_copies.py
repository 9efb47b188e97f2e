"""What it is for: copies in disguise come out above 0.6, independent solutions below 0.3."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.plagiarism_class import disguised
from grading.plagiarism.notebook import notebook_code
from grading.plagiarism.own_code import all_hashes, own_file
from grading.plagiarism.similarity import FLOOR, Owned, compare

ROOT = Path(__file__).parents[3]
SOLUTIONS = Path(__file__).with_name("solutions")


def score(one: str, other: str, handout: str = "") -> float:
    known = all_hashes([handout])
    class_ = [
        Owned(name, name, own_file(text, known).fingerprints) for name, text in (("a", one), ("b", other))
    ]
    pairs = compare(class_, [], frequent_share=1.0).pairs
    return pairs[0].score if pairs else 0.0


def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


REAL = [
    "hw2_source_separation/umx.py",
    "hw2_source_separation/bandsplit.py",
    "hw1_instrument_detection/detector.py",
    "hw3_melody_generation/sampling.py",
    "common/audio.py",
]


@pytest.mark.parametrize("path", REAL)
def test_a_copy_in_disguise_scores_high(path):
    copy = disguised(source(path), seed=1)
    assert not set(source(path).split("\n")) & {line for line in copy.split("\n") if "def " in line}
    assert score(source(path), copy) > 0.8


@pytest.mark.parametrize("path", REAL)
def test_a_copy_with_half_as_many_statements_again_scores_high(path):
    assert score(source(path), disguised(source(path), seed=2, more_statements=0.5)) > 0.6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hw2_source_separation/umx.py", "hw2_source_separation/bandsplit.py"),
        ("hw3_melody_generation/lstm_gan.py", "hw3_melody_generation/transformer.py"),
        ("hw0_note_classification/models.py", "hw1_instrument_detection/models.py"),
        ("hw0_note_classification/data.py", "hw3_melody_generation/data.py"),
    ],
)
def test_modules_that_do_the_same_in_other_ways_score_low(one, other):
    assert score(source(one), source(other)) < 0.3


def test_independent_solutions_of_an_exercise_score_low():
    texts = [path.read_text(encoding="utf-8") for path in sorted(SOLUTIONS.glob("*.txt"))]
    assert len(texts) == 3
    assert all(len(own_file(text).fingerprints) > FLOOR for text in texts)
    for place, text in enumerate(texts):
        assert score(text, disguised(text, seed=place)) > 0.8
        for other in texts[:place]:
            assert score(text, other) < 0.15


def test_a_notebook_is_a_copy_of_a_module():
    text = source("hw2_source_separation/umx.py")
    parts = disguised(text, seed=3).split("\n\n")
    cells = [{"cell_type": "code", "source": "%load_ext autoreload\n" + part + "\n"} for part in parts]
    assert score(text, notebook_code(json.dumps({"cells": cells}).encode())) > 0.8


def test_a_copy_put_into_other_code_is_found():
    text, other = source("hw2_source_separation/umx.py"), source("common/audio.py")
    assert score(text, other + disguised(text, seed=4) + source("common/plots.py")) > 0.8


def test_the_handout_is_subtracted_though_it_was_changed():
    handout = source("common/audio.py")
    one, other = source("hw2_source_separation/umx.py"), source("hw2_source_separation/bandsplit.py")
    assert score(handout + one, disguised(handout, seed=5) + other) > 0.3
    assert score(handout + one, disguised(handout, seed=5) + other, handout) < 0.1
    assert len(own_file(disguised(handout, seed=6), all_hashes([handout])).fingerprints) < 0.1 * len(
        own_file(handout).fingerprints
    )


def test_a_broken_copy_is_found():
    text = source("hw2_source_separation/umx.py")
    broken = disguised(text, seed=7).replace("):\n", ":\n", 3).replace("'", "", 1) + "\n'''"
    with pytest.raises(SyntaxError):
        compile(broken, "broken.py", "exec")
    assert score(text, broken) > 0.6
