"""The multichannel Wiener filter: from estimates of each source to estimates that fit where sources stand.

Each source j is taken for noise of power v_j(f, t), estimated bin by bin, that stands still in the stereo
picture, as its 2 x 2 covariance R_j(f) says. Of the mixture x the likeliest share is then

    y_j = v_j R_j (sum_k v_k R_k)^-1 x

and from these y_j come better v_j and R_j: `iterations` times. (Taking the covariance of the y_j themselves
leaves out a term of exact EM; for music that is the more robust, as Nugraha et al. found.) A source that
stands where no other does is freed of the others, which no mask can do.

Shapes are (batch, source, channel, frequency, time); channels are one or two. Where nothing is heard to go
by, all sources get equal shares, so that estimates always add up to the mixture.

Sources: Duong, Vincent and Gribonval 2010, "Under-determined reverberant audio source separation using a
full-rank spatial covariance model"; Nugraha, Liutkus and Vincent 2016, "Multichannel music separation with
deep neural networks", algorithm 1; the order of steps and the constants are those of norbert and of
`openunmix.filtering.wiener`.
"""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 300  # frames: how long sources are taken to stand still; Open-Unmix's
BINS = 64  # frequencies at once: they do not know of each other, and a part of them fits the cache
LOUDEST = 10.0  # magnitude of the loudest bin of a block during EM
NOISE = 1e-5  # power in every bin, 70 dB below the loudest: keeps covariances from being singular
TINY = 1e-10


@torch.no_grad()
def wiener_em(
    estimates: Tensor, mixture: Tensor, *, iterations: int = 1, block: int = BLOCK, residual: bool = False
) -> Tensor:
    """Estimates (B, N, C, F, T), mixture (B, C, F, T) -> better estimates, complex (B, N, C, F, T).

    They add up to the mixture, which is complex. estimates: complex, or magnitudes, which then take the
    mixture's phase. Without iterations, each source gets its share of the magnitudes: a mask. With `residual`
    one source more, N + 1, is what the estimates leave of the mixture; give it where they are not all
    sources. Every `block` frames have covariances of their own, about: blocks are of equal length. Loudness
    does not matter. Beyond its result it needs some MB, and a complex copy of estimates that are magnitudes.
    """
    _require_shapes(estimates, mixture, iterations, block)
    if not estimates.is_complex():
        estimates = estimates * torch.sgn(mixture)[:, None]  # of a complex z: z / |z|
    if residual:
        estimates = torch.cat([estimates, mixture[:, None] - estimates.sum(dim=1, keepdim=True)], dim=1)
    if iterations == 0:
        return ratio_masks(estimates.abs()) * mixture[:, None]
    result = torch.empty_like(estimates)
    blocks = -(-mixture.shape[-1] // block)
    for item in range(len(mixture)):  # the items have loudness and blocks of their own
        parts = (each[item].tensor_split(blocks, dim=-1) for each in (estimates, mixture, result))
        for estimate, mixed, out in zip(*parts, strict=True):
            _filter_block(estimate, mixed, iterations, out)
    return result


def ratio_masks(magnitudes: Tensor, exponent: float = 1.0) -> Tensor:
    """Each source's share of the magnitudes (B, N, ...), with exponent 2 of the powers; they add up to 1."""
    powers = magnitudes**exponent
    total = powers.sum(dim=1, keepdim=True)
    return torch.where(total > 0, powers / total, 1 / magnitudes.shape[1])


def _filter_block(estimates: Tensor, mixture: Tensor, iterations: int, out: Tensor) -> None:
    """EM of a block: estimates (N, C, F, T), mixture (C, F, T) -> out (N, C, F, T)."""
    scale = mixture.abs().max().double() / LOUDEST
    scale = torch.where(scale > 0, scale, 1.0)
    for start in range(0, mixture.shape[-2], BINS):
        bins = slice(start, start + BINS)
        # Covariances of point sources are all but singular: float32 cannot invert their sum.
        x = mixture[:, bins].to(torch.complex128) / scale
        y = estimates[:, :, bins].to(torch.complex128) / scale
        for _ in range(iterations):
            y = _filter(*_spatial_model(y), x)
        y += (x - y.sum(dim=0)) / len(y)  # what NOISE took
        out[:, :, bins] = y * scale


def _spatial_model(y: Tensor) -> tuple[Tensor, Tensor]:
    """Sources (N, C, F, T) -> their powers (N, F, T), mean over channels, and covariances (N, C, C, F)."""
    powers = _energy(y).mean(dim=1)
    products = torch.einsum("ncft,ndft->ncdf", y, y.conj())
    return powers, products / (powers.sum(dim=-1) + TINY)[:, None, None]


def _filter(powers: Tensor, covariances: Tensor, x: Tensor) -> Tensor:
    """The sources' likeliest shares (N, C, F, T) of a mixture x (C, F, T)."""
    mixed = torch.einsum("nft,ncdf->cdft", powers.to(x.dtype), covariances)
    whitened = _solve(mixed, x)  # (C, F, T)
    return powers[:, None] * torch.einsum("ncdf,dft->ncft", covariances, whitened)


def _solve(matrix: Tensor, x: Tensor) -> Tensor:
    """(matrix + NOISE)^-1 x, for Hermitian matrices (C, C, F, T) and x (C, F, T)."""
    if len(x) == 1:
        return x / (matrix[0, 0].real + NOISE)
    left, right, cross = matrix[0, 0].real + NOISE, matrix[1, 1].real + NOISE, matrix[0, 1]
    determinant = left * right - _energy(cross)
    solved = torch.stack([right * x[0] - cross * x[1], left * x[1] - cross.conj() * x[0]])
    return solved * (1 / determinant)  # which is real: a complex division would take longer


def _energy(z: Tensor) -> Tensor:
    """|z|^2, without the square root that abs() takes."""
    return z.real.square() + z.imag.square()


def _require_shapes(estimates: Tensor, mixture: Tensor, iterations: int, block: int) -> None:
    """Errors: ValueError for what does not fit together."""
    if estimates.ndim != 5 or mixture.shape != (len(estimates), *estimates.shape[2:]):
        shapes = f"{tuple(estimates.shape)} and {tuple(mixture.shape)}"
        raise ValueError(f"estimates must be (B, N, C, F, T) and the mixture (B, C, F, T), got {shapes}")
    if not mixture.is_complex():
        raise ValueError(f"the mixture must be a complex spectrum, got {mixture.dtype}")
    if mixture.shape[1] not in (1, 2):
        raise ValueError(f"the mixture must have one or two channels, got {mixture.shape[1]}")
    if iterations < 0 or block < 1:
        raise ValueError(f"iterations must be >= 0 and block >= 1, got {iterations} and {block}")
