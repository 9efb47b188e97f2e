"""What infer.py tells about its chorales: as JSON for programs, as a short table for the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common.notes_in.lines import Metre
from final_project.muse2bach.candidates import CHECKS, Candidate
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.notation import bars, key_name, sung_notes
from final_project.muse2bach.outputs import Manner
from final_project.muse2bach.performance import frame_times

BROKEN = {  # how the rules are called when they are broken once, and more often
    "parallel_fifths": ("parallel fifth", "parallel fifths"),
    "parallel_octaves": ("parallel octave", "parallel octaves"),
    "crossings": ("crossing", "crossings"),
    "wide_spacings": ("wide spacing", "wide spacings"),
    "open_ends": ("phrase that ends on no triad", "phrases that end on no triad"),
}


@dataclass(frozen=True)
class Finished:
    """A chorale with everything that was written for it; outputs: path by format, such as "midi"."""

    name: str
    candidate: Candidate
    manner: Manner
    outputs: Mapping[str, Path]

    def moved(self, folder: Path) -> Finished:
        """The same with its files in another folder."""
        return replace(self, outputs={kind: folder / path.name for kind, path in self.outputs.items()})


def described(finished: Finished) -> dict[str, Any]:
    """A chorale as `--json` tells it; notes in quarter notes from the beginning, a list for each voice."""
    candidate, manner = finished.candidate, finished.manner
    chorale = candidate.chorale
    return {
        "name": finished.name,
        "key": key_name(chorale.key) if chorale.key else None,
        "metre": metre_name(manner.metre),
        "tempo": manner.tempo,
        "bars": bars(chorale, manner.metre)[-1].number,  # as the score numbers them, without an upbeat
        "seconds": round(float(frame_times(chorale, manner.tempo)[-1]), 3),
        "log_likelihood": candidate.log_likelihood,
        "broken": dict(candidate.broken),
        "notes": {voice: notes_of(chorale, number) for number, voice in enumerate(VOICES)},
        "outputs": {kind: str(path) for kind, path in finished.outputs.items()},
    }


def notes_of(chorale: Chorale, voice: int) -> dict[str, list]:
    """The notes of a voice; rests are left out."""
    notes = [note for note in sung_notes(chorale, voice) if note.pitch is not None]
    return {
        "pitch": [note.pitch for note in notes],
        "onset": [note.begin / FRAMES_PER_QUARTER for note in notes],
        "duration": [(note.end - note.begin) / FRAMES_PER_QUARTER for note in notes],
    }


def metre_name(metre: Metre) -> str:
    return f"{metre.beats}/{metre.beat_type}"


def table(label: str, result: Mapping[str, Any], *, count: int) -> str:
    """What came of a file, for the screen."""
    lines = [label, row("given", ", ".join(result["given"]) or "nothing")]
    lines += [row("note", notice) for notice in result["notices"]]
    for take in result["chorales"]:
        lines += [row("chorale", chorale_summary(take)), row("chosen", ranking_summary(take, count))]
        lines.append(row("files", files_summary(take)))
    return "\n".join(lines)


def row(name: str, text: str) -> str:
    return f"  {name:<9}{text}"


def chorale_summary(take: Mapping[str, Any]) -> str:
    """Such as "G major, 4/4, 17 bars at 80 quarter notes a minute, 0:58"."""
    minutes, seconds = divmod(round(take["seconds"]), 60)
    at_tempo = f"{plural(take['bars'], 'bar')} at {take['tempo']:.4g} quarter notes a minute"
    return ", ".join([take["key"] or "no key", take["metre"], at_tempo, f"{minutes}:{seconds:02}"])


def ranking_summary(take: Mapping[str, Any], count: int) -> str:
    """Such as "of 8 takes, -0.31 nats a sixteenth, 1 parallel fifth"."""
    return (
        f"of {plural(count, 'take')}, {take['log_likelihood']:.2f} nats a sixteenth, {faults(take['broken'])}"
    )


def faults(broken: Mapping[str, int]) -> str:
    """The rules that are broken, and how often, in words."""
    found = [plural(broken[rule], *BROKEN[rule]) for rule in CHECKS if broken.get(rule)]
    return ", ".join(found) or "no rule broken"


def files_summary(take: Mapping[str, Any]) -> str:
    """Such as "chorales/song.musicxml, .mid, .svg, .png, .pdf, .wav, _sung.wav"."""
    paths = [Path(path) for path in take["outputs"].values()]
    endings = [path.name.removeprefix(take["name"]) for path in paths[1:]]
    return ", ".join([str(paths[0]), *endings]) if paths else "none"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Such as "1 bar", "2 bars"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
