"""A trained model, whatever its kind, that completes chorales and judges them.

    harmonizer = load_harmonizer(Path("runs/muse2bach/network"))
    voices = harmonizer.complete(task.given, position=task.position, fermata=task.fermata, key=task.key)[0]

The "model" in config.json says what it is: the network, alone or with a memory, the plain GRU, or one of the
counted baselines.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from common.cli import UserError
from common.run_folder import ModelFolderError, load_model, load_weights, save_model, strict_dataclass
from common.training.processes import pick_device
from final_project.muse2bach import ASSIGNMENT
from final_project.muse2bach.chorale import HIGHEST, LOWEST, VOICES, Chorale, Key
from final_project.muse2bach.completion import Progress, Sampling, complete
from final_project.muse2bach.copy_baseline import CopyModel
from final_project.muse2bach.counted_model import CountedModel
from final_project.muse2bach.frame_gru import FrameGru, FrameGruConfig
from final_project.muse2bach.gibbs import rewrite
from final_project.muse2bach.markov import MarkovModel
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.recall import RecallModel
from final_project.muse2bach.step_model import Context, StepModel
from final_project.muse2bach.task import UNKNOWN, wholly_known

NETWORK, GRU, RECALL = "network", "gru", "recall"
TRAINED = {NETWORK: (ChoraleNetwork, NetworkConfig), GRU: (FrameGru, FrameGruConfig)}
BASELINES: dict[str, type[CountedModel]] = {each.name: each for each in (MarkovModel, CopyModel)}
MOST_ROWS = 64  # that are written at once: results times particles


class Harmonizer:
    """name: the kind of model, such as "network". model: the `StepModel` itself."""

    def __init__(self, name: str, model: StepModel) -> None:
        self.name, self.model = name, model

    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: Sequence[int] = ()
    ) -> list[NDArray[np.float32]]:
        """log p of each cell, (frames, 4) for each chorale, as `StepModel.log_likelihoods` has it."""
        return self.model.log_likelihoods(chorales, given)

    def complete(
        self,
        given: NDArray[np.int16],
        *,
        position: NDArray[np.int16] | None = None,
        fermata: NDArray[np.bool_] | None = None,
        key: Key | None = None,
        seed: int = 0,
        count: int = 1,
        allowed: NDArray[np.bool_] | None = None,
        gibbs: int = 0,
        progress: Progress = lambda share: None,
        **sampling: Any,
    ) -> list[NDArray[np.int16]]:
        """`count` ways to fill in what is UNKNOWN in `given` (frames, 4): int16 (frames, 4) each.

        position, fermata, key: as in `Chorale`, None where not known. allowed: bool (frames, 4, 128), what
        each voice may sing. gibbs: sweeps in which parts are written anew (gibbs.py). progress: told the
        share, 0..1, that is done. sampling: options of `completion.Sampling`, such as `temperature`. The same
        seed gives the same results.
        Errors: UserError for pitches and options that are none, ValueError for shapes.
        """
        given, context, options = checked(given), Context(position, fermata, key), Sampling(**sampling)
        if count < 1 or gibbs < 0:
            raise UserError(f"{count} results after {gibbs} sweeps; give at least 1 and 0")
        generator = torch.Generator().manual_seed(seed)
        fill = partial(
            complete, self.model, context=context, sampling=options, generator=generator, allowed=allowed
        )
        judge = partial(self._log_p_of_frames, context=context, given=wholly_known(given))
        at_once = max(1, MOST_ROWS // options.particles)
        results: list[NDArray[np.int16]] = []
        while len(results) < count:
            rows = min(at_once, count - len(results))
            tell = partial(_tell, progress, len(results) / count, rows / count / (1 + gibbs))
            voices = fill(np.repeat(given[None], rows, axis=0), progress=partial(tell, 0))
            for sweep in range(gibbs):
                refill = partial(fill, progress=partial(tell, 1 + sweep))
                voices = rewrite(voices, given == UNKNOWN, refill, judge, generator=generator)
                tell(1 + sweep, 1.0)  # also where nothing was left to rewrite
            results += list(voices)
        return results

    def _log_p_of_frames(
        self, voices: NDArray[np.int16], *, context: Context, given: Sequence[int]
    ) -> NDArray[np.float64]:
        """log p of each frame of voices (B, frames, 4), voices `given` known: (B, frames)."""
        chorales = [
            Chorale("", each, position=context.position, fermata=context.fermata, key=context.key)
            for each in voices
        ]
        return np.stack(self.log_likelihoods(chorales, given)).sum(axis=2, dtype=np.float64)


def checked(given: NDArray[np.integer]) -> NDArray[np.int16]:
    """`given` (frames, 4), of pitches the models know. Errors: ValueError for its shape; UserError."""
    given = np.asarray(given)
    if given.ndim != 2 or given.shape[1] != len(VOICES) or not len(given):
        raise ValueError(f"given must be (frames, {len(VOICES)}), got {given.shape}")
    wrong = ((given >= 0) & (given < LOWEST)) | (given > HIGHEST) | (given < UNKNOWN)
    if wrong.any():
        frame, voice = np.argwhere(wrong)[0]
        raise UserError(
            f"the {VOICES[voice]} has pitch {given[frame, voice]} in frame {frame}, the model knows"
            f" {LOWEST} to {HIGHEST}; transpose it"
        )
    return given.astype(np.int16)


def _tell(progress: Progress, done: float, part: float, passes: int, share: float) -> None:
    """Of the whole: `done` before these rows, and of them so many passes and a share of one, each `part`."""
    progress(min(1.0, done + part * (passes + share)))


# ---- model folders ----


def save_baseline(folder: Path, model: CountedModel) -> None:
    """Write a baseline as a model folder of its own."""
    config = {"model": model.name, **model.config()}
    save_model(folder, assignment=ASSIGNMENT, config=config, tensors=model.tensors())


def load_harmonizer(run: Path, *, device: str = "auto") -> Harmonizer:
    """The model in the folder `run`, ready to use. device: "auto", "cpu", "cuda" ...; baselines need none.

    Errors: ModelFolderError for a folder that holds no model of these.
    """
    config, tensors = load_model(run, assignment=ASSIGNMENT)
    name = config.pop("model", NETWORK)
    if name in BASELINES:
        return Harmonizer(name, BASELINES[name].rebuilt(config, tensors, where=run))
    if name == RECALL:
        return Harmonizer(name, RecallModel.rebuilt(config, tensors, where=run).to(pick_device(device)))
    if name not in TRAINED:
        known = ", ".join((*TRAINED, RECALL, *BASELINES))
        raise ModelFolderError(f"{run}: a model of kind {name!r}; this code knows {known}")
    kind, options = TRAINED[name]
    model = kind(strict_dataclass(options, config, where=run))
    load_weights(model, tensors, where=run)
    return Harmonizer(name, model.to(pick_device(device)).eval())
