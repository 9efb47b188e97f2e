"""How HW3 is handed in, and three old lyrics that everybody may sing."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

ONLY_MIDI = ("--no-musicxml", "--no-score", "--no-roll", "--no-wav")

HAND_IN = Assignment(
    short="hw3",
    package="hw3_melody_generation",
    title="HW3: lyrics-conditioned melody generation",
    inference=("{inputs}", "--out", "{out}", "--json", *ONLY_MIDI),
    takes="text files of lyrics, or a folder of them; one song each, a line of text for a line of the song",
    output="OUT/NAME.mid for each text, one note per syllable, and a JSON list on standard output",
    headlines=(
        Headline("nll", "likelihood, lower is better", "random_nll", "nats per note"),
        Headline("lyrics_gain", "gain by the right lyrics", "random_lyrics_gain", "nats per note"),
        Headline("scale_consistency", "scale consistency", "random_scale_consistency"),
        Headline("line_end_long", "long notes at line ends", "random_line_end_long"),
        Headline("rest_mcc", "correlation of rests", "random_rest_mcc"),
    ),
    evaluates_alone=False,  # the baselines of the same training data, baselines.safetensors, stand beside it
)

EXAMPLES = {  # in the public domain
    "twinkle": "Twinkle, twinkle, little star,\nHow I wonder what you are!\n"
    "Up above the world so high,\nLike a diamond in the sky.\n",
    "amazing_grace": "Amazing grace, how sweet the sound\nThat saved a wretch like me!\n"
    "I once was lost, but now am found,\nWas blind, but now I see.\n",
    "auld_lang_syne": "Should old acquaintance be forgot,\nAnd never brought to mind?\n"
    "Should old acquaintance be forgot,\nAnd days of long ago?\n",
}


def examples(folder: Path) -> list[Path]:
    """Three lyrics, written into `folder` as NAME.txt."""
    paths = []
    for name, text in EXAMPLES.items():
        paths.append(folder / f"{name}.txt")
        paths[-1].write_text(text, encoding="utf-8")
    return paths
