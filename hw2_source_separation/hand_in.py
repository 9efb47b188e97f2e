"""How HW2 is handed in, and three short songs that everybody may hear."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="hw2",
    package="hw2_source_separation",
    title="HW2: source separation",
    inference=("{inputs}", "--out", "{out}", "--json"),
    takes="audio files, or a folder of them",
    output=(
        "OUT/SONG/vocals.wav and OUT/SONG/accompaniment.wav for each recording, and a JSON list on standard"
        " output"
    ),
    headlines=(
        Headline("vocals_sdr", "SDR of vocals", "mixture_vocals_sdr", "dB"),
        Headline("accompaniment_sdr", "SDR of accompaniment", "mixture_accompaniment_sdr", "dB"),
    ),
    most_parameters=9_999_999,  # fixed by the assignment: fewer than 10 million
    pretrained_allowed=False,
)

SAMPLE_RATE, SECONDS = 44_100, 6.0  # Hz
EXAMPLES = {  # General MIDI programs of melody (a choir for the singer), chords, bass
    "song_with_guitar": (53, 25, 33),
    "song_with_piano": (52, 0, 32),
    "song_with_organ": (54, 16, 38),
}


def examples(folder: Path) -> list[Path]:
    """Three songs in stereo, written into `folder` as NAME.wav."""
    from common.handin.example_songs import write_songs

    return write_songs(folder, EXAMPLES, sample_rate=SAMPLE_RATE, seconds=SECONDS, stereo=True)
