"""Skip-gram with negative sampling: a vector for each syllable, by which neighbours are told from strangers.

A syllable has two vectors, v as a centre and u as a neighbour. Pairs that stand close together in the lyrics
are to have a large u . v, pairs thrown together a small one:

    loss = -log sigmoid(u_neighbour . v_centre) - mean over k strangers of log sigmoid(-u_stranger . v_centre)

Strangers are drawn by frequency to the power 0.75. Syllables that are sung in like places so get like v, and
only v is kept. Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
Compositionality". Different from there: nearer neighbours are not preferred, frequent syllables not thinned
out; strangers are shared by a batch, and count as their mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

REACH = 3  # syllables to either side that count as neighbours
STRANGERS = 64  # per batch, for all of its pairs
BATCH = 4096  # pairs
LEARNING_RATE = 0.02  # of Adam, falling linearly to 0


def skip_gram(lines: Tensor, mask: Tensor, *, size: int, dimensions: int, steps: int, seed: int) -> Tensor:
    """Vectors of the syllables 0..size - 1: float32 (size, dimensions), of mean 0 and variance 1 in each.

    lines int64 (N, T): places of syllables in windows; mask bool (N, T): True where there is one.
    """
    random = torch.Generator().manual_seed(seed)
    start = torch.randn(2, size, dimensions, generator=random) / dimensions**0.5
    vectors = [nn.Parameter(each) for each in start]
    strangers = torch.bincount(lines[mask], minlength=size).float() ** 0.75
    optimizer = torch.optim.Adam(vectors, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    for _ in range(steps):
        centre, neighbour = pairs(lines, mask, random)
        stranger = torch.multinomial(strangers, STRANGERS, replacement=True, generator=random)
        loss = pair_loss(vectors[0][centre], vectors[1][neighbour], vectors[1][stranger])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    v = vectors[0].detach()
    return (v - v.mean(dim=0)) / v.std(dim=0, correction=0).clamp_min(1e-6)


def pairs(lines: Tensor, mask: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """A syllable and a neighbour of it, at up to BATCH random places: int64 (P,) twice."""
    windows, steps = lines.shape
    window = torch.randint(windows, (BATCH,), generator=random)
    place = torch.randint(steps, (BATCH,), generator=random)
    away = torch.randint(1, REACH + 1, (BATCH,), generator=random)
    away = torch.where(torch.rand(BATCH, generator=random) < 0.5, away, -away)
    there = (place + away).clamp(0, steps - 1)
    valid = (there == place + away) & mask[window, place] & mask[window, there]
    return lines[window, place][valid], lines[window, there][valid]


def pair_loss(centre: Tensor, neighbour: Tensor, stranger: Tensor) -> Tensor:
    """The loss of P pairs, (P, E) and (P, E), and K strangers to all of them, (K, E)."""
    near = F.logsigmoid((centre * neighbour).sum(dim=1))
    far = F.logsigmoid(-centre @ stranger.T).mean(dim=1)
    return -(near + far).mean()
