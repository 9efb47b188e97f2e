"""The scores of a model and of what stands beside it, under flat keys.

key in metrics.json        what is scored
(none)                     the model: likelihoods of all test chorales; rules in its harmonizations
free_                      its harmonizations when parallels are not avoided
bach_                      Bach's own alto, tenor and bass to the same sopranos
markov_, copy_             the baselines that were counted in the model's training data
chance_                    Bach's sopranos above the lower voices of other test chorales (chance.py)
uniform_                   a model for which all tokens are equally likely
NAME_                      another model that stands beside it, by the name of its run folder

What the likelihood keys mean, token_scores.py says; the rules, rule_scores.py. "sample_nll": what the model
itself finds of alto, tenor and bass in harmonizations, its own or others', nats per token; less is likelier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from numpy.typing import NDArray

from common.commands import spread
from final_project.muse2bach.candidates import Sampling
from final_project.muse2bach.chance import chance_harmonizations
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.harmonizing import Harmonized, System, Watched, harmonize, unwatched
from final_project.muse2bach.predictions import predictions
from final_project.muse2bach.rule_scores import Metrics, rule_scores, with_intervals
from final_project.muse2bach.token_scores import (
    SOPRANO,
    accuracy_scores,
    harmonization_scores,
    likelihood_scores,
    lower_voices,
    uniform_scores,
)

MODEL, FREE, BACH, MARKOV, COPY = "model", "free", "bach", "markov", "copy"
CHANCE, UNIFORM = "chance", "uniform"


@dataclass(frozen=True)
class Told:
    """What a system says of the true chorales. log_likelihoods: (frames, 4) each, nothing given."""

    log_likelihoods: list[NDArray]
    metrics: Metrics


@dataclass(frozen=True)
class Evaluation:
    """All that was measured, by the names of the systems. harmonized: of the chorales in `pieces`."""

    chorales: list[Chorale]
    pieces: list[Chorale]
    told: dict[str, Told]
    harmonized: dict[str, Harmonized]
    rules: dict[str, Metrics] = field(default_factory=dict)

    def metrics(self) -> Metrics:
        """All scores under flat keys."""
        flat: Metrics = {
            "num_chorales": len(self.chorales),
            "num_tokens": sum(chorale.voices.size for chorale in self.chorales),
            "num_pieces": len(self.pieces),
        }
        systems = {name: told.metrics for name, told in self.told.items()}
        for name in systems | self.rules:
            prefix = "" if name == MODEL else f"{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_')}_"
            for key, value in (systems.get(name, {}) | self.rules.get(name, {})).items():
                flat[f"{prefix}{key}"] = value
        return flat


def tell(system: System, chorales: Sequence[Chorale], *, watched: Watched = unwatched) -> Told:
    """Likelihoods, with and without the soprano given, and accuracy."""
    told = system.log_likelihoods(chorales, given=())
    metrics = likelihood_scores(chorales, told)
    metrics |= harmonization_scores(system.log_likelihoods(chorales, given=(SOPRANO,)))
    guesses = predictions(system.model, chorales, watched=watched)
    return Told(told, metrics | accuracy_scores(chorales, guesses))


def evaluate(
    model: System,
    baselines: Mapping[str, System],
    chorales: Sequence[Chorale],
    *,
    pieces: int,
    sampling: Sampling,
    seed: int = 0,
    watched: Watched = unwatched,
) -> Evaluation:
    """Score a model and all that stands beside it on the test `chorales`; harmonize `pieces` of them, 0: all.

    baselines: MARKOV and COPY, and whatever else is to be told beside the model.
    """
    systems = {MODEL: model, **baselines}
    told = {name: tell(system, chorales, watched=named(watched, name)) for name, system in systems.items()}
    told[UNIFORM] = Told([], dict(uniform_scores()))
    chosen = spread(chorales, pieces or len(chorales))
    made = {BACH: Harmonized(chosen, 0.0)}
    for name, way in ways(sampling).items():
        if system := systems.get(MODEL if name == FREE else name):
            made[name] = harmonize(system, chosen, way, seed=seed, watched=named(watched, name))
    if by_chance := chance_harmonizations(chosen, chorales):
        made[CHANCE] = Harmonized(by_chance, 0.0)
    rules = {name: of_harmonized(each.chorales, model, seed=seed) for name, each in made.items()}
    return Evaluation(list(chorales), chosen, told, made, rules)


def ways(sampling: Sampling) -> dict[str, Sampling]:
    """How each system harmonizes; the Markov chain as it is, without what is done for the model."""
    free = replace(sampling, avoid_parallels=False, spacing=False)
    return {MODEL: replace(sampling, avoid_parallels=True), FREE: free, MARKOV: replace(free, gibbs=0)}


def of_harmonized(chorales: Sequence[Chorale], model: System, *, seed: int = 0) -> Metrics:
    """The rules in harmonizations, and how likely `model` finds them."""
    likely = lower_voices(model.log_likelihoods(chorales, given=(SOPRANO,)))
    return rule_scores(chorales, seed=seed) | with_intervals({"sample_nll": likely}, seed=seed)


def named(watched: Watched, name: str) -> Watched:
    """The same, telling of which system."""
    return lambda items, what: watched(items, f"{name}: {what}")
