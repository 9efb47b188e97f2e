"""mini-NSynth: a small data set in NSynth's layout that everybody can make, without a download.

programs.py   which General MIDI programs stand for which family and split
families/     the families as recipes for modelled instruments
engines/      which plays them: damped partials and harmonic waves
effects.py    the way from an instrument to a file: equalizer, room, noise, level
planning.py   which instruments there are and which notes they play
maker.py      renders the plan into nsynth-train, nsynth-valid and nsynth-test
"""

from hw0_note_classification.mini_nsynth.maker import make_mini_nsynth
from hw0_note_classification.mini_nsynth.planning import NOTES, QUICK_NOTES

__all__ = ["NOTES", "QUICK_NOTES", "make_mini_nsynth"]
