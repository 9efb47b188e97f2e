"""Files of notes -> lines: MIDI, MusicXML and ABC, with the text under the notes, metre, key and tempo.

    piece = read_midi(content)             # or read_musicxml, read_abc; `kind_of` says which
    melody = single(piece.lines[0])        # one note at a time, or a UserError

Conventions: onsets and ends are quarter notes from the beginning of the piece, pitches MIDI numbers.
"""

from common.notes_in.kinds import kind_of
from common.notes_in.lines import Line, LineNote, Metre, Piece, single
from common.notes_in.midi_input import read_midi
from common.notes_in.score_input import read_abc, read_musicxml

__all__ = [
    "Line",
    "LineNote",
    "Metre",
    "Piece",
    "kind_of",
    "read_abc",
    "read_midi",
    "read_musicxml",
    "single",
]
