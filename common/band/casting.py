"""Who plays when, and what: in each section some instruments lead, some accompany, some are silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.band.form import VOCAL, SectionPlan
from common.band.roles import can_lead
from common.band.score import Instrument, Role

Cast = dict[int, Role]  # index of the part -> what it plays in a section; those not in it are silent

# How likely a role plays in a section of energy 0.6, and how much more so per unit of energy.
_PRESENCE: dict[Role, tuple[float, float]] = {
    "drums": (0.9, 0.7),
    "bass": (0.9, 0.5),
    "chords": (0.76, 0.4),
    "pad": (0.62, 0.8),
    "arpeggio": (0.6, 0.3),
    "counter": (0.6, 0.6),
    "color": (0.5, 0.8),
    "melody": (0.0, 0.0),  # see `_lead`
}
_SMALL_SCENE = 0.35  # of the pieces have a solo or a duo
_SMALL_SCENE_SUNG = 0.6  # with a singer: a voice over one guitar or piano is what pop songs begin with
_ANSWERS = 0.5  # of the sung sections in which a melody instrument plays a line beside the voice
_DOUBLES = 0.12  # of the sung sections in which one plays along with the voice
_RESTS_ONCE: dict[Role, float] = {"drums": 0.5, "bass": 0.6}  # the others nearly always
_RESTS = 0.95
_PAUSE = 5.0  # seconds: a section that long is a rest worth the name


def cast_sections(
    instruments: Sequence[Instrument],
    plans: Sequence[SectionPlan],
    bar_seconds: float,
    rng: np.random.Generator,
    *,
    singer: bool = False,
) -> list[Cast]:
    """What each part plays in each section. Every part plays somewhere, and somebody plays everywhere.

    `singer`: the tune is sung in the sections of `VOCAL`, so that instruments seldom play it there.
    """
    casts: list[Cast] = []
    leaders = _leaders(instruments, rng)
    for index, plan in enumerate(plans):
        if index and plan.name in ("verse", "chorus") and rng.random() < 0.5:
            casts.append(_as_before(plan, plans, casts))
        else:
            casts.append({})
        if not casts[-1]:
            casts[-1] = _accompany(instruments, plan, rng)
            if singer and plan.name in VOCAL:
                casts[-1] |= _answer(instruments, leaders, rng)
            else:
                casts[-1] |= _lead(instruments, leaders, index, plan, rng)
    small = _SMALL_SCENE_SUNG if singer else _SMALL_SCENE
    if rng.random() < small and len(instruments) > 2:
        _small_scene(instruments, plans, casts, rng)
    _everybody_plays(instruments, plans, casts)
    _somebody_plays(instruments, casts, rng)
    _everybody_rests(instruments, plans, casts, bar_seconds, rng)
    return casts


def _leaders(instruments: Sequence[Instrument], rng: np.random.Generator) -> list[int]:
    """Those who play the tune, in an order: the melody instruments, else any that can."""
    leaders = [index for index, instrument in enumerate(instruments) if instrument.role == "melody"]
    if not leaders:
        able = [index for index, instrument in enumerate(instruments) if can_lead(instrument)]
        leaders = able[:1] if not able else [int(rng.choice(able))]
    return [int(index) for index in rng.permutation(leaders)]


def _as_before(plan: SectionPlan, plans: Sequence[SectionPlan], casts: Sequence[Cast]) -> Cast:
    """The cast of the last section of the same name, or nobody if this is the first."""
    same = [cast for earlier, cast in zip(plans, casts, strict=False) if earlier.name == plan.name]
    return dict(same[-1]) if same else {}


def _accompany(instruments: Sequence[Instrument], plan: SectionPlan, rng: np.random.Generator) -> Cast:
    """Those who are in, by their role and the section's energy."""
    cast: Cast = {}
    for index, instrument in enumerate(instruments):
        base, slope = _PRESENCE[instrument.role]
        if rng.random() < base + slope * (plan.energy - 0.6):
            cast[index] = instrument.role
    return cast


