"""What a model holds for the most likely token in each cell, told all that Bach wrote before it.

A model may do so for whole chorales at once, by a method `predictions(chorales)`; any other is led through
them frame by frame, voice by voice in its own order, as a sampler would.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.harmonizing import Watched, unwatched
from final_project.muse2bach.step_model import Context, StepModel
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import to_voices


def predictions(
    model: StepModel, chorales: Sequence[Chorale], *, watched: Watched = unwatched
) -> list[NDArray[np.int16]]:
    """Pitches or SILENT, (frames, 4) for each chorale."""
    if hasattr(model, "predictions"):
        return model.predictions(chorales)
    return [stepwise(model, chorale) for chorale in watched(chorales, "accuracy")]


def stepwise(model: StepModel, chorale: Chorale) -> NDArray[np.int16]:
    """The same of one chorale through `log_probs` alone."""
    guesses = np.empty_like(chorale.voices)
    state = model.start(np.full_like(chorale.voices, UNKNOWN)[None], Context.of(chorale))
    for frame, truth in enumerate(chorale.voices[:, None]):  # (1, 4)
        known = np.full_like(truth, UNKNOWN)
        for voice in model.order():
            token = model.log_probs(state, known, voice).argmax(dim=-1).cpu().numpy()  # (1,)
            guesses[frame, voice] = to_voices(token)[0]
            known[:, voice] = truth[:, voice]
        state = model.advance(state, truth)
    return guesses
