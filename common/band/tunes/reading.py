"""One tune from the corpus, ready for the band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.band.harmony import Chord, harmonize
from common.band.tunes import form, measures
from common.band.tunes.chords import chords_of_symbols, chords_of_voices
from common.band.tunes.keys import Key, choose_key, signature_keys, stated_keys, time_per_pitch_class
from common.band.tunes.measures import Measure
from common.band.tunes.meters import METERS, Meter
from common.band.tunes.sources import TuneSource, abc_tunes, corpus_folder, header_field
from common.band.tunes.tune import Tune, TuneError, TuneNote

MIN_BARS, MAX_BARS = 8, 128
LOWEST, HIGHEST = 40, 96  # MIDI pitches: what some instrument of a band plays as a melody
MIN_FILLED = 0.5  # of the time a melody sounds; less is a fragment or was misread
SYMBOLS_PER_BAR = 0.4  # from here on the symbols are the tune's harmony, not remarks that look like chords
CHORALE_VOICES = ("Soprano", "Alto", "Tenor", "Bass")


@dataclass(frozen=True)
class Written:
    """A tune as its source has it: melody first, then the other voices; all have the same measures."""

    voices: tuple[list[Measure], ...]
    meter: Meter
    keys: tuple[Key, ...]


def read_tune(source: TuneSource) -> Tune:
    """Read one tune of the catalog: repeats played, harmonized where the source has no chords.

    Takes about 0.05 s, the first one 0.6 s more, because music21 is imported.
    Errors: TuneError for a tune that cannot be used: unreadable, bars that do not add up, several meters
    or voices, fewer than 8 bars or more than 128, a range outside 40..96.
    """
    try:
        return _assembled(source, _written(source))
    except TuneError as error:
        raise TuneError(f"{source} ({source.title}): {error}") from error


def _written(source: TuneSource) -> Written:
    path = corpus_folder() / source.path
    if not path.is_file():
        raise TuneError("is not in music21's corpus; choose a source from catalog()")
    if path.suffix == ".mxl":
        parts = measures.parse_musicxml(path)
        chosen = [parts[name] for name in CHORALE_VOICES if name in parts] or list(parts.values())[:1]
        if len(chosen) not in (1, 4):
            raise TuneError("is not for four voices; choose another tune")
        meter = _meter(measures.meter_of(chosen[0]))
        keys = signature_keys(measures.sharps_of(chosen[0]))
        return Written(tuple(measures.measures_of(part) for part in chosen), meter, keys)
    text = abc_tunes(path.read_text(encoding="utf-8", errors="replace"))[(source.number or 1) - 1]
    keys = stated_keys(header_field(text, "K"))
    if not keys:
        raise TuneError(f"has the key {header_field(text, 'K')!r}, which is not known; choose another tune")
    meter = _meter(header_field(text, "M"))
    return Written((measures.measures_of(measures.parse_abc(text)),), meter, keys)


def _meter(name: str) -> Meter:
    if name not in METERS:
        raise TuneError(f"has the meter {name!r}, not one of {', '.join(METERS)}; choose another tune")
    return METERS[name]


def _assembled(source: TuneSource, written: Written) -> Tune:
    meter, melody_measures = written.meter, written.voices[0]
    written_bar = meter.beats_per_bar / meter.stretch
    order = form.played_order(melody_measures)
    starts = form.starts_of(melody_measures, order, written_bar)
    voices = [
        _stretched(form.melody_of(voice, order, starts), meter.stretch)
        for voice in written.voices
        if len(voice) == len(melody_measures)
    ]
    length = _checked_length(voices[0], meter.beats_per_bar)
    symbols = [(at * meter.stretch, s) for at, s in form.symbols_of(melody_measures, order, starts)]
    chords = _source_chords(voices, symbols, meter.beats_per_bar, length)
    tonic, mode = _key(written.keys, voices[0], chords)
    return Tune(
        title=source.title,
        source=str(source),
        meter=meter.name,
        beats_per_bar=meter.beats_per_bar,
        tonic=tonic,
        mode=mode,
        notes=tuple(voices[0]),
        chords=chords or harmonize(voices[0], meter.beats_per_bar, tonic, mode, length),
        has_source_chords=bool(chords),
        length=length,
    )


def _key(keys: tuple[Key, ...], melody: Sequence[TuneNote], chords: Sequence[Chord]) -> Key:
    """The key by the melody and, where the source has them, its chords; the last note or chord counts."""
    tones = [TuneNote(chord.onset, chord.duration, tone) for chord in chords for tone in chord.pitch_classes]
    final = chords[-1].root if chords else melody[-1].pitch
    return choose_key(keys, time_per_pitch_class([*melody, *tones]), final)


def _stretched(notes: Sequence[TuneNote], stretch: float) -> list[TuneNote]:
    return [TuneNote(note.onset * stretch, note.duration * stretch, note.pitch) for note in notes]


def _checked_length(melody: Sequence[TuneNote], beats_per_bar: float) -> float:
    """The melody's length in beats, whole bars. Errors: TuneError for one that is no use to a band."""
    if not melody:
        raise TuneError("has no notes; choose another tune")
    bars = int(np.ceil(melody[-1].end / beats_per_bar - form.TOLERANCE))
    if not MIN_BARS <= bars <= MAX_BARS:
        raise TuneError(f"has {bars} bars, not {MIN_BARS} to {MAX_BARS}; choose another tune")
    pitches = [note.pitch for note in melody]
    if min(pitches) < LOWEST or max(pitches) > HIGHEST:
        raise TuneError(
            f"goes from {min(pitches)} to {max(pitches)}, beyond {LOWEST}..{HIGHEST}; choose another"
        )
    length = bars * beats_per_bar
    filled = sum(note.duration for note in melody) / length
    if filled < MIN_FILLED:
        raise TuneError(f"is silent for {1 - filled:.0%} of its time; choose another tune")
    return length


def _source_chords(
    voices: Sequence[Sequence[TuneNote]],
    symbols: Sequence[tuple[float, str]],
    beats_per_bar: float,
    length: float,
) -> tuple[Chord, ...]:
    if len(voices) == len(CHORALE_VOICES):
        return chords_of_voices(voices, beats_per_bar, length)
    if len(symbols) >= SYMBOLS_PER_BAR * length / beats_per_bar:
        return chords_of_symbols(symbols, beats_per_bar, length)
    return ()
