"""`Synthesizer`: one soundfont, any number of renders, each as if it were the first.

FluidSynth's own reset keeps the state of filters, reverb and chorus (2.3: the next render differs), so each
render has a FluidSynth of its own (0.6 ms), and the soundfont, slow to load, is handed from one to the next.

Notes begin and end on the blocks of 64 samples in which FluidSynth computes: 0.7 ms off at most at 44.1 kHz.
FluidSynth does not filter what lies above half of `sample_rate`: for clean audio at a low rate render at
44.1 kHz and resample with `common.audio`. A `Synthesizer` belongs to one process and one thread.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from common.synthesis.library import SynthesisError, load_fluidsynth
from common.synthesis.score import GENERATORS, Note, Part, without_overlap
from common.synthesis.soundfonts import check_soundfont, default_soundfont

BLOCK = 64  # samples; FluidSynth's internal buffer: what is sent to it takes effect at the next block
MAX_PARTS = 48  # channels of each FluidSynth; MIDI itself has 16
POLYPHONY = 512  # voices; a dense score would lose its oldest notes at FluidSynth's own 256
INTERPOLATIONS = {"none": 0, "linear": 1, "cubic": 4, "sinc": 7}  # enum fluid_interp: number of points
COARSE_TUNE, FINE_TUNE = 51, 52  # generators in semitones and in cents
VOLUME_CONTROL, PAN_CONTROL = 7, 10  # MIDI control changes
# When it receives a font, FluidSynth gives every channel program 0:0 or 128:0, and so loads the samples of a
# piano and a drum kit (1.7 s with an .sf3) that nobody asked for. In shifted banks it finds none.
BANK_OFFSET = 1000
END, BEND, ONSET = range(3)  # kinds of events, in the order in which those of one block are sent

Event = tuple[int, int, int, float, int]


class Synthesizer:
    """FluidSynth with one soundfont (default: TimGM6mb, which pretty_midi carries), for many renders.

    `sample_rate` in Hz, 8000..96000. `gain` scales the output linearly: at 0.5 a single loud note peaks
    between 0.1 and 0.5. `interpolation` of the samples: none, linear, cubic or sinc.
    SynthesisError if FluidSynth is not installed or `soundfont` is not a soundfont.
    """

    def __init__(
        self,
        soundfont: str | Path | None = None,
        *,
        sample_rate: int = 44100,
        gain: float = 0.5,
        reverb: bool = False,
        chorus: bool = False,
        interpolation: str = "cubic",
    ) -> None:
        if not 8000 <= sample_rate <= 96000:
            raise ValueError(f"sample_rate must be 8000..96000 Hz for FluidSynth, got {sample_rate}")
        if not 0 <= gain <= 10:
            raise ValueError(f"gain must be 0..10 for FluidSynth, got {gain}")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}"
            )
        self.soundfont = check_soundfont(default_soundfont() if soundfont is None else Path(soundfont))
        self.sample_rate = sample_rate
        self._interpolation = INTERPOLATIONS[interpolation]
        self._fluidsynth, self._library = load_fluidsynth()
        settings = {
            "synth.reverb.active": int(reverb),
            "synth.chorus.active": int(chorus),
            "synth.polyphony": POLYPHONY,
            "synth.threadsafe-api": 0,
            "synth.dynamic-sample-loading": 1,  # samples come with their program: 150 MB open at once
        }
        # Plays nothing: it owns the settings and the font's file reader, which must live as long as the font.
        self._keeper = self._fluidsynth.Synth(gain, sample_rate, channels=MAX_PARTS, **settings)
        self._font = self._load_font()

    def __enter__(self) -> Synthesizer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the soundfont's memory; a second call does nothing."""
        if self._keeper is not None:
            self._library.fluid_synth_add_sfont(self._keeper.synth, self._font)  # freed with its owner
            self._keeper.delete()
            self._keeper = None

    def programs(self) -> list[tuple[int, int, str]]:
        """All instruments of the soundfont as (bank, program, name), sorted."""
        self._check_open()
        library = self._library
        library.fluid_sfont_iteration_start(self._font)
        found = []
        while preset := library.fluid_sfont_iteration_next(self._font):
            name = library.fluid_preset_get_name(preset).decode("latin-1").strip()
            found.append(
                (library.fluid_preset_get_banknum(preset), library.fluid_preset_get_num(preset), name)
            )
        return sorted(found)

    def render(
        self,
        notes: Iterable[Note],
        *,
        program: int,
        duration: float | None = None,
        tail: float = 1.0,
        **part_options: Any,
    ) -> np.ndarray:
        """Play `notes` with one program -> float32 (2, samples).

        `duration` and `tail` as in `render_parts`; `part_options` are the further fields of `Part`: bank,
        volume, pan, cents, generators. SynthesisError if the soundfont has no such program.
        """
        return self.render_parts([Part(program, tuple(notes), **part_options)], duration=duration, tail=tail)

    def render_parts(
        self, parts: Sequence[Part], *, duration: float | None = None, tail: float = 1.0
    ) -> np.ndarray:
        """Play all parts together -> float32 (2, samples).

        The result has round(`duration` * sample_rate) samples; what still sounds then is cut.
        Without `duration` it ends `tail` seconds after the end of the last note.
        SynthesisError if the soundfont lacks a program; ValueError for more than `MAX_PARTS` parts.
        """
        if len(parts) > MAX_PARTS:
            raise ValueError(f"at most {MAX_PARTS} parts can be rendered together, got {len(parts)}")
        if duration is None:
            duration = max((note.end for part in parts for note in part.notes), default=0.0) + tail
        if not (math.isfinite(duration) and duration >= 0):
            raise ValueError(f"duration must be >= 0 seconds, got {duration}")
        with self._fresh_synth() as (synth, font_id):
            for channel, part in enumerate(parts):
                self._set_up(synth, font_id, channel, part)
            events = block_events(parts, sample_rate=self.sample_rate)
            return self._play(synth, events, samples=round(duration * self.sample_rate))

    def _load_font(self) -> int:
        keeper, library = self._keeper, self._library
        font_id = self._fluidsynth.fluid_synth_sfload(keeper.synth, os.fsencode(self.soundfont), 0)
        if font_id < 0:
            keeper.delete()
            raise SynthesisError(f"{self.soundfont}: FluidSynth cannot read this soundfont; is it complete?")
        library.fluid_synth_set_bank_offset(keeper.synth, font_id, BANK_OFFSET)
        font = self._fluidsynth.fluid_synth_get_sfont_by_id(keeper.synth, font_id)
        library.fluid_synth_remove_sfont(keeper.synth, font)  # only taken out: a font has one synth at a time
        return font

    @contextmanager
    def _fresh_synth(self) -> Iterator[tuple[int, int]]:
        """A new FluidSynth that has the font: (its handle, the font's number in it)."""
        self._check_open()
        synth = self._fluidsynth.new_fluid_synth(self._keeper.settings)
        if not synth:
            raise SynthesisError("FluidSynth could not start; is there enough memory?")
        font_id = self._library.fluid_synth_add_sfont(synth, self._font)
        self._library.fluid_synth_set_interp_method(synth, -1, self._interpolation)
        try:
            yield synth, font_id
        finally:
            self._library.fluid_synth_remove_sfont(synth, self._font)
            self._fluidsynth.delete_fluid_synth(synth)

    def _check_open(self) -> None:
        if self._keeper is None:
            raise ValueError("this synthesizer is closed")

    def _set_up(self, synth: int, font_id: int, channel: int, part: Part) -> None:
        """Give a channel the program and the sound of `part`."""
        program = (font_id, part.bank + BANK_OFFSET, part.program)
        if self._fluidsynth.fluid_synth_program_select(synth, channel, *program) < 0:
            known = f"has no program {part.program} in bank {part.bank}"
            raise SynthesisError(f"{self.soundfont}: {known}; choose another program or soundfont")
        self._library.fluid_synth_pin_preset(synth, *program)  # the samples stay for the next render
        self._fluidsynth.fluid_synth_cc(synth, channel, VOLUME_CONTROL, part.volume)
        self._fluidsynth.fluid_synth_cc(synth, channel, PAN_CONTROL, part.pan)
        self._tune(synth, channel, part.cents)
        for name, offset in part.generators.items():
            self._library.fluid_synth_set_gen(synth, channel, GENERATORS[name], offset)

    def _tune(self, synth: int, channel: int, cents: float) -> None:
        """Detune a channel, what sounds already included."""
        semitones = round(cents / 100)
        self._library.fluid_synth_set_gen(synth, channel, COARSE_TUNE, semitones)
        self._library.fluid_synth_set_gen(synth, channel, FINE_TUNE, cents - 100 * semitones)

    def _play(self, synth: int, events: list[Event], *, samples: int) -> np.ndarray:
        blocks = math.ceil(samples / BLOCK)
        output = np.zeros((2, blocks * BLOCK), dtype=np.float32)
        position = 0
        for block, kind, channel, value, velocity in events:
            if block >= blocks:
                break
            self._write(synth, output, position, block)
            position = block
            if kind == ONSET:
                self._fluidsynth.fluid_synth_noteon(synth, channel, int(value), velocity)
            elif kind == END:
                self._fluidsynth.fluid_synth_noteoff(synth, channel, int(value))
            else:
                self._tune(synth, channel, value)
        self._write(synth, output, position, blocks)
        return output[:, :samples]

    def _write(self, synth: int, output: np.ndarray, begin: int, end: int) -> None:
        """Let FluidSynth compute blocks begin..end of `output` (2, samples); in float, so nothing clips."""
        left, right = (ctypes.c_void_p(channel.ctypes.data) for channel in output)
        first, count = begin * BLOCK, (end - begin) * BLOCK
        if count:
            self._library.fluid_synth_write_float(synth, count, left, first, 1, right, first, 1)


def block_events(parts: Sequence[Part], *, sample_rate: int) -> list[Event]:
    """What to send when, sorted: (block, END, BEND or ONSET, channel, pitch or cents, velocity)."""
    events: list[Event] = []
    for channel, part in enumerate(parts):
        for onset, end, pitch, velocity in without_overlap(part.notes, steps_per_second=sample_rate / BLOCK):
            events.append((onset, ONSET, channel, pitch, velocity))
            events.append((end, END, channel, pitch, 0))
        for time, cents in part.bends:
            events.append((round(time * sample_rate / BLOCK), BEND, channel, part.cents + cents, 0))
    return sorted(events)
