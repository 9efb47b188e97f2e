"""mini-Slakh: a small data set in Slakh2100's layout that everybody can make, without a download.

lineups.py    which instruments play together
planning.py   which pieces there are: tunes, line-ups, lengths, seeds
writer.py     one track's folder: stems, their sum, MIDI, metadata.yaml
maker.py      arranges, renders and writes the plan into train, validation and test
"""

from hw1_instrument_detection.mini_slakh.maker import MARKER, make_mini_slakh
from hw1_instrument_detection.mini_slakh.planning import MINUTES, QUICK_MINUTES

__all__ = ["MARKER", "MINUTES", "QUICK_MINUTES", "make_mini_slakh"]