def _lead(
    instruments: Sequence[Instrument],
    leaders: Sequence[int],
    index: int,
    plan: SectionPlan,
    rng: np.random.Generator,
) -> Cast:
    """One or two play the tune, the other melody instruments sometimes something else."""
    cast: Cast = {}
    for leader in leaders:
        if instruments[leader].role == "melody" and rng.random() < (0.4 if plan.is_sung else 0.3):
            cast[leader] = "counter"
    able = [i for i, instrument in enumerate(instruments) if can_lead(instrument)]
    if not plan.is_sung or not able:
        return cast
    main = leaders[(index // 2) % len(leaders)]
    if plan.name == "solo" and rng.random() < 0.7:
        main = int(rng.choice(able))
    cast[main] = "melody"
    if len(leaders) > 1 and rng.random() < 0.25 + 0.2 * (plan.name == "chorus"):
        cast[leaders[(index // 2 + 1) % len(leaders)]] = "melody"
    return cast


def _answer(instruments: Sequence[Instrument], leaders: Sequence[int], rng: np.random.Generator) -> Cast:
    """Beside a singer melody instruments play lines of their own or rest; now and then one plays along."""
    cast: Cast = {}
    for leader in leaders:
        if instruments[leader].role == "melody" and rng.random() < _ANSWERS:
            cast[leader] = "counter"
    if leaders and rng.random() < _DOUBLES:
        cast[leaders[0]] = "melody"
    return cast


def _small_scene(
    instruments: Sequence[Instrument],
    plans: Sequence[SectionPlan],
    casts: list[Cast],
    rng: np.random.Generator,
) -> None:
    """One section becomes a solo or a duo of those who were in it."""
    quiet = [i for i, plan in enumerate(plans) if plan.name in ("intro", "bridge", "break", "solo", "verse")]
    if not quiet:
        return
    place = int(rng.choice(quiet))
    pitched = [index for index in casts[place] if not instruments[index].is_drum]
    if pitched:
        count = min(int(rng.choice([1, 2, 2])), len(pitched))
        leads = [index for index in pitched if casts[place][index] == "melody"][:1]
        others = [int(i) for i in rng.permutation([i for i in pitched if i not in leads])]
        casts[place] = {index: casts[place][index] for index in [*leads, *others][:count]}


def _everybody_plays(
    instruments: Sequence[Instrument], plans: Sequence[SectionPlan], casts: list[Cast]
) -> None:
    """Parts that play in too few of the sections also enter in the fullest ones."""
    fullest = [int(i) for i in np.argsort([-plan.energy for plan in plans], kind="stable")]
    for index, instrument in enumerate(instruments):
        wanted = max(1, round(0.45 * len(plans)))
        role: Role = "counter" if instrument.role == "melody" else instrument.role
        for place in fullest:
            if sum(index in cast for cast in casts) >= wanted:
                break
            if len(casts[place]) > 2 or len(instruments) <= 4 or not any(index in cast for cast in casts):
                casts[place].setdefault(index, role)


def _somebody_plays(instruments: Sequence[Instrument], casts: list[Cast], rng: np.random.Generator) -> None:
    """No section is empty."""
    for cast in casts:
        if not cast:
            index = int(rng.integers(len(instruments)))
            role = instruments[index].role
            cast[index] = "counter" if role == "melody" else role


def _everybody_rests(
    instruments: Sequence[Instrument],
    plans: Sequence[SectionPlan],
    casts: list[Cast],
    bar_seconds: float,
    rng: np.random.Generator,
) -> None:
    """Most parts are silent for a whole section at least; nobody leaves others without company."""
    for index, instrument in enumerate(instruments):
        long = [i for i, plan in enumerate(plans) if plan.bars * bar_seconds >= _PAUSE]
        if any(index not in casts[i] for i in long) or rng.random() > _RESTS_ONCE.get(
            instrument.role, _RESTS
        ):
            continue
        free = [i for i in long if len(casts[i]) > 1 and casts[i][index] != "melody"]
        free = free or [i for i in long if len(casts[i]) > 1]
        if free and sum(index in cast for cast in casts) > 1:
            quietest = sorted(free, key=lambda i: plans[i].energy)[: max(1, len(free) // 2)]
            del casts[int(rng.choice(quietest))][index]
