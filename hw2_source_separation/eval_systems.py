"""What eval.py scores: a model, and beside it the same model with other phases and its kept epochs.

key in metrics.json                what separates
(none)                             the model, its best epoch, as it is
wiener_                            after a multichannel Wiener filter
griffin_lim_, ..., misi_           with phases found anew
true_magnitude_griffin_lim_, ...   the control: the same phases for the true magnitudes
epoch_025_, ...                    the weights that training kept after epoch 25
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from common.cli import UserError
from common.run_folder import RunFolder
from hw2_source_separation.models import count_parameters
from hw2_source_separation.separation_record import fingerprint
from hw2_source_separation.separator import Phase, Refinement, RefinementOptions, Separator, load_separator
from hw2_source_separation.song_scoring import Targets, separate_song, true_magnitudes
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import STEMS, outputs
from hw2_source_separation.streaming import Estimates

MAIN = ""  # the key of the model as it is
PHASE_TITLES = {
    "griffin-lim": "Griffin-Lim",
    "griffin-lim-mixture": "warm Griffin-Lim",
    "misi": "MISI",
}


@dataclass(frozen=True)
class System:
    """One way of separating. Systems with the same identity give the same."""

    key: str
    title: str
    names: tuple[str, ...]  # of what the pieces hold
    identity: Hashable
    pieces: Callable[[Song], Iterator[Estimates]] = field(compare=False)


@dataclass(frozen=True)
class Candidate:
    """A model that is evaluated.

    groups: the targets that its own outputs are scored as, the first ones first. controls: the phases for the
    true magnitudes. best_epoch: the one that validation chose, if the folder tells.
    """

    name: str
    folder: Path
    separator: Separator
    groups: tuple[Targets, ...]
    main: System
    phases: tuple[System, ...]
    controls: tuple[System, ...]
    epochs: tuple[System, ...]
    best_epoch: int | None

    @property
    def systems(self) -> tuple[System, ...]:
        """All of them, the model as it is first."""
        return (*self.to_hear, *self.epochs)

    @property
    def to_hear(self) -> tuple[System, ...]:
        """Those of which samples are kept: all but the epochs."""
        return (self.main, *self.phases, *self.controls)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What its tables have a row for."""
        return tuple(dict.fromkeys(output for targets in self.groups for output in outputs(targets)))

    @property
    def parameters(self) -> int:
        """How many numbers the model has learnt."""
        return count_parameters(self.separator.model)


def load_candidate(
    name: str,
    folder: Path,
    songs: Sequence[Song],
    *,
    phases: Sequence[Phase],
    options: RefinementOptions,
    epochs: bool,
    chunk_seconds: float,
    batch_size: int,
    device: str,
) -> Candidate:
    """The model in `folder` with all that is scored beside it. Errors: UserError."""
    load = partial(load_separator, device=device, refinement=Refinement(residual=options.residual))
    separator = load(folder)
    groups = groups_of(folder, separator.targets, songs)
    system = partial(_system, chunk_seconds=chunk_seconds, batch_size=batch_size)
    refinements = refinements_of(phases, options)
    refined = partial(Separator, separator.model, separator.device)
    return Candidate(
        name,
        folder,
        separator,
        groups,
        main=system(MAIN, name, separator, folder),
        phases=tuple(system(key_of(one), title_of(one), refined(one), folder) for one in refinements),
        controls=tuple(
            _control(separator, groups[0], one, chunk_seconds) for one in refinements if one.phase != "model"
        ),
        epochs=tuple(
            system(path.name, str(epoch), load(path), path)
            for epoch, path in (kept_epochs(folder) if epochs else {}).items()
        ),
        best_epoch=best_epoch(folder),
    )


def refinements_of(phases: Sequence[Phase], options: RefinementOptions) -> list[Refinement]:
    """What is tried beside the model as it is, each once."""
    wanted = ["model"] * bool(options.wiener) + [phase for phase in phases if phase != "model"]
    return [Refinement(phase=phase, **asdict(options)) for phase in dict.fromkeys(wanted)]


def key_of(refinement: Refinement) -> str:
    """Such as `griffin_lim_mixture`; `wiener` for the model's own phases after the filter."""
    return "wiener" if refinement.phase == "model" else refinement.phase.replace("-", "_")


def title_of(refinement: Refinement) -> str:
    """As the tables have it."""
    if refinement.phase == "model":
        return f"Wiener x {refinement.wiener}"
    return "Wiener, " * bool(refinement.wiener) + PHASE_TITLES[refinement.phase]


def kept_epochs(folder: Path) -> dict[int, Path]:
    """The model folders RUN/epoch_NNN that training kept, by epoch."""
    found = {}
    for path in folder.glob("epoch_*"):
        number = path.name.removeprefix("epoch_")
        if number.isdecimal() and (path / "config.json").is_file():
            found[int(number)] = path
    return dict(sorted(found.items()))


def best_epoch(folder: Path) -> int | None:
    """The epoch with the best validation score, whose weights the run folder holds; None if it is unknown."""
    if not (folder / "run.json").is_file():
        return None
    scored = [record for record in RunFolder.open(folder).history() if record.get("score") is not None]
    # Of equal scores the first: only a better one replaces the model.
    return max(scored, key=lambda record: record["score"])["epoch"] if scored else None


def groups_of(folder: Path, targets: Targets, songs: Sequence[Song]) -> tuple[Targets, ...]:
    """What the outputs of a model can be scored as on these songs.

    As museval does, vocals and accompaniment are scored together, and four stems without it: such a model's
    accompaniment is scored in a group of its own. Errors: UserError where songs lack all of its targets.
    """
    known = STEMS if all(song.stems() == STEMS for song in songs) else ("vocals",)
    own = tuple(stem for stem in known if stem in targets)
    if not own:
        raise UserError(
            f"{folder}: finds {', '.join(targets)}, but there are songs that have only vocals and"
            " accompaniment; give other --data, or a model of vocals"
        )
    return (own, ("vocals",)) if set(own) == set(STEMS) else (own,)


def shared_targets(candidates: Sequence[Candidate]) -> Targets:
    """The targets that several models can be compared by. Errors: UserError if there are none."""
    sets = [set(candidate.groups[0]) for candidate in candidates]
    shared = tuple(stem for stem in STEMS if all(stem in targets for targets in sets))
    if not shared:
        finds = ", ".join(f"{each.name} finds {' and '.join(each.groups[0])}" for each in candidates)
        raise UserError(f"--model: {finds}; they have nothing in common, evaluate them one by one")
    return shared


def _system(
    key: str, title: str, separator: Separator, folder: Path, *, chunk_seconds: float, batch_size: int
) -> System:
    options = {"chunk_seconds": chunk_seconds, "batch_size": batch_size}
    identity = (fingerprint(folder), separator.refinement)
    pieces = partial(separate_song, separator, **options)
    return System(key, title, separator.outputs, identity, pieces)


def _control(separator: Separator, targets: Targets, refinement: Refinement, chunk_seconds: float) -> System:
    """The true magnitudes with phases as `refinement` finds them."""
    refinement, transform = replace(refinement, wiener=0), separator.model.transform
    options = {**transform, "chunk_seconds": chunk_seconds, "device": separator.device}
    return System(
        f"true_magnitude_{key_of(refinement)}",
        f"truth: {title_of(refinement)}",
        outputs(targets),
        ("truth", targets, refinement, *transform.values()),
        lambda song: true_magnitudes(song, targets, refinement, **options),
    )
