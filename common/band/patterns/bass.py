"""Bass lines: roots, fifths and octaves in the rhythm of a style, and lines that walk.

In these rhythms an onset says which note of the chord: `r` root, `t` third, `f` fifth, `e` the octave, `a` a
step into the next chord's root.
"""

from __future__ import annotations

import numpy as np

from common.band.patterns.notation import Bar, Event, Hit, Rhythm, hits, pulses, split_at_chords
from common.band.patterns.player import Pattern, Player
from common.band.patterns.voicing import degree
from common.band.tunes import Chord

BASS_RHYTHMS: dict[str, tuple[Rhythm, ...]] = {
    "long": (
        ("R-------", "R-----", "R-----"),
        ("R---r---", "R---r-", "R--r--"),
        ("R-----f-", "R---f-", "R---f-"),
    ),
    "root fifth": (
        ("R---f---", "R---f-", "R--f--"),
        ("R-..f-..", "R-.f..", "R-.f-."),
        ("R--rf--f", "R-r-f-", "R-rf-f"),
    ),
    "quarters": (("R-r-r-r-", "R-r-r-", "R-rR-r"), ("R-r-f-a-", "R-t-f-", "R-tf-a")),
    "eighths": (
        ("RrrrRrrr", "RrRrRr", "RrrRrr"),
        ("RrrrRrra", "Rrrrra", "RrrRra"),
        ("RrrrRrff", "RrrrfF", "RrrFff"),
    ),
    "octaves": (("ReReReRe", "Rerere", "RerRer"), ("R.e.R.e.", "R.e.e.", "R.eR.e")),
    "pop": (
        ("R--r----", "R--r--", "R-rr--"),
        ("R--r--r-", "R--rr-", "R--r-r"),
        ("R--rr-f-", "R-.rf-", "R-rf--"),
        ("R--r-.fa", "R--rfa", "R-rf-a"),
    ),
    "funk": (
        ("R..r..e.r.f..r.a", "R..r..e.r.fa", "R.rrr.E.f.ra"),
        ("R-..r.e...rrt.f.", "R-..r.e.f.ra", "R-.rr.f-.fra"),
        ("R.rr...ef...r.ta", "R.rr..ef.r.a", "R..r..E..f.a"),
    ),
    "latin": (
        ("R--ff--r", "R--ff-", "R--f-r"),
        ("..fr--f-", "R-.ff-", "R-.ff-"),
        ("R--f..f-", "R--f.f", "R--f.f"),
    ),
    "reggae": (
        ("R..r.f..", "R..rf.", "R..f.r"),
        ("..r-r-t-", ".rr-t-", "..rR-t"),
        ("R-t-f.r.", "R-t-f.", "R-tf.r"),
    ),
    "sparse": (("R-......", "R-....", "R-...."), ("R-....r-", "R-...r", "R--..r")),
}


def bass_line(name: str, rng: np.random.Generator) -> Pattern:
    """A way to play the bass: a name of `BASS_RHYTHMS`, or "walking"."""
    if name == "walking":
        return walking
    rhythms = BASS_RHYTHMS[name]
    rhythm = rhythms[rng.integers(len(rhythms))]

    def play(bar: Bar, player: Player) -> list[Event]:
        strokes = _from_the_downbeat(split_at_chords(hits(rhythm, bar), bar), bar)
        return [_event(hit, bar, player) for hit in strokes]

    return play


def walking(bar: Bar, player: Player) -> list[Event]:
    """A note on each pulse: the root where a chord begins, chord and scale tones, a step into the next."""
    events = []
    strokes = pulses(bar, bar.pulse)
    for hit, following in zip(strokes, [*strokes[1:], None], strict=True):
        chord = bar.chord_at(hit.onset)
        after = bar.chord_at(following.onset) if following else bar.next_chord
        if hit.onset == bar.start or abs(chord.onset - hit.onset) < 0.01:
            pitch = _root(chord, player)
        elif after is not chord and after.root != chord.root:
            pitch = _approach(after, player)
        else:
            pitch = _walk(bar, chord, player)
        events.append(Event(hit.onset, 0.95 * hit.duration, pitch, hit.accent))
    return events


def _from_the_downbeat(strokes: list[Hit], bar: Bar) -> list[Hit]:
    """Chords that begin on a stroke bring their root, whatever the rhythm's letter says."""
    onsets = {round(chord.onset, 3) for chord in bar.chords}
    return [Hit(h.onset, h.duration, "r", h.accent) if round(h.onset, 3) in onsets else h for h in strokes]


def _event(hit: Hit, bar: Bar, player: Player) -> Event:
    chord = bar.chord_at(hit.onset)
    root = _root(chord, player)
    pitch = {
        "t": lambda: player.nearest(degree(chord, "3"), root + 4),
        "f": lambda: player.nearest(degree(chord, "5"), root + player.rng.choice([-5, 7])),
        "e": lambda: root + 12 if root + 12 in player.register else root,
        "a": lambda: _approach(bar.next_chord, player),
    }.get(hit.symbol, lambda: root)()
    return Event(hit.onset, 0.92 * hit.duration, pitch, hit.accent)


def _root(chord: Chord, player: Player) -> int:
    """The root in the lower half of the register, where basses live."""
    low = player.register.low
    player.last_pitch = low + (chord.root - low) % 12
    return player.last_pitch


def _approach(chord: Chord, player: Player) -> int:
    """A half or whole step from the coming root."""
    root = player.register.low + (chord.root - player.register.low) % 12
    step = player.rng.choice([-2, -1, 1, 2])
    player.last_pitch = int(root + step if root + step in player.register else root + abs(step))
    return player.last_pitch


def _walk(bar: Bar, chord: Chord, player: Player) -> int:
    """The next scale or chord tone, a third or less away, not the same note again."""
    wanted = bar.scale | set(chord.pitch_classes)
    near = [
        pitch
        for pitch in range(player.last_pitch - 4, player.last_pitch + 5)
        if pitch % 12 in wanted and pitch != player.last_pitch and pitch in player.register
    ]
    chord_tones = [pitch for pitch in near if pitch % 12 in chord.pitch_classes]
    choices = chord_tones if chord_tones and player.rng.random() < 0.7 else near
    player.last_pitch = int(player.rng.choice(choices or [player.last_pitch]))
    return player.last_pitch
