"""Scoring of one song piece by piece: what is scored together, excerpts, BSS Eval, floor and ceiling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from common.audio import AudioError
from common.metrics.separation import bss_eval, bss_metrics, sdr_windows
from hw2_source_separation import song_scoring
from hw2_source_separation.oracle import ideal_ratio_mask
from hw2_source_separation.separator import Refinement
from hw2_source_separation.song_scoring import Excerpt
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import SAMPLE_RATE, STEMS, outputs

PAIR = ("vocals",)


class Recording:
    """Samples in memory, as a recording of a song."""

    sample_rate, channels = SAMPLE_RATE, 2

    def __init__(self, samples):
        self.samples, self.frames = samples, samples.shape[-1]

    def read(self, *, start, frames):
        return self.samples[:, start : start + frames]


def song_of(stems):
    """A song of stems (2, samples) by name."""
    return Song.of("song", Path("song"), {name: Recording(samples) for name, samples in stems.items()})


@pytest.fixture(scope="module")
def stems():
    """Three and a half seconds of noise, of different levels."""
    rng = np.random.default_rng(0)
    frames = round(3.5 * SAMPLE_RATE)
    levels = zip(STEMS, (0.1, 0.2, 0.3, 0.05), strict=True)
    return {name: (level * rng.standard_normal((2, frames))).astype(np.float32) for name, level in levels}


@pytest.fixture(scope="module")
def estimates(stems):
    """Estimates of the stems, (4, 2, samples), each with noise of its own."""
    rng = np.random.default_rng(1)
    truth = np.stack(list(stems.values()))
    return truth + 0.03 * rng.standard_normal(truth.shape).astype(np.float32)


def pieces_of(estimates, size=50_000):
    for start in range(0, estimates.shape[-1], size):
        yield estimates[..., start : start + size]


def test_truth_is_what_the_outputs_should_be(stems):
    song, part = song_of(stems), {"start": 100, "frames": 50}
    inner = {name: samples[:, 100:150] for name, samples in stems.items()}
    for targets, expected in (
        (STEMS, list(inner.values())),
        (PAIR, [inner["vocals"], inner["drums"] + inner["bass"] + inner["other"]]),
        (("drums", "bass"), [inner["drums"], inner["bass"], inner["vocals"] + inner["other"]]),
    ):
        assert np.allclose(song_scoring.read_truth(song, targets, **part), expected, atol=1e-7)


def test_what_is_no_target_adds_up_to_the_last_output(estimates):
    vocals, drums, bass, other = estimates
    found = song_scoring.gathered(estimates, STEMS, PAIR)
    assert np.allclose(found, [vocals, drums + bass + other], atol=1e-6)
    found = song_scoring.gathered(estimates, STEMS, ("bass", "drums"))
    assert np.allclose(found, [bass, drums, vocals + other], atol=1e-6)
    assert np.array_equal(song_scoring.gathered(estimates, STEMS, STEMS), estimates)
    assert np.array_equal(song_scoring.gathered(estimates[:2], outputs(PAIR), PAIR), estimates[:2])


def test_pieces_are_scored_as_the_whole(stems, estimates):
    song, told = song_of(stems), []
    outcome = song_scoring.score_pieces(
        pieces_of(estimates), song, STEMS, [STEMS, PAIR], progress=told.append
    )
    truth, options = np.stack(list(stems.values())), {"sample_rate": SAMPLE_RATE}
    assert np.allclose(outcome.scores[STEMS].windows, sdr_windows(truth, estimates, **options))
    pair = [np.stack([each[0], each[1:].sum(axis=0)]) for each in (truth, estimates)]
    assert np.allclose(outcome.scores[PAIR].windows, sdr_windows(*pair, **options), atol=1e-4)
    assert sum(told) == pytest.approx(3.5) and outcome.excerpt is None


@pytest.mark.parametrize("start", [0, 49_999, 50_000, 120_000])
def test_an_excerpt_is_cut_from_the_pieces(stems, estimates, start):
    outcome = song_scoring.score_pieces(
        pieces_of(estimates), song_of(stems), STEMS, [PAIR], excerpt=Excerpt(start, 30_000)
    )
    assert np.array_equal(outcome.excerpt, estimates[..., start : start + 30_000])


def test_bss_eval_piece_by_piece(stems, estimates):
    song, pair = song_of(stems), song_scoring.gathered(estimates, STEMS, PAIR)
    found = song_scoring.score_bss(lambda: pieces_of(estimates), song, STEMS, PAIR)
    truth = song_scoring.read_truth(song, PAIR, start=0, frames=song.frames)
    expected = bss_metrics(outputs(PAIR), bss_eval(truth, pair, sample_rate=SAMPLE_RATE))
    assert found == pytest.approx(expected, abs=1e-3)
    assert set(found) == {f"{output}_{name}" for output in outputs(PAIR) for name in ("isr", "sir", "sar")}


def test_floor_and_ceiling(stems):
    song = song_of(stems)
    truth = np.stack(list(stems.values()))
    mixture = truth.sum(axis=0)
    bounds = song_scoring.score_bounds(song, STEMS)
    floor = sdr_windows(truth, np.broadcast_to(mixture, truth.shape), sample_rate=SAMPLE_RATE)
    ceiling = sdr_windows(truth, ideal_ratio_mask(truth, mixture), sample_rate=SAMPLE_RATE)
    assert np.allclose(bounds.mixture.windows, floor, atol=1e-4)
    assert np.allclose(bounds.ideal_ratio_mask.windows, ceiling, atol=1e-2)
    metrics = song_scoring.group_metrics(STEMS, bounds.ideal_ratio_mask, bounds)
    assert metrics["vocals_sdr"] == metrics["ideal_ratio_mask_vocals_sdr"] > metrics["mixture_vocals_sdr"]


def test_the_control_has_the_true_magnitudes_and_no_true_phases(stems):
    tones = {name: tone(hertz) for name, hertz in zip(STEMS, (440, 4000, 60, 1000), strict=True)}
    song, options = song_of(tones), {"chunk_seconds": 6.0, "device": torch.device("cpu")}
    transform = {"n_fft": 2048, "hop_length": 512}
    outcomes = {}
    for phase in ("griffin-lim", "misi"):
        how = Refinement(phase=phase, phase_iterations=16)
        pieces = song_scoring.true_magnitudes(song, PAIR, how, **transform, **options)
        outcomes[phase] = song_scoring.score_pieces(pieces, song, outputs(PAIR), [PAIR]).scores[PAIR]
    assert (outcomes["griffin-lim"].sdr < 3).all() and (outcomes["misi"].sdr > 20).all()
    assert (outcomes["griffin-lim"].spectral_convergence < 0.3).all()


def tone(hertz):
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    return np.stack([0.2 * np.sin(2 * np.pi * hertz * time)] * 2).astype(np.float32)


def test_levels_and_the_liveliest_part():
    quiet = np.zeros((2, 4 * SAMPLE_RATE + 99), dtype=np.float32)
    vocals = quiet.copy()
    vocals[:, 2 * SAMPLE_RATE : 3 * SAMPLE_RATE] = 0.5
    song = song_of({"vocals": vocals, "drums": quiet, "bass": quiet, "other": quiet})
    levels = song_scoring.output_levels(song, "vocals", PAIR)
    assert levels.tolist() == [0, 0, 0.5, 0]
    assert song_scoring.liveliest(levels, song, seconds=2) == Excerpt(1 * SAMPLE_RATE, 2 * SAMPLE_RATE)
    assert song_scoring.liveliest(levels, song, seconds=10) == Excerpt(0, 4 * SAMPLE_RATE)
    assert not song_scoring.output_levels(song, "accompaniment", PAIR).any()


def test_a_song_that_lacks_a_stem_is_refused(stems):
    song = song_of({"vocals": stems["vocals"], "accompaniment": stems["drums"]})
    assert np.array_equal(song_scoring.read_truth(song, PAIR, start=0, frames=9)[1], stems["drums"][:, :9])
    with pytest.raises(AudioError, match="has no drums"):
        song_scoring.read_truth(song, STEMS, start=0, frames=9)
