"""What a song is made of, and what a model makes of it.

A song of MUSDB18 is the sum of four stems. A model is trained for one or several *targets* among them; what
it gives (its *outputs*) always adds up to the mixture: targets that leave something out are completed by
the rest, and the rest of `vocals` is the `accompaniment`.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.cli import UserError

SAMPLE_RATE = 44100  # Hz, MUSDB18's
CHANNELS = 2
STEMS = ("vocals", "drums", "bass", "other")  # in the order of every array here
ACCOMPANIMENT = "accompaniment"  # drums + bass + other
REST = "rest"  # what targets other than `vocals` leave over
MIXTURE = "mixture"


def require_targets(targets: Sequence[str]) -> None:
    """Errors: UserError unless `targets` are different stems, at least one."""
    unknown = [target for target in targets if target not in STEMS]
    if unknown:
        raise UserError(f"--targets {unknown[0]}: no such stem; choose among {', '.join(STEMS)}")
    if not targets or len(set(targets)) < len(targets):
        raise UserError(f"--targets {' '.join(targets)}: give one or several different stems")


def outputs(targets: Sequence[str]) -> tuple[str, ...]:
    """What a model with these targets gives: its targets and, unless these are all stems, the rest.

    >>> outputs(["vocals"])
    ('vocals', 'accompaniment')
    >>> outputs(["bass", "drums"])
    ('bass', 'drums', 'rest')
    """
    if set(targets) == set(STEMS):
        return tuple(targets)
    return (*targets, ACCOMPANIMENT if tuple(targets) == ("vocals",) else REST)


def members(output: str, targets: Sequence[str]) -> tuple[str, ...]:
    """The stems whose sum is the truth for `output` of a model with these targets.

    >>> members("accompaniment", ["vocals"])
    ('drums', 'bass', 'other')
    """
    if output in STEMS:
        return (output,)
    return tuple(stem for stem in STEMS if stem not in targets)
