"""The ideal ratio mask: the ceiling in every table."""

import numpy as np
import pytest

from common.metrics.separation import song_sdr
from hw2_source_separation import oracle
from hw2_source_separation.oracle import ideal_ratio_mask, ideal_ratio_mask_blocks

TRANSFORM = {"n_fft": 64, "hop_length": 16}  # blocks are then 4096 samples


def two_sources(samples):
    """A low and a high noise, (2, 2, samples), and their mixture."""
    noise = np.random.default_rng(0).standard_normal((2, 2, samples + 1))
    references = np.stack([noise[0, :, 1:] + noise[0, :, :-1], noise[1, :, 1:] - noise[1, :, :-1]])
    return references, references.sum(axis=0)


@pytest.mark.parametrize("samples", [1, 40, 4096, 9001])
def test_blocks_are_the_song(samples, monkeypatch):
    references, mixture = two_sources(samples)
    estimates = ideal_ratio_mask(references, mixture, **TRANSFORM)
    assert estimates.shape == references.shape and estimates.dtype == np.float32
    np.testing.assert_allclose(estimates.sum(axis=0), mixture, atol=1e-5)
    monkeypatch.setattr(oracle, "BLOCK_FRAMES", 10_000)
    np.testing.assert_allclose(ideal_ratio_mask(references, mixture, **TRANSFORM), estimates, atol=1e-5)


def test_it_reads_no_more_than_it_needs():
    references, mixture = two_sources(9001)
    asked = []

    def read(start, stop):
        asked.append((start, stop))
        return references[..., start:stop], mixture[..., start:stop]

    blocks = list(ideal_ratio_mask_blocks(read, samples=9001, **TRANSFORM))
    assert asked == [(0, 4160), (4032, 8256), (8128, 9001)]
    assert [block.start for block in blocks] == [0, 4096, 8192]
    np.testing.assert_array_equal(np.concatenate([block.mixture for block in blocks], axis=-1), mixture)
    np.testing.assert_array_equal(np.concatenate([block.references for block in blocks], axis=-1), references)


def test_it_is_far_above_the_mixture_and_finds_what_does_not_overlap():
    references, mixture = two_sources(9001)
    floor = song_sdr(references, np.broadcast_to(mixture, references.shape))
    assert (song_sdr(references, ideal_ratio_mask(references, mixture, **TRANSFORM)) > floor + 5).all()
    alone = np.stack([references[0], 0 * references[0]])
    np.testing.assert_allclose(ideal_ratio_mask(alone, references[0], **TRANSFORM), alone, atol=1e-5)


def test_powers_are_shared_otherwise_than_magnitudes():
    references = np.stack([np.full((1, 500), 3.0), np.full((1, 500), 1.0)])
    for exponent, share in ((1, 0.75), (2, 0.9)):
        found = ideal_ratio_mask(references, references.sum(axis=0), **TRANSFORM, exponent=exponent)
        np.testing.assert_allclose(found[0, 0, 100:400], 4 * share, atol=1e-4)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="must have samples"):
        ideal_ratio_mask(np.zeros((2, 2, 0)), np.zeros((2, 0)))
