"""Networks with a memory (memory.py): what the training chorales sang after the like counts as well.

    log p = temperature * log p of the networks + trust in what was recalled, at its token

normalized. The trust is a small network's, which sees how long the match is, how often what was recalled
came, and what the networks hold of it; it is fitted on the validation chorales, since the training chorales
are what the networks have learnt by heart. Source: mixing with neighbours, Khandelwal et al. 2020 (kNN-LM);
here logits are mixed instead of probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from common.run_folder import ModelFolderError, load_weights, strict_dataclass
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.memory import CONTEXTS, LENGTHS, Memory, Recalled, Recent, contexts_of
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.network_mean import NetworkMean, States
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.tokens import UNKNOWN_TOKEN, VOCABULARY, to_tokens, to_voices

HIDDEN = 32  # channels of the trust's network
UNLIKELY = -8.0  # log p; what is less likely looks like this to it
HALF = 0.4  # added to the counts of what came, and did not come, before their ratio is taken
EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 8, 256, 3e-3, 0.05  # of its fitting

PIECES, LENGTHS_OF_PIECES = "memory.tokens", "memory.frames"  # tensors in the model folder
NETWORK_PART, TRUST_PART = "network_{}.", "trust."
MOST_NETWORKS = 16


@dataclass(frozen=True, eq=False)
class Cells:
    """N choices as the trust sees them.

    log_p: (N, VOCABULARY), the networks'. token: int64 (N, CONTEXTS), UNKNOWN_TOKEN where nothing was
    recalled. facts: (N, FACTS).
    """

    log_p: Tensor
    token: Tensor
    facts: Tensor

    @classmethod
    def of(cls, log_p: Tensor, recalled: Recalled, voice: NDArray, frame: NDArray) -> Cells:
        """log_p: (N, VOCABULARY). voice, frame: int64 (N,)."""
        device = log_p.device
        token, length = (torch.as_tensor(each, device=device) for each in (recalled.token, recalled.length))
        found = (token != UNKNOWN_TOKEN).float()
        odds = np.log((recalled.count + HALF) / (recalled.total - recalled.count + HALF))
        held = log_p.gather(1, token.clamp_max(VOCABULARY - 1)).clamp_min(UNLIKELY)
        numbers = [
            torch.as_tensor(odds, device=device).float(),
            torch.as_tensor(np.log(recalled.total), device=device).float(),
            held / -UNLIKELY,
            held.exp(),
        ]
        kinds = [
            F.one_hot(length, len(LENGTHS) + 1).flatten(1),
            F.one_hot(torch.as_tensor(voice, device=device), len(VOICES)),
            F.one_hot(torch.as_tensor(frame % FRAMES_PER_QUARTER, device=device), FRAMES_PER_QUARTER),
        ]
        return cls(log_p, token, torch.cat([*(each * found for each in numbers), *kinds], dim=1))

    def rows(self, index: Tensor) -> Cells:
        """Some of them."""
        return Cells(self.log_p[index], self.token[index], self.facts[index])


FACTS = CONTEXTS * (4 + len(LENGTHS) + 1) + len(VOICES) + FRAMES_PER_QUARTER


class Trust(nn.Module):
    """How far to follow the memory: at first not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(FACTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CONTEXTS + 1))
        nn.init.zeros_(self.layers[-1].weight)
        nn.init.zeros_(self.layers[-1].bias)

    def forward(self, cells: Cells) -> Tensor:
        """log p of each token, (N, VOCABULARY)."""
        warmer, trust = self.layers(cells.facts).split([1, CONTEXTS], dim=1)
        scores = trust.new_zeros(len(trust), UNKNOWN_TOKEN + 1)  # the last column is for nothing
        scores = scores.scatter_add(1, cells.token, trust)[:, :VOCABULARY]
        return ((1 + warmer) * cells.log_p + scores).log_softmax(dim=1)


@dataclass(frozen=True, eq=False)
class RecallState:
    """Between two choices. Never changed in place."""

    networks: States
    recent: Recent


