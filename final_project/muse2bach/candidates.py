"""Several harmonizations of one task, the best first: those that break fewest rules, of these the likeliest.

Likelihood alone prefers what moves little, as it does with text (Holtzman et al. 2020, "The Curious Case of
Neural Text Degeneration"), so it only decides among harmonizations of which a teacher of harmony would
complain equally often. The rules are those of voice_leading.py, and one of our own: a phrase ends on a triad
(1494 of the 1499 fermatas in the training chorales do, or on a part of one).

The same seed gives the same candidates in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from final_project.muse2bach import completion
from final_project.muse2bach.articulation import articulated
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chorale_key import key_of
from final_project.muse2bach.chords import chord_kinds
from final_project.muse2bach.task import UNKNOWN, Task, wholly_known
from final_project.muse2bach.voice_leading import RULES, rule_counts

ENDS = "open_ends"  # fermatas that end on no triad
CHECKS = (*RULES, ENDS)
COOLEST, HOTTEST = 0.05, 5.0
MOST_SWEEPS, MOST_PARTICLES = 200, 64


@dataclass(frozen=True, kw_only=True)
class Sampling(completion.Sampling):
    """How a version is drawn, and revised. The temperature was chosen on validation chorales, see LOG.md."""

    temperature: float = 0.8
    """Above 1 bolder, below 1 safer; near 0 the most likely pitch each time."""
    gibbs: int = 0
    """Sweeps of revision after the first draft: parts of it are forgotten and drawn again, given all the
    rest. Each takes about as long as the draft."""

    def __post_init__(self) -> None:
        if not COOLEST <= self.temperature <= HOTTEST:
            raise UserError(f"--temperature is {self.temperature:g}; give {COOLEST:g} to {HOTTEST:g}")
        if not 0 <= self.gibbs <= MOST_SWEEPS:
            raise UserError(f"--gibbs is {self.gibbs}; give 0 to {MOST_SWEEPS} sweeps")
        if self.particles > MOST_PARTICLES:
            raise UserError(f"--particles is {self.particles}; give at most {MOST_PARTICLES}")
        super().__post_init__()


class Harmonizes(Protocol):
    """What is asked of a harmonizer; see harmonizer.py."""

    def complete(self, given: NDArray[np.int16], **options: Any) -> list[NDArray[np.int16]]:
        """`count` versions of `given`, (frames, 4) each, without UNKNOWN."""
        ...

    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: tuple[int, ...] = ()
    ) -> list[NDArray[np.float32]]:
        """Nats of each cell, (frames, 4) for each chorale."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A chorale, how likely the model finds it, and how often it breaks each rule.

    log_likelihood: nats for each sixteenth of a voice that was to be filled in. broken: by name, of CHECKS.
    """

    chorale: Chorale
    log_likelihood: float
    broken: dict[str, int] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        """How many rules are broken, all together."""
        return sum(self.broken.values())


def candidates(
    harmonizer: Harmonizes,
    task: Task,
    *,
    count: int,
    sampling: Sampling | None = None,
    allowed: NDArray[np.bool_] | None = None,
    seed: int = 0,
    progress: Callable[[float], object] = lambda share: None,
) -> list[Candidate]:
    """Different versions of the task, at most `count`, the best first.

    allowed: bool (frames, 4, 128), the pitches of which each voice may choose. progress: is told the share
    that is drawn, 0..1.
    """
    sampling = sampling or Sampling()
    versions = harmonizer.complete(
        task.given,
        position=task.position,
        fermata=task.fermata,
        key=task.key,
        seed=seed,
        count=count,
        allowed=allowed,
        progress=progress,
        **asdict(sampling),
    )
    chorales = [finished(task, voices) for voices in different(versions)]
    return rank(chorales, likelihoods(harmonizer, task, chorales))


def rank(chorales: Sequence[Chorale], likelihoods: Sequence[float]) -> list[Candidate]:
    """The chorales as candidates, the best first, of equally good ones the earlier."""
    found = [
        Candidate(chorale, likelihood, broken_rules(chorale))
        for chorale, likelihood in zip(chorales, likelihoods, strict=True)
    ]
    return sorted(found, key=lambda candidate: (candidate.faults, -candidate.log_likelihood))


def different(versions: Sequence[NDArray[np.int16]]) -> list[NDArray[np.int16]]:
    """The versions without those that are another's equal."""
    return list({version.tobytes(): version for version in versions}.values())


def finished(task: Task, voices: NDArray[np.int16]) -> Chorale:
    """The chorale that `voices` (frames, 4) make of a task: with onsets, its key, and the soprano's text."""
    given = wholly_known(task.given)
    onsets = articulated(voices, known=task.onsets, given=given, position=task.position, fermata=task.fermata)
    return Chorale(
        name=task.name,
        voices=voices,
        onsets=onsets,
        position=task.position,
        fermata=task.fermata,
        key=task.key or key_of(voices),
        title=task.title,
        text=task.text if 0 in given else None,
    )


def likelihoods(harmonizer: Harmonizes, task: Task, chorales: Sequence[Chorale]) -> list[float]:
    """Nats of each chorale for each cell that was to be filled in."""
    chosen = task.given == UNKNOWN
    told = harmonizer.log_likelihoods(chorales, given=wholly_known(task.given))
    return [float(of_cells[chosen].mean(dtype=np.float64)) for of_cells in told]


def broken_rules(chorale: Chorale) -> dict[str, int]:
    """How often each of CHECKS is broken."""
    counts = rule_counts(chorale.voices, chorale.position)
    return {rule: counts[rule] for rule in RULES} | {ENDS: open_ends(chorale)}


def open_ends(chorale: Chorale) -> int:
    """Fermatas whose last chord is neither a triad nor a part of one."""
    last = np.flatnonzero(chorale.fermata & ~np.append(chorale.fermata[1:], False))
    return sum(kind in ("seventh", "other") for kind in chord_kinds(chorale.voices[last]))
