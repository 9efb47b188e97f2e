"""How well a model tells what Bach wrote, token by token, under flat keys with 95 % intervals over chorales.

A token is what one voice does in one sixteenth. Likelihoods are teacher-forced: each token is told from the
true ones before it. Keys, each with "_low" and "_high":

    nll                     negative log-likelihood, nats per token; nll_soprano ... nll_bass; nll_at_changes
    frame_perplexity        exp of the nats of a sixteenth, all voices: among how many chords it hesitates
    accuracy                share of tokens that are the most likely ones; accuracy_soprano ...
    accuracy_at_changes     the same where a voice takes another pitch than before, and in the first frame:
                            copying the sixteenth before is right everywhere else
    harmonization_nll       nats per token of alto, tenor and bass, the whole soprano being known

Tokens weigh alike, so long chorales weigh more. Undefined is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.metrics.classification.scores import ratio
from common.metrics.melody.pooled import Pooled, share
from final_project.muse2bach.chorale import VOICES, Chorale, changes
from final_project.muse2bach.rule_scores import Metrics, with_intervals
from final_project.muse2bach.tokens import VOCABULARY

SOPRANO = 0
UNIFORM_NLL = math.log(VOCABULARY)  # of a model that knows nothing

Cells = Sequence[NDArray]  # (frames, 4) of each chorale


def likelihood_scores(chorales: Sequence[Chorale], log_likelihoods: Cells) -> Metrics:
    """NLL of all voices, of each, and at changes. log_likelihoods: nats, negative. Errors: UserError, NaN."""
    lost = [-cells for cells in checked(log_likelihoods)]
    everything = [np.ones_like(cells, dtype=bool) for cells in lost]
    measures = {"nll": _mean(lost, everything)}
    measures |= {f"nll_{name}": _mean(lost, _only(lost, voice)) for voice, name in enumerate(VOICES)}
    measures["nll_at_changes"] = _mean(lost, [changes(chorale.voices) for chorale in chorales])
    per_token = measures["nll"]
    measures["frame_perplexity"] = Pooled(
        per_token.sums, lambda sums: np.exp(len(VOICES) * ratio(sums[:, 0], sums[:, 1]))
    )
    return with_intervals(measures)


def accuracy_scores(chorales: Sequence[Chorale], guesses: Cells) -> Metrics:
    """How often guesses, pitches or SILENT, are the true ones."""
    hits = [guess == chorale.voices for guess, chorale in zip(guesses, chorales, strict=True)]
    everything = [np.ones_like(cells, dtype=bool) for cells in hits]
    measures = {"accuracy": _mean(hits, everything)}
    measures |= {f"accuracy_{name}": _mean(hits, _only(hits, voice)) for voice, name in enumerate(VOICES)}
    measures["accuracy_at_changes"] = _mean(hits, [changes(chorale.voices) for chorale in chorales])
    return with_intervals(measures)


def harmonization_scores(log_likelihoods: Cells) -> Metrics:
    """NLL of the voices below, of `log_likelihoods` with the soprano given."""
    return with_intervals({"harmonization_nll": lower_voices(log_likelihoods)})


def lower_voices(log_likelihoods: Cells) -> Pooled:
    """The mean NLL of alto, tenor and bass, nats per token."""
    lost = [-cells for cells in checked(log_likelihoods)]
    return _mean(lost, [~mask for mask in _only(lost, SOPRANO)])


def checked(log_likelihoods: Cells) -> Cells:
    """The same. Errors: UserError where a model gives NaN or infinity, which would hide in a mean."""
    if not all(np.isfinite(cells).all() for cells in log_likelihoods):
        raise UserError("the model gives NaN or infinite probabilities; train again")
    return log_likelihoods


def uniform_scores() -> Mapping[str, float]:
    """Of a model for which all tokens are equally likely."""
    return {"nll": UNIFORM_NLL, "harmonization_nll": UNIFORM_NLL, "accuracy": 1 / VOCABULARY}


def _only(cells: Cells, voice: int) -> list[NDArray[np.bool_]]:
    """Masks of one voice, (frames, 4) for each chorale."""
    return [np.broadcast_to(np.arange(len(VOICES)) == voice, each.shape) for each in cells]


def _mean(values: Cells, masks: Cells) -> Pooled:
    """The mean of the values where the masks are set, over all chorales."""
    pairs = list(zip(values, masks, strict=True))
    totals = [value[mask].sum(dtype=np.float64) for value, mask in pairs]
    return share(totals, [mask.sum() for _, mask in pairs])
