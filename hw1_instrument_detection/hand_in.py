"""How HW1 is handed in, and three short mixes that everybody may hear."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="hw1",
    package="hw1_instrument_detection",
    title="HW1: instrument activity detection",
    inference=("{inputs}", "--json"),
    takes="audio files, or a folder of them",
    output=(
        'a JSON list on standard output: {"file", "duration", "step_seconds", "classes", "activity"} per'
        " file, a row of activity for every 5 seconds"
    ),
    headlines=(
        Headline("macro_f1", "macro F1", "everything_on_macro_f1"),
        Headline("micro_f1", "micro F1", "everything_on_micro_f1"),
        Headline("mean_average_precision", "mean average precision", "prevalence_mean_average_precision"),
    ),
)

SAMPLE_RATE, SECONDS = 24_000, 12.0  # Hz; two clips of 5 s and a rest
EXAMPLES = {  # General MIDI programs of melody, chords, bass
    "piano_trio": (0, 24, 32),
    "wind_and_strings": (73, 48, 43),
    "synth_band": (81, 16, 38),
}


def examples(folder: Path) -> list[Path]:
    """Three mixes, written into `folder` as NAME.wav."""
    from common.handin.example_songs import write_songs

    return write_songs(folder, EXAMPLES, sample_rate=SAMPLE_RATE, seconds=SECONDS)
