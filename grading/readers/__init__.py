"""Reads what a hand-in wrote, and believes nothing of it.

    answers = read_json(folder / "stdout.json", most_bytes=16 << 20)

Only regular files with one name are opened, never links, and how large they are is known before anything
is read. All that is wrong with a file is an OutputError, one line. No pickles, no code, nothing unbounded:
what a header claims is held against what is there before memory is taken for it.
"""

from grading.readers.files import OutputError, open_output, read_bytes
from grading.readers.midi import MidiNotes, read_midi
from grading.readers.npz import read_npz
from grading.readers.text import read_csv, read_json
from grading.readers.wav import Sound, open_wav, read_wav

__all__ = [
    "MidiNotes",
    "OutputError",
    "Sound",
    "open_output",
    "open_wav",
    "read_bytes",
    "read_csv",
    "read_json",
    "read_midi",
    "read_npz",
    "read_wav",
]
