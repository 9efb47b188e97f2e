"""A harmonizer that knows no music: fast, seeded, and its answers can be foretold."""

from __future__ import annotations

import numpy as np

from final_project.muse2bach.chorale import SILENT, VOICES
from final_project.muse2bach.task import RANGES, UNKNOWN, USUAL_PITCH


class StandIn:
    """Holds a pitch for each quarter, drawn from the voice's range; likes voices that stay where they are.

    calls: the options of each call of `complete`.
    """

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def complete(self, given, **options):
        self.calls.append(options)
        rng = np.random.default_rng(options["seed"])
        return [self.version(given, options["allowed"], rng) for _ in range(options["count"])]

    def version(self, given, allowed, rng):
        voices = given.copy()
        for voice, name in enumerate(VOICES):
            low, high = RANGES[name]
            for first in range(0, len(given), 4):
                pitches = np.arange(low, high + 1)
                if allowed is not None:
                    pitches = pitches[allowed[first, voice, pitches]]
                part = voices[first : first + 4, voice]
                part[part == UNKNOWN] = rng.choice(pitches)
        return voices

    def log_likelihoods(self, chorales, given=()):
        usual = np.array([USUAL_PITCH[voice] for voice in VOICES])
        found = []
        for chorale in chorales:
            told = np.where(chorale.voices == SILENT, -1.0, -abs(chorale.voices - usual) / 10)
            told[:, list(given)] = 0
            found.append(told.astype(np.float32))
        return found
