"""How the project is handed in, and three tones that everybody may hear."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="project_name",
    package="final_project.project_name",
    title="Project Title",
    inference=("{inputs}", "--json"),
    takes="audio files, or a folder of them",
    output='a JSON list on standard output: {"file", "kind", "probability"} per file',
    headlines=(
        Headline("top1", "accuracy", "baseline_majority_top1"),
        Headline("macro_f1", "macro F1", "baseline_majority_macro_f1"),
    ),
)

SAMPLE_RATE = 16_000  # Hz
EXAMPLES = {"low_sine": (220.0, 1), "high_sine": (880.0, 1), "hollow": (220.0, 15)}  # Hz, highest harmonic


def examples(folder: Path) -> list[Path]:
    """Three tones of odd harmonics, written into `folder` as NAME.wav.

    Imports nothing of the project: who grades it needs no other file of it.
    """
    import numpy as np

    from common import audio

    time, paths = np.arange(SAMPLE_RATE) / SAMPLE_RATE, []
    for name, (frequency, highest) in EXAMPLES.items():
        tones = [np.sin(2 * np.pi * n * frequency * time) / n for n in range(1, highest + 1, 2)]
        waveform = (0.5 * np.sum(tones, axis=0, keepdims=True)).astype(np.float32)  # (1, samples)
        paths.append(audio.write(folder / f"{name}.wav", waveform, sample_rate=SAMPLE_RATE))
    return paths
