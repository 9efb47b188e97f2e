"""Several networks, trained alike from other random beginnings, as one: the mean of their probabilities.

What each has learnt by heart, the others have not; what they agree in counts. (Ensembles: Hansen & Salamon
1990; for a likelihood the mean is never worse than the networks are on average, by Jensen's inequality.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig, NetworkState
from final_project.muse2bach.step_model import Context

States = tuple[NetworkState, ...]


class NetworkMean:
    """One network or more, of one config but for their dropout; step by step as in `StepModel`."""

    def __init__(self, networks: Sequence[ChoraleNetwork]) -> None:
        self.networks = [network.eval() for network in networks]

    @property
    def config(self) -> NetworkConfig:
        """That of the first network."""
        return self.networks[0].config

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.networks[0].device

    def to(self, device: torch.device | str) -> Self:
        """The same on a device."""
        return type(self)([network.to(device) for network in self.networks])

    def distributions(self, chorale: Chorale, given: Sequence[int] = ()) -> Tensor:
        """As `ChoraleNetwork.distributions`: (frames, 4, VOCABULARY)."""
        return log_mean([network.distributions(chorale, given) for network in self.networks])

    def order(self, given: Sequence[int] = ()) -> tuple[int, ...]:
        """As in `StepModel`."""
        return self.networks[0].order(given)

    def start(self, given: NDArray[np.int16], context: Context) -> States:
        """As in `StepModel`."""
        return tuple(network.start(given, context) for network in self.networks)

    def log_probs(self, states: States, known: NDArray[np.int16], voice: int) -> Tensor:
        """As in `StepModel`."""
        each = zip(self.networks, states, strict=True)
        return log_mean([network.log_probs(state, known, voice) for network, state in each])

    def advance(self, states: States, frame: NDArray[np.int16]) -> States:
        """As in `StepModel`."""
        each = zip(self.networks, states, strict=True)
        return tuple(network.advance(state, frame) for network, state in each)

    def select(self, states: States, rows: NDArray[np.int64]) -> States:
        """As in `StepModel`."""
        each = zip(self.networks, states, strict=True)
        return tuple(network.select(state, rows) for network, state in each)


def log_mean(log_p: Sequence[Tensor]) -> Tensor:
    """The logarithm of the mean of probabilities given as logarithms, all of one shape."""
    return torch.stack(list(log_p)).logsumexp(dim=0) - math.log(len(log_p))
