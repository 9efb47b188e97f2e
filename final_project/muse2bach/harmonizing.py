"""The harmonizations of test chorales that eval.py looks at: Bach's sopranos, the other voices drawn anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.candidates import Harmonizes, Sampling
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.step_model import StepModel
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.token_scores import SOPRANO

# Passes chorales on, one after another, and shows how far it is with what it is told.
Watched = Callable[[Sequence[Chorale], str], Iterable[Chorale]]


class System(Harmonizes, Protocol):
    """A model or a baseline, as harmonizer.py loads it."""

    model: StepModel


def unwatched(items: Sequence[Chorale], what: str) -> Sequence[Chorale]:
    """The items, and nothing is shown."""
    return items


@dataclass(frozen=True)
class Harmonized:
    """What a system made of the sopranos, in their order. seconds: that it took, all together."""

    chorales: list[Chorale]
    seconds: float


def harmonize(
    system: System,
    chorales: Sequence[Chorale],
    sampling: Sampling,
    *,
    seed: int = 0,
    watched: Watched = unwatched,
) -> Harmonized:
    """The sopranos of `chorales` with alto, tenor and bass of the system's.

    It knows bars, fermatas and key where Bach's chorale does. Each chorale has a seed of its own, so that
    more of them do not change the first ones.
    """
    begin, found = time.perf_counter(), []
    for place, chorale in enumerate(watched(chorales, "harmonized")):
        (voices,) = system.complete(
            soprano_alone(chorale),
            position=chorale.position,
            fermata=chorale.fermata,
            key=chorale.key,
            seed=seed + place,
            **asdict(sampling),
        )
        found.append(replace(chorale, voices=voices, onsets=None, text=None))
    return Harmonized(found, time.perf_counter() - begin)


def soprano_alone(chorale: Chorale) -> NDArray[np.int16]:
    """What is given: the soprano, UNKNOWN elsewhere."""
    given = np.full_like(chorale.voices, UNKNOWN)
    given[:, SOPRANO] = chorale.voices[:, SOPRANO]
    return given
