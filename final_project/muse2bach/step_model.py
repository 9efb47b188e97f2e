"""What every model of chorales can do, network or baseline: say what one voice may sing next.

A model writes chorales frame by frame, and voice by voice within a frame:
p(frame t, voice v | all earlier frames, the voices of frame t that are known, whatever is given, also later).

    state = model.start(given, context)
    for t in range(frames):
        for voice in model.order(given_voices):
            log_p = model.log_probs(state, known, voice)   # (B, VOCABULARY): draw, enter it in `known`
        state = model.advance(state, known)                # (B, 4), all voices known

Sampling (completion.py, gibbs.py), evaluation and `Harmonizer` need nothing else of a model. B rows are
written at once; they share frames and context but not what is given. Arrays of numpy go in; log-probabilities
come out as tensors on the model's own device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from final_project.muse2bach.chorale import Chorale, Key


@dataclass(frozen=True, eq=False)
class Context:
    """What is known of a piece besides its pitches, as in `Chorale`; None: not known.

    position: int16 (frames,), sixteenths since the bar began. fermata: bool (frames,). key: (tonic, mode).
    """

    position: NDArray[np.int16] | None = None
    fermata: NDArray[np.bool_] | None = None
    key: Key | None = None

    @classmethod
    def of(cls, chorale: Chorale) -> Context:
        """What `chorale` tells."""
        return cls(chorale.position, chorale.fermata, chorale.key)

    def check(self, frames: int) -> None:
        """Errors: ValueError for arrays of another length."""
        for name in ("position", "fermata"):
            array = getattr(self, name)
            if array is not None and array.shape != (frames,):
                raise ValueError(f"{name} must be {(frames,)}, got {array.shape}")


class StepModel(Protocol):
    """A model of chorales. `state` is whatever the model wants, never changed in place."""

    def order(self, given: Sequence[int] = ()) -> tuple[int, ...]:
        """The other voices in the order in which this model likes to choose them, voices `given` known.

        Any order is answered by `log_probs`; this one is that of `log_likelihoods`.
        """

    def start(self, given: NDArray[np.int16], context: Context) -> Any:
        """The state before the first frame. given: (B, frames, 4), pitches, SILENT or UNKNOWN."""

    def log_probs(self, state: Any, known: NDArray[np.int16], voice: int) -> Tensor:
        """log p of each token in `voice` of the current frame: float32 (B, VOCABULARY), nats.

        known: (B, 4), the voices of this frame that are chosen or given, UNKNOWN elsewhere and in `voice`.
        """

    def advance(self, state: Any, frame: NDArray[np.int16]) -> Any:
        """The state after the current frame (B, 4), all of whose voices are known."""

    def select(self, state: Any, rows: NDArray[np.int64]) -> Any:
        """The state of some rows, each as often as `rows` (N,) names it: a batch of N."""

    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: Sequence[int] = ()
    ) -> list[NDArray[np.float32]]:
        """log p of each cell, (frames, 4) for each chorale, nats: negative numbers; 0 in voices `given`.

        The voices of a frame are taken in `order(given)`, earlier frames are the true ones. Context that a
        chorale does not tell is unknown to the model.
        """
