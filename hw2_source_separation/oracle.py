"""The ideal ratio mask: what a mask with the mixture's phase could reach at best, knowing the truth.

Of every bin of the mixture a source gets the share that its true magnitude has of the sum of all true
magnitudes. It is the ceiling in our tables (not an upper bound for models that turn phases, or whose masks
pass 1).

Source: as in the oracle systems of SiSEC 2018 (Stöter, Liutkus and Ito 2018), "IRM1": magnitudes, not powers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hw2_source_separation.stft import istft, stft
from hw2_source_separation.wiener import ratio_masks

N_FFT, HOP_LENGTH = 4096, 1024  # at 44.1 kHz: Open-Unmix's
BLOCK_FRAMES = 256  # frames at once: some 6 s, and 70 MB for four stereo sources


class OracleBlock(NamedTuple):
    """A part of a song, sources (N, C, samples), mixture (C, samples), and what the mask makes of it."""

    start: int  # in samples
    references: NDArray
    mixture: NDArray
    estimates: NDArray  # (N, C, samples), float32; they add up to the mixture


def ideal_ratio_mask(references: NDArray, mixture: NDArray, **options: float) -> NDArray[np.float32]:
    """Sources (N, C, samples) and their mixture (C, samples) -> estimates (N, C, samples), adding up to it.

    Options: n_fft, hop_length, in samples, and exponent, see `ideal_ratio_mask_blocks`.
    """
    blocks = ideal_ratio_mask_blocks(
        lambda start, stop: (references[..., start:stop], mixture[..., start:stop]),
        samples=mixture.shape[-1],
        **options,
    )
    return np.concatenate([block.estimates for block in blocks], axis=-1)


def ideal_ratio_mask_blocks(
    read: Callable[[int, int], tuple[NDArray, NDArray]],
    *,
    samples: int,
    n_fft: int = N_FFT,
    hop_length: int = HOP_LENGTH,
    exponent: float = 1.0,
) -> Iterator[OracleBlock]:
    """The same for a song of any length, block by block, to the same result.

    read(start, stop) gives sources (N, C, stop - start) and mixture (C, stop - start). exponent: 1 for shares
    of magnitudes, 2 for shares of powers.
    """
    if samples < 1:
        raise ValueError(f"a song must have samples, got {samples}")
    step = BLOCK_FRAMES * hop_length
    margin = -(-n_fft // hop_length) * hop_length  # frames that a block's ends cut through reach no further
    for start in range(0, samples, step):
        stop, before = min(start + step, samples), min(start, margin)
        references, mixture = read(start - before, min(stop + margin, samples))
        estimates = _masked(references, mixture, n_fft=n_fft, hop_length=hop_length, exponent=exponent)
        own = slice(before, before + stop - start)
        yield OracleBlock(start, references[..., own], mixture[..., own], estimates[..., own])


@torch.no_grad()
def _masked(
    references: NDArray, mixture: NDArray, *, n_fft: int, hop_length: int, exponent: float
) -> NDArray[np.float32]:
    """All of a block: sources (N, C, samples), mixture (C, samples) -> estimates (N, C, samples)."""
    transform = {"n_fft": n_fft, "hop_length": hop_length}
    truth, mixed = (torch.from_numpy(each.astype(np.float32)) for each in (references, mixture))
    masks = ratio_masks(stft(truth, **transform).abs()[None], exponent)[0]
    return istft(masks * stft(mixed, **transform), **transform, length=mixed.shape[-1]).numpy()
