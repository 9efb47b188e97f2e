"""The trivial baseline: every voice sings on what it sang a sixteenth ago; if not, it may sing anything.

Whether it does depends on the voice and the place in the beat, and what else it sings on the voice alone.
Most frames are held notes, so that this guesses three cells of four right: accuracy alone misleads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from common.run_folder import ModelFolderError
from final_project.muse2bach.chorale import VOICES, Chorale
from final_project.muse2bach.counted_model import PLACES, Cells, CountedModel, cells_of, is_probability
from final_project.muse2bach.tokens import UNKNOWN_TOKEN, VOCABULARY


class CopyModel(CountedModel):
    """moves: float32 (4, PLACES), the probability that a voice does not copy, by the place in the beat.
    shares: float32 (4, VOCABULARY), of each token in each voice.
    """

    name = "copy"

    def __init__(self, moves: NDArray[np.float32], shares: NDArray[np.float32]) -> None:
        self.moves, self.shares = moves, shares

    @classmethod
    def rebuilt(cls, config: Mapping[str, Any], tensors: Mapping[str, Tensor], *, where: Path) -> Self:
        """From its model folder. Errors: ModelFolderError for what is none."""
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        sizes = {"moves": PLACES, "shares": VOCABULARY}
        if config or arrays.keys() != sizes.keys():
            raise ModelFolderError(f"{where}: no copy baseline (other keys than its own); train again")
        for name, size in sizes.items():
            if not is_probability(arrays[name], (len(VOICES), size)):
                raise ModelFolderError(f"{where}: {name} holds other things than probabilities; train again")
        return cls(**arrays)

    def tensors(self) -> dict[str, NDArray]:
        return {"moves": self.moves, "shares": self.shares}

    def probabilities(self, cells: Cells, voice: int) -> NDArray[np.float64]:
        before = cells.past.before[:, voice]
        shares = np.tile(self.shares[voice].astype(float), (len(before), 1))
        rows = np.flatnonzero(before != UNKNOWN_TOKEN)
        shares[rows, before[rows]] = 0
        shares /= shares.sum(axis=1, keepdims=True)
        moves = self.moves[voice, cells.place[rows]].astype(float)
        shares[rows] *= moves[:, None]
        shares[rows, before[rows]] = 1 - moves
        return shares


def fit_copy(train: Sequence[Chorale]) -> CopyModel:
    """The shares of moves and of tokens in the training chorales, each counted once more than it occurred."""
    cells = cells_of(train)
    begun = cells.past.before[:, 0] != UNKNOWN_TOKEN  # the first frame of a piece has nothing to copy
    moves = np.ones((len(VOICES), PLACES, 2))
    shares = np.ones((len(VOICES), VOCABULARY))
    for voice in range(len(VOICES)):
        moved = (cells.now != cells.past.before)[begun, voice].astype(int)
        np.add.at(moves[voice], (cells.place[begun], moved), 1)
        np.add.at(shares[voice], cells.now[:, voice], 1)
    return CopyModel(
        (moves[..., 1] / moves.sum(axis=-1)).astype(np.float32),
        (shares / shares.sum(axis=-1, keepdims=True)).astype(np.float32),
    )
