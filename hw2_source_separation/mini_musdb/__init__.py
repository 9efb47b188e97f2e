"""mini-MUSDB18: songs in MUSDB18-HQ's layout that everybody can make, without a download.

    make_mini_musdb(Path("data/mini_musdb"))

A small band (`common.band`) arranges real tunes, a synthetic singer (`common.singing`) sings words to them,
and both are mixed as a producer would.

planning.py   which songs there are: tunes, bands, singers, words, lengths, seeds
lineups.py    which instruments play together
lyrics.py     the words, in lyrics/*.txt
phrases.py    the singer's part: notes that can be sung, breaths, words under the notes
vocals.py     who sings it: the lead, doubled takes, harmonies
mixing.py     levels, equalizer, compression, rooms, the limiter: four stems whose sum is the mixture
writer.py     one song's folder
maker.py      makes all of the plan

Disjoint between train, validation and test: tunes (by title), words, singers, and of the band's sounds
those that `common.band.presets` holds out. Shared: arranger, styles, kits of drums, the sounds that both
soundfonts have (basses, electric guitars, organs, synthesizers; see `common.band.presets`), the way of
singing and of mixing. Validation songs lie in train/, as MUSDB18's do; validation.txt names them.
"""

from hw2_source_separation.mini_musdb.maker import MARKER, make_mini_musdb
from hw2_source_separation.mini_musdb.planning import MINUTES, QUICK_MINUTES

__all__ = ["MARKER", "MINUTES", "QUICK_MINUTES", "make_mini_musdb"]
