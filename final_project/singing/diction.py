"""How the voices sing here: with clear diphthongs, and high notes that keep their fundamental.

In speech the way from [a] to [ɪ] is over in a tenth of a second; at the end of a long note that is easily
missed. And no voice speaks as high as it sings, where the pitch passes the first formant. The singers of
HW2's data have neither (`Singer.offglide` and `Singer.formant_tuning` are 0), so that these stay what they
are.
"""

from __future__ import annotations

from dataclasses import replace

from common.singing import Singer

OFFGLIDE = 0.15  # s; .2 was understood no better (LOG.md)
FORMANT_TUNING = 0.6


def clear(singer: Singer, language: str | None = None) -> Singer:
    """The singer with this diction, in `language` of espeak-ng or in the singer's own."""
    own = singer.in_language(language or singer.language)
    return replace(own, offglide=OFFGLIDE, formant_tuning=FORMANT_TUNING)
