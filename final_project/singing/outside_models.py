"""The models of other projects that infer.py asks, each loaded from its folder when it is first needed.

HW3 writes melodies, muse2bach three more voices. Theirs is other code, which a hand-in does not carry along:
without it, songs are sung that have their notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from common.cli import UserError
from common.commands import newest_run
from final_project.singing.performance import singer_named
from final_project.singing.song import Song

if TYPE_CHECKING:
    from common.singing import Singer
    from final_project.singing.four_parts import Harmonizes
    from final_project.singing.melody_source import MelodySource

MELODY_RUNS = Path("runs/hw3")
USUAL_SINGER = "Olga"  # whose range a melody is written for where nobody is asked for


@dataclass
class Models:
    """Folders of models, None for the newest run of HW3, and for no harmony."""

    melody: Path | None = None
    harmony: Path | None = None
    device: str = "auto"

    def compose(
        self,
        text: str,
        *,
        title: str,
        singer: Singer | None,
        language: str,
        tempo: float | None,
        seed: int,
    ) -> tuple[Song, list[str]]:
        """A song for a text, as `MelodySource.compose`. Errors: UserError where there is no such model."""
        return self.melody_source.compose(
            text,
            title=title,
            singer=singer or singer_named(USUAL_SINGER),
            language=language,
            tempo=tempo,
            seed=seed,
        )

    def in_four_parts(self, song: Song, *, seed: int) -> tuple[Song, list[str]]:
        """The song with three more voices, and notices. Errors: UserError."""
        with code_of("muse2bach", "leave out --harmonize"):
            from final_project.singing.four_parts import in_four_parts
        parts, notices = in_four_parts(song, self.harmonizer, seed=seed)
        return parts, list(notices)

    @cached_property
    def melody_source(self) -> MelodySource:
        with code_of("HW3", "give notes with --notes"):
            from final_project.singing.melody_source import MelodySource
        run = self.melody
        if run is None:
            if not any(MELODY_RUNS.glob("*/validation.json")):
                raise UserError(
                    f"no notes to sing, and no model in {MELODY_RUNS} to write them: give --notes FILE, or"
                    " train a model with python hw3/train.py"
                )
            run = newest_run(MELODY_RUNS, script="hw3/train.py", option="--melody-model")
        return MelodySource.load(run, device=self.device)

    @cached_property
    def harmonizer(self) -> Harmonizes:
        with code_of("muse2bach", "leave out --harmonize"):
            from final_project.muse2bach.harmonizer import load_harmonizer
        return load_harmonizer(self.harmony, device=self.device)


@contextmanager
def code_of(project: str, instead: str) -> Iterator[None]:
    """An import of another project's code, whose absence is the user's to mend. Errors: UserError."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UserError(f"the code of {project} is not here ({error.name}); {instead}") from error
