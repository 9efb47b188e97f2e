"""How singing is handed in, and three old songs that everybody may sing."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="singing",
    package="final_project.singing",
    title="Singing: lyrics and notes to a voice",
    inference=("{inputs}", "--out", "{out}", "--json"),
    takes="MIDI, MusicXML or ABC files of melodies with their words, or a folder of them",
    output="OUT/NAME.wav, .mid, .lrc and .json for each song; on standard output a JSON list, in which the"
    " model says how many of the sung vowels it understands",
    headlines=(
        Headline("in_tune_pyin", "frames within 50 cents, pYIN", "one_tone_in_tune"),
        Headline("in_tune_harvest", "the same, Harvest", "one_tone_in_tune"),
        Headline("onset_median_ms", "onset error, median", "speech_onset_median_ms", "ms"),
        Headline("vowels_sung", "vowels understood, sung", "vowels_sine"),
        Headline("vowels_spoken", "the same vowels, spoken", "vowels_majority"),
    ),
)

TWINKLE = """X:1
T:Twinkle, twinkle, little star
C:Ah! vous dirai-je, Maman, about 1740; words by Jane Taylor, 1806
M:4/4
L:1/4
Q:1/4=100
K:C
CCGG|AAG2|FFEE|DDC2|]
w:Twin-kle, twin-kle, lit-tle star, How I won-der what you are!
"""
MOON = """X:1
T:Der Mond ist aufgegangen
C:Johann Abraham Peter Schulz, 1790; words by Matthias Claudius, 1779
M:4/4
L:1/4
Q:1/4=84
K:F
F|GFBA|G2FA|AAdc|B2A|]
w:Der Mond ist auf-ge-gan-gen, die gold-nen Stern-lein pran-gen
"""
GRACE = """X:1
T:Amazing Grace
C:New Britain, 1829; words by John Newton, 1779
M:3/4
L:1/4
Q:1/4=80
K:G
D|G2B/G/|B2A|G2E|D2D|G2B/G/|B2A|d3-|d2|]
w:A-ma-zing_ grace, how sweet the sound that saved a_ wretch like me!
"""
EXAMPLES = {"twinkle": TWINKLE, "der_mond": MOON, "amazing_grace": GRACE}


def examples(folder: Path) -> list[Path]:
    """Three melodies with their words, written into `folder` as NAME.abc. All are in the public domain."""
    paths = []
    for name, text in EXAMPLES.items():
        paths.append(folder / f"{name}.abc")
        paths[-1].write_text(text, encoding="utf-8")
    return paths
