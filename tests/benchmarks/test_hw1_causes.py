"""Why a detector errs: scores of chosen labels by hand, and what is loud, known and alone in a tiny track."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from hw1_instrument_detection import slakh

ROOT = Path(__file__).resolve().parents[2]
SCRIPT, TINY = ROOT / "benchmarks" / "hw1_causes.py", ROOT / "tests" / "hw1" / "tiny_slakh.py"


@pytest.fixture(scope="module")
def causes():
    spec = importlib.util.spec_from_file_location("benchmark_hw1_causes", SCRIPT)
    module = sys.modules["benchmark_hw1_causes"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_hw1_causes"]


@pytest.fixture
def heard(causes):
    rng = np.random.default_rng(0)
    targets = rng.random((60, 9)) < 0.4
    return causes.Heard(targets, rng.normal(size=(60, 9)), targets, rng.random((60, 9)) + 0.3 * targets)


def test_areas_are_scikit_learns_without_the_other_positives(heard):
    chosen = heard.levels > 0
    found = heard.areas(chosen)
    for label in range(9):
        kept = ~heard.targets[:, label] | chosen[:, label]
        expected = roc_auc_score(heard.targets[kept, label], heard.probabilities[kept, label])
        assert found[label] == pytest.approx(expected)
    assert np.isnan(heard.areas(np.zeros_like(chosen))).all()  # no label is chosen


def test_average_precision_without_labels_is_scikit_learns_without_their_clips(heard):
    chosen = heard.levels > 0
    found = heard.average_precisions(chosen)
    for label in range(9):
        kept = ~heard.targets[:, label] | chosen[:, label]
        expected = average_precision_score(heard.targets[kept, label], heard.probabilities[kept, label])
        assert found[label] == pytest.approx(expected)


def test_first_is_the_share_of_labels_above_all_others(heard):
    chosen = np.ones_like(heard.targets)
    best = heard.probabilities.argmax(axis=1)
    expected = [(best[heard.targets[:, label]] == label).mean() for label in range(9)]
    np.testing.assert_allclose(heard.first(chosen), expected)


def test_levels_are_those_against_all_else(causes):
    stems = np.ones((3, 2, 100), np.float32) * np.array([1.0, 0.1, 10.0], np.float32)[:, None, None]
    stems[2, 1] = 0
    belongs = np.zeros((3, 9), bool)
    belongs[0, 0] = belongs[1, 4] = True  # the third are drums
    levels = causes.class_levels(stems, belongs)
    np.testing.assert_allclose(levels[:, 0], [20 * np.log10(1 / 10.1), 20], atol=1e-3)
    np.testing.assert_allclose(levels[:, 4], [20 * np.log10(0.1 / 11), -20], atol=1e-3)
    assert (levels[:, 1] < -150).all()


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("tiny_slakh", TINY)
    tiny = sys.modules["tiny_slakh"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    root = tiny.make_tiny_slakh(tmp_path_factory.mktemp("causes") / "slakh")
    del sys.modules["tiny_slakh"]
    return slakh.open_split(root, "train")[1]


class Ear:
    """A detector that hears how loud a clip is."""

    sample_rate = 8_000

    def probabilities(self, waveforms):
        return waveforms.square().mean(dim=-1, keepdim=True).expand(-1, 9).numpy()


def test_a_track_is_heard_whole_and_stem_by_stem(causes, tracks):
    presets = causes.training_presets(tracks)
    assert ("tiny.nkm", 33) in presets and ("", 33) in presets  # both soundfonts share their basses
    assert ("tiny.nkm", 0) in presets and ("", 0) not in presets
    for track in tracks:
        mixes, alone = causes.hear_track(Ear(), track, presets)
        targets = track.targets().astype(bool)
        assert (mixes.targets == targets).all() and (mixes.known == targets).all()
        assert (alone.targets.sum(axis=1) == 1).all() and (alone.known == alone.targets).all()
        assert (alone.targets.sum(axis=0) == targets.sum(axis=0)).all()  # no two stems of a class here
        assert (alone.probabilities > 0).all()  # what has notes sounds
        assert (mixes.levels[targets] > -60).all() and (mixes.levels[~targets] < -100).all()


def test_without_the_preset_in_training_it_is_held_out(causes, tracks):
    mixes, alone = causes.hear_track(Ear(), tracks[0], {("tiny.nkm", 0)})  # the piano's
    assert mixes.known[:, 0].any() and not mixes.known[:, 1:].any()
    assert (alone.known.any(axis=1) == alone.targets[:, 0]).all()


def test_the_tables_have_a_line_for_each_question(causes, heard):
    lines = list(causes.report(heard, heard))
    assert {len(line) for line in lines} == {32 + 10 * 11}
    assert sum(" dB (" in line for line in lines) == len(causes.LEVELS) - 1
    assert f"{np.nanmean(heard.areas(np.ones((60, 9), bool))):.3f}" == lines[3].split()[-1]
