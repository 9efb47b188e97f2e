"""pretty_midi, imported without a word.

It imports pyfluidsynth, which where CI is set prints the library's place to standard output: that would stand
before the list of a `--json`.
"""

import contextlib
import io

with contextlib.redirect_stdout(io.StringIO()):
    import pretty_midi

__all__ = ["pretty_midi"]