class RecallModel:
    """See the top of the file. It is a `StepModel`."""

    def __init__(self, networks: NetworkMean, memory: Memory, trust: Trust) -> None:
        self.networks, self.memory, self.trust = networks, memory, trust.to(networks.device).eval()

    @classmethod
    def rebuilt(cls, config: Mapping[str, Any], tensors: Mapping[str, Tensor], *, where: Path) -> Self:
        """From its model folder. Errors: ModelFolderError for what is none."""
        options, trust = strict_dataclass(NetworkConfig, config, where=where), Trust()
        found = {key[: key.find(".") + 1] for key in tensors}
        names = [NETWORK_PART.format(place) for place in range(MOST_NETWORKS)]
        names = [name for name in names if name in found] or names[:1]
        networks = [ChoraleNetwork(options) for _ in names]
        for model, prefix in zip((*networks, trust), (*names, TRUST_PART), strict=True):
            own = {key.removeprefix(prefix): each for key, each in tensors.items() if key.startswith(prefix)}
            load_weights(model, own, where=where)
        tokens, frames = (tensors.get(name) for name in (PIECES, LENGTHS_OF_PIECES))
        if tokens is None or frames is None or tokens.ndim != 2 or len(tokens) != frames.sum():
            raise ModelFolderError(f"{where}: a memory without its chorales; train it again")
        ends = np.cumsum(frames.numpy())[:-1]
        return cls(NetworkMean(networks), Memory(np.split(tokens.numpy().astype(np.int64), ends)), trust)

    def config(self) -> dict[str, Any]:
        """What config.json says besides the kind of model."""
        return vars(self.networks.config)

    def tensors(self) -> dict[str, Tensor | NDArray]:
        """What model.safetensors holds."""
        parts = {NETWORK_PART.format(place): each for place, each in enumerate(self.networks.networks)}
        parts[TRUST_PART] = self.trust
        weights = {prefix: model.state_dict().items() for prefix, model in parts.items()}
        return {
            **{prefix + key: each for prefix, items in weights.items() for key, each in items},
            PIECES: np.concatenate(self.memory.pieces).astype(np.int8),
            LENGTHS_OF_PIECES: np.array([len(piece) for piece in self.memory.pieces]),
        }

    def to(self, device: torch.device | str) -> Self:
        """The same with its networks on a device."""
        return type(self)(self.networks.to(device), self.memory, self.trust)

    # ---- whole pieces ----

    @torch.no_grad()
    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: Sequence[int] = ()
    ) -> list[NDArray[np.float32]]:
        """As in `StepModel`."""
        told = []
        for chorale, log_p in zip(chorales, self._distributions(chorales, given), strict=True):
            tokens = torch.as_tensor(to_tokens(chorale.voices), device=log_p.device)
            cells = log_p.gather(-1, tokens[..., None])[..., 0].cpu().numpy()
            cells[:, list(given)] = 0
            told.append(cells)
        return told

    def predictions(self, chorales: Sequence[Chorale]) -> list[NDArray[np.int16]]:
        """The likeliest pitch, or SILENT, of each cell, all true ones before it being known: (frames, 4)."""
        return [to_voices(each.argmax(dim=-1).cpu().numpy()) for each in self._distributions(chorales, ())]

    @torch.no_grad()
    def _distributions(self, chorales: Sequence[Chorale], given: Sequence[int]) -> list[Tensor]:
        """log p of every token in each cell of each chorale, (frames, 4, VOCABULARY)."""
        told = self.trust(cells_of(self.networks, self.memory, chorales, given))
        return list(told.unflatten(0, (-1, len(VOICES))).split([len(chorale) for chorale in chorales]))

    # ---- step by step ----

    def order(self, given: Sequence[int] = ()) -> tuple[int, ...]:
        """As in `StepModel`."""
        return self.networks.order(given)

    def start(self, given: NDArray[np.int16], context: Context) -> RecallState:
        """As in `StepModel`."""
        return RecallState(self.networks.start(given, context), Recent.start(len(given)))

    @torch.no_grad()
    def log_probs(self, state: RecallState, known: NDArray[np.int16], voice: int) -> Tensor:
        """As in `StepModel`."""
        recent, rows = state.recent, len(known)
        recalled = self.memory.recall(recent.keys(to_tokens(known), voice), recent.previous[:, voice])
        log_p = self.networks.log_probs(state.networks, known, voice)
        return self.trust(Cells.of(log_p, recalled, np.full(rows, voice), np.full(rows, recent.frame)))

    def advance(self, state: RecallState, frame: NDArray[np.int16]) -> RecallState:
        """As in `StepModel`."""
        return RecallState(self.networks.advance(state.networks, frame), state.recent.after(to_tokens(frame)))

    def select(self, state: RecallState, rows: NDArray[np.int64]) -> RecallState:
        """As in `StepModel`."""
        return RecallState(self.networks.select(state.networks, rows), state.recent.select(rows))


def cells_of(
    networks: NetworkMean, memory: Memory, chorales: Sequence[Chorale], given: Sequence[int] = ()
) -> Cells:
    """All choices of all chorales: pieces, frames and voices in this order."""
    log_p = torch.cat([networks.distributions(chorale, given) for chorale in chorales]).flatten(0, 1)
    keys, before, _ = contexts_of([to_tokens(chorale.voices) for chorale in chorales])
    recalled = memory.recall(keys.reshape(-1, *keys.shape[2:]), before.ravel())
    frame = np.concatenate([np.arange(len(chorale)) for chorale in chorales])
    voice = np.tile(np.arange(len(VOICES)), len(frame))
    return Cells.of(log_p, recalled, voice, frame.repeat(len(VOICES)))


# ---- fitting ----


def fit_recall(
    networks: NetworkMean, train: Sequence[Chorale], valid: Sequence[Chorale]
) -> tuple[RecallModel, float]:
    """The networks with a memory of `train`; nats per token of `valid`, each half by a trust of the other."""
    memory = Memory([to_tokens(chorale.voices) for chorale in train])
    cells = cells_of(networks, memory, valid)
    truth = torch.as_tensor(np.concatenate([to_tokens(each.voices).ravel() for each in valid]))
    truth = truth.to(networks.device)
    half = np.repeat(np.arange(len(valid)) % 2, [each.voices.size for each in valid])
    parts = [torch.as_tensor(np.flatnonzero(half == each), device=truth.device) for each in (0, 1)]
    nats = 0.0
    for own, other in (parts, parts[::-1]):
        if len(own) and len(other):
            trust = fit_trust(cells.rows(other), truth[other])
            with torch.no_grad():
                nats += nll(trust, cells.rows(own), truth[own]).item() * len(own) / len(truth)
    return RecallModel(networks, memory, fit_trust(cells, truth)), nats


def fit_trust(cells: Cells, truth: Tensor) -> Trust:
    """That under which the true tokens (N,) are likeliest. The same cells give the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        trust = Trust().to(truth.device)
        batches = [torch.randperm(len(truth)).split(BATCH) for _ in range(EPOCHS)]
    optimizer = torch.optim.AdamW(trust.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = [batch.to(truth.device) for epoch in batches for batch in epoch]
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=len(steps))
    for batch in steps:
        optimizer.zero_grad()
        nll(trust, cells.rows(batch), truth[batch]).backward()
        optimizer.step()
        falling.step()
    return trust


def nll(trust: Trust, cells: Cells, truth: Tensor) -> Tensor:
    """Nats per token."""
    return F.nll_loss(trust(cells), truth)
