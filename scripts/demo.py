"""The homeworks once through on small data: make the data, train, evaluate, try out; hand one in, grade it.

    make demo, or python scripts/demo.py

Each command is printed before it runs, as one would type it. A second call repeats no training: what is
finished says so, what was interrupted goes on. A later homework adds its steps to `STEPS` and its folders
to `RESULTS`.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NUM_EXAMPLES = 6
VERSE = "Der Mond ist aufgegangen,\ndie goldnen Sternlein prangen\nam Himmel hell und klar."  # Claudius, 1779


@dataclass(frozen=True)
class Step:
    """A command to run: the words after `python`, and the files that exist only when its turn comes."""

    command: Sequence[str]
    files: Callable[[], Sequence[str]] = tuple


def spread(pattern: str, count: int = NUM_EXAMPLES) -> list[str]:
    """`count` of the files that match `pattern`, evenly spread over their sorted names."""
    paths = sorted(ROOT.glob(pattern))
    count = min(count, len(paths))
    chosen = [paths[index * len(paths) // count] for index in range(count)]
    return [str(path.relative_to(ROOT)) for path in chosen]


STEPS = (
    Step(["hw0/train.py", "--out", "runs/hw0/demo"]),
    Step(["hw0/eval.py", "--model", "runs/hw0/demo"]),
    Step(
        ["hw0/infer.py", "--model", "runs/hw0/demo"],
        files=lambda: spread("data/mini_nsynth/nsynth-test/audio/*.wav"),
    ),
    Step(["hw1/train.py", "--preset", "quick", "--out", "runs/hw1/demo"]),
    Step(["hw1/eval.py", "--model", "runs/hw1/demo"]),
    Step(
        ["hw1/infer.py", "--model", "runs/hw1/demo", "--out", "runs/hw1/demo/songs", "--html"],
        files=lambda: spread("data/mini_slakh_quick/test/*/mix.flac", count=2),
    ),
    Step(["hw2/train.py", "--preset", "quick", "--out", "runs/hw2/demo"]),
    Step(["hw2/eval.py", "--model", "runs/hw2/demo"]),
    Step(
        ["hw2/infer.py", "--model", "runs/hw2/demo", "--out", "runs/hw2/demo/separated", "--html"],
        files=lambda: spread("data/mini_musdb_quick/test/*/mixture.wav", count=1),
    ),
    Step(["hw3/train.py", "--out", "runs/hw3/demo"]),
    Step(["hw3/eval.py", "--model", "runs/hw3/demo"]),
    Step(
        [
            "hw3/infer.py",
            "--model",
            "runs/hw3/demo",
            "--out",
            "runs/hw3/demo/melodies",
            "--sing",
            "--html",
            VERSE,
        ],
    ),
    Step(["final_project/muse2bach/train.py", "--model", "markov", "--out", "runs/muse2bach/demo"]),
    Step(
        [
            *["final_project/muse2bach/infer.py", "--model", "runs/muse2bach/demo"],
            *["--out", "runs/muse2bach/demo/chorales", "--takes", "4", "--html"],
        ],
        files=lambda: spread("runs/hw3/demo/melodies/*.mid", count=1),
    ),
    Step(
        [
            *["final_project/singing/infer.py", VERSE, "--melody-model", "runs/hw3/demo"],
            *["--harmonize", "runs/muse2bach/demo", "--out", "runs/singing/demo", "--html"],
        ]
    ),
    Step(
        [
            *["final_project/guitar_effect_removal/train.py", "--preset", "quick"],
            *["--out", "runs/guitar_effect_removal/demo"],
        ]
    ),
    Step(
        [
            *["final_project/guitar_effect_removal/infer.py", "--model", "runs/guitar_effect_removal/demo"],
            *["--no-detect", "--out", "runs/guitar_effect_removal/demo/cleaned", "--html"],
        ],
        files=lambda: spread("data/guitars_quick/test/wet/*distortion*.flac", count=1),
    ),
    Step(
        [
            *["-m", "common.handin", "pack", "hw0", "--student-id", "r12345678", "--run", "runs/hw0/demo"],
            *["--words", "grading/reference/hw0.md", "--out", "handin/demo"],
        ]
    ),
    Step(["-m", "common.handin", "check", "handin/demo/r12345678_hw0.zip", "--run"]),
    Step(["-m", "grading", "run", "handin/demo", "--assignment", "hw0", "--out", "graded/demo"]),
)
RESULTS = {
    "data/mini_nsynth": "HW0's small data set, in the layout of NSynth",
    "runs/hw0/demo": "HW0's note classifier: model, history, metrics, figures",
    "data/mini_slakh_quick": "a few minutes of HW1's data set, in the layout of Slakh2100",
    "runs/hw1/demo": "HW1's instrument detector, quickly trained: model, metrics, figures, pages that play",
    "data/mini_musdb_quick": "a minute of HW2's songs, in the layout of MUSDB18-HQ",
    "runs/hw2/demo": "HW2's separator, hardly trained: model, metrics, figures, a page with the stems",
    "data/chorales": "HW3's songs: Bach's chorales, in the layout of the lyrics-melody corpus",
    "runs/hw3/demo": "HW3's melody transformer: model, metrics, figures, a song with score, sound and page",
    "runs/muse2bach/demo": "a Markov chain of chorales, and that song in four parts: score, sound, page",
    "runs/singing/demo": "the same words sung in four parts, with a karaoke page",
    "data/guitars_quick": "a handful of guitars, dry and with effects",
    "runs/guitar_effect_removal/demo": "a remover of guitar effects, hardly trained, and a page to compare",
    "handin/demo": "HW0's hand-in: the zip of code, model and report, and the report as slides",
    "graded/demo": "the grade of that hand-in: gradebook, feedback page, leaderboard, logs",
}
NEXT = "Classify a recording of your own: .venv/bin/python hw0/infer.py --model runs/hw0/demo FILE"


def main() -> int:
    began = time.monotonic()
    for step in STEPS:
        code = run(step)
        if code:
            print(f"\nstopped; `make demo` goes on from here (exit code {code})", file=sys.stderr)
            return code
    report(seconds=time.monotonic() - began)
    return 0


def run(step: Step) -> int:
    """Print a step's command, run it from the root of the repository, return its exit code."""
    words = [*step.command, *step.files()]
    print(f"\n$ python {shlex.join(words)}", flush=True)
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT)
    try:
        return process.wait()
    except KeyboardInterrupt:  # the command got the same signal, and says itself how to go on
        process.wait()
        return 130


def report(*, seconds: float) -> None:
    """What lies where now, with the number of files and the size of each folder."""
    print(f"\nDone in {seconds / 60:.1f} minutes. Made:")
    for folder, what in RESULTS.items():
        sizes = [path.stat().st_size for path in (ROOT / folder).rglob("*") if path.is_file()]
        print(f"  {folder:<22} {what} ({len(sizes)} files, {sum(sizes) / 1e6:.1f} MB)")
        for figure in sorted((ROOT / folder).rglob("*.png")):
            print(f"    {figure.relative_to(ROOT)}")
    print(NEXT)


if __name__ == "__main__":
    sys.exit(main())
