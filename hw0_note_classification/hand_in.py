"""How HW0 is handed in, and three notes that everybody may hear."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="hw0",
    package="hw0_note_classification",
    title="HW0: musical note classification",
    inference=("{inputs}", "--json"),
    takes="audio files, or a folder of them",
    output='a JSON list on standard output: {"file", "top3": [{"family", "probability"}, ...]} per file',
    headlines=(
        Headline("top1", "top-1 accuracy", "baseline_majority_top1"),
        Headline("top3", "top-3 accuracy", "baseline_majority_top3"),
        Headline("macro_f1", "macro F1", "baseline_majority_macro_f1"),
    ),
    pretrained_allowed=False,
)

SAMPLE_RATE = 16_000  # Hz, NSynth's
HELD, SECONDS = 3.0, 4.0  # as NSynth's notes
EXAMPLES = {"guitar": (24, 55), "flute": (73, 74), "organ": (19, 60)}  # General MIDI program, pitch


def examples(folder: Path) -> list[Path]:
    """Three notes, written into `folder` as NAME.wav."""
    from common import audio
    from common.synthesis import Note, Synthesizer

    paths = []
    with Synthesizer(sample_rate=SAMPLE_RATE) as synthesizer:
        for name, (program, pitch) in EXAMPLES.items():
            note = Note(pitch, 0.0, HELD)
            sound = audio.to_mono(synthesizer.render([note], program=program, duration=SECONDS))
            paths.append(audio.write(folder / f"{name}.wav", sound, sample_rate=SAMPLE_RATE))
    return paths
