"""How muse2bach is handed in, and three old melodies that everybody may harmonize."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from common.assignments import Assignment, Headline

if TYPE_CHECKING:
    from final_project.muse2bach.chorale import Chorale

HAND_IN = Assignment(
    short="muse2bach",
    package="final_project.muse2bach",
    title="Muse2bach: chorales in four parts",
    inference=("{inputs}", "--out", "{out}", "--json", "--formats", "musicxml", "midi"),
    takes="MIDI, MusicXML or ABC files of a melody, recordings of one line, or a folder of them",
    output="OUT/NAME.musicxml and OUT/NAME.mid for each file, and a JSON list on standard output",
    headlines=(
        Headline("nll", "likelihood, lower is better", "markov_nll", "nats per token"),
        Headline(
            "harmonization_nll", "the same, soprano given", "markov_harmonization_nll", "nats per token"
        ),
        Headline("accuracy_at_changes", "changes of pitch foretold", "markov_accuracy_at_changes"),
        Headline("parallel_fifths", "parallel fifths", "bach_parallel_fifths", "per 100 quarters; Bach's"),
        Headline("parallel_octaves", "parallel octaves", "bach_parallel_octaves", "per 100 quarters; Bach's"),
    ),
    evaluates_alone=False,  # the baselines of the same training data stand beside the model
)

AMAZING_GRACE = """X:1
T:Amazing Grace
C:New Britain, 1829; words by John Newton, 1779
M:3/4
L:1/4
Q:1/4=76
K:G
D|G2B/G/|B2A|G2E|D2D|G2B/G/|B2A|!fermata!d3-|d2
w:A-ma-zing_ grace, how sweet the sound that saved a_ wretch like me!
B|d2B/G/|B2A|G2E|D2D|G2B/G/|B2A|!fermata!G3-|G2|]
w:I once was_ lost, but now am found, was blind, but_ now I see.
"""

# Of each note MIDI pitch, quarter notes, syllable; a full stop after the pitch is a fermata.
ODE_TO_JOY = """71 1 Freu- 71 1 de, 72 1 schö- 74 1 ner 74 1 Göt- 72 1 ter- 71 1 fun- 69 1 ken,
67 1 Toch- 67 1 ter 69 1 aus 71 1 E- 71 1.5 ly- 69 .5 si- 69. 2 um,
71 1 wir 71 1 be- 72 1 tre- 74 1 ten 74 1 feu- 72 1 er- 71 1 trun- 69 1 ken,
67 1 Himm- 67 1 li- 69 1 sche, 71 1 dein 69 1.5 Hei- 67 .5 lig- 67. 2 tum!"""

TWINKLE = """67 1 Twin- 67 1 kle, 74 1 twin- 74 1 kle, 76 1 lit- 76 1 tle 74. 2 star,
72 1 how 72 1 I 71 1 won- 71 1 der 69 1 what 69 1 you 67. 2 are!
74 1 Up 74 1 a- 72 1 bove 72 1 the 71 1 world 71 1 so 69. 2 high,
74 1 like 74 1 a 72 1 dia- 72 1 mond 71 1 in 71 1 the 69. 2 sky."""


def examples(folder: Path) -> list[Path]:
    """Three melodies, written into `folder`: as ABC, MIDI and MusicXML. All are in the public domain."""
    from common.notes_in.lines import Metre
    from final_project.muse2bach.midi_output import midi_bytes
    from final_project.muse2bach.score import musicxml

    # Beethoven 1824, words by Schiller 1785; "Ah! vous dirai-je, Maman" of about 1740, words by Taylor 1806
    ode = melody("Ode to Joy", ODE_TO_JOY)
    twinkle = melody("Twinkle, twinkle, little star", TWINKLE)
    contents = {
        "amazing_grace.abc": AMAZING_GRACE.encode(),
        "ode_to_joy.mid": midi_bytes(ode, metre=Metre(), tempo=100),
        "twinkle.musicxml": musicxml(twinkle, metre=Metre(), tempo=92, staves=4),
    }
    paths = [folder / name for name in contents]
    for path in paths:
        path.write_bytes(contents[path.name])
    return paths


def melody(title: str, notes: str) -> Chorale:
    """A chorale in G major in which only the soprano sings, in 4/4 from the first note on."""
    import numpy as np

    from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES, Chorale

    words = notes.split()
    pitches, quarters, text = words[::3], words[1::3], words[2::3]
    lengths = [round(float(length) * FRAMES_PER_QUARTER) for length in quarters]
    voices = np.full((sum(lengths), len(VOICES)), SILENT, dtype=np.int16)
    onsets = np.zeros(voices.shape, dtype=bool)
    voices[:, 0] = np.repeat([int(pitch.rstrip(".")) for pitch in pitches], lengths)
    onsets[np.cumsum(lengths) - lengths, 0] = True
    fermata = np.repeat([pitch.endswith(".") for pitch in pitches], lengths)
    position = np.arange(len(voices)) % (4 * FRAMES_PER_QUARTER)
    return Chorale("melody", voices, onsets, position, fermata, (7, "major"), title, tuple(text))
