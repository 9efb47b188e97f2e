"""Text -> speech with the time of every phoneme: espeak-ng, through ctypes.

    speech = speak("shine a light", "en-us+f2")

The library is the one that the wheel espeakng-loader carries. Names, numbers and structures are those of
espeak-ng/speak_lib.h (API revision 12). Its phoneme events say at which sample of the audio each phoneme
begins.

espeak-ng keeps what it has spoken in static variables (the phase of its oscillators, noise, flutter), which
no call resets: the same words sound a little different the second time. `speak` loads the library anew for
each text (1 ms), so that its result depends on its arguments alone.
"""

from __future__ import annotations

import _ctypes
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from common.cli import UserError

SAMPLE_RATE = 22050  # Hz, what espeak-ng's own synthesizer gives
WORDS_PER_MINUTE = 115  # slow enough for steady vowels, not yet drawling
PITCH = 50  # of 0..99, the normal one: with close harmonics, which show the spectral envelope well

SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: espeak_Synth returns when all was spoken
PHONEME_EVENTS, IPA_NAMES, DONT_EXIT = 0x0001, 0x0002, 0x8000  # espeakINITIALIZE_*
RATE, PITCH_PARAMETER, PITCH_RANGE = 1, 3, 4  # espeak_PARAMETER
LIST_TERMINATED, WORD, PHONEME = 0, 1, 7  # espeak_EVENT_TYPE
POS_CHARACTER, CHARS_UTF8, ENDPAUSE = 1, 1, 0x1000
OK = 0
SEED = 1  # of the noise in breathy variants; without it espeak-ng takes the time of day

_one_at_a_time = threading.Lock()  # espeak-ng is global state


class SingingError(UserError):
    """Lyrics that cannot be spoken, notes that cannot be sung, or a library that is missing."""


@dataclass(frozen=True, slots=True)
class SpokenPhoneme:
    """A phoneme in International Phonetic Alphabet, from `start` to `end` (seconds) in the `word`-th word."""

    ipa: str
    start: float
    end: float
    word: int

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Speech:
    """What espeak-ng said: `waveform` float64 (samples,) at `SAMPLE_RATE`, and its phonemes in order.

    `words` has the first and last character (exclusive) of each spoken word in the text.
    """

    waveform: np.ndarray
    phonemes: tuple[SpokenPhoneme, ...]
    words: tuple[tuple[int, int], ...]


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    """espeak_EVENT"""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


class _Voice(ctypes.Structure):
    """espeak_VOICE, as far as it is read here"""

    _fields_ = [("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p)]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass
class _Recorder:
    """Gathers what espeak-ng hands to its callback."""

    blocks: list[np.ndarray] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)
    marks: list[tuple[int, str, int]] = field(default_factory=list)  # sample, name, word

    def __call__(self, samples, count, events) -> int:
        if samples and count > 0:
            self.blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type != LIST_TERMINATED:
            self.take(events[index])
            index += 1
        return 0  # go on

    def take(self, event: _Event) -> None:
        if event.type == WORD:
            begin = event.text_position - 1  # counted from 1
            self.words.append((begin, begin + event.length))
        elif event.type == PHONEME:  # a name of more than eight bytes is cut, perhaps within a letter
            name = event.id.string.decode("utf-8", errors="ignore")
            self.marks.append((event.sample, name, max(len(self.words) - 1, 0)))

    def speech(self) -> Speech:
        waveform = np.concatenate(self.blocks).astype(float) / 32768 if self.blocks else np.zeros(0)
        ends = [sample for sample, _, _ in self.marks[1:]] + [len(waveform)]
        phonemes = tuple(
            SpokenPhoneme(name, begin / SAMPLE_RATE, min(end, len(waveform)) / SAMPLE_RATE, word)
            for (begin, name, word), end in zip(self.marks, ends, strict=True)
            if name
        )
        return Speech(waveform, phonemes, tuple(self.words))


def speak(text: str, voice: str, *, pitch: int = PITCH, words_per_minute: int = WORDS_PER_MINUTE) -> Speech:
    """`text` in one tone, by an espeak-ng `voice`: a language and perhaps a variant, "en-us" or "de+f2".

    SingingError if the library or the voice is missing. The same arguments give the same samples.
    """
    check_voice(voice)
    recorder = _Recorder()
    callback = _Callback(recorder)  # must live as long as the library may call it
    encoded = text.replace("\0", " ").encode()
    with _one_at_a_time, _fresh_library() as library:
        library.espeak_SetSynthCallback(callback)
        _choose(library, voice)
        for parameter, value in ((RATE, words_per_minute), (PITCH_PARAMETER, pitch), (PITCH_RANGE, 0)):
            library.espeak_SetParameter(parameter, value, 0)
        status = library.espeak_Synth(
            encoded, len(encoded) + 1, 0, POS_CHARACTER, 0, CHARS_UTF8 | ENDPAUSE, None, None
        )
    if status != OK:
        raise SingingError(f"espeak-ng could not speak {text[:40]!r} (error {status})")
    return recorder.speech()


def languages() -> dict[str, str]:
    """espeak-ng's languages by code: {"de": "German", "en-us": "English (America)", ...}."""
    with _one_at_a_time, _fresh_library() as library:
        return {code: name for code, name, _ in _voices(library)}


def check_voice(voice: str) -> None:
    """SingingError if the variant (after the +) does not exist: espeak-ng itself would ignore that."""
    _, plus, variant = voice.partition("+")
    if plus and variant not in variants():
        raise SingingError(f"espeak-ng has no voice variant {variant!r}; it has {', '.join(variants())}")


@lru_cache(maxsize=1)
def variants() -> tuple[str, ...]:
    """The names of the voice variants: m1, f1, croak, ..."""
    folder = _data_folder() / "voices" / "!v"
    return tuple(sorted(path.name for path in folder.iterdir()))


def _choose(library: ctypes.CDLL, voice: str) -> None:
    """Take `voice` from now on. The library knows some languages ("en-gb", "fr-fr") by their file alone."""
    language, plus, variant = voice.partition("+")
    files = {code: identifier.rpartition("/")[2] for code, _, identifier in _voices(library)}
    for name in (language, files.get(language.lower(), "")):
        if name and library.espeak_SetVoiceByName(f"{name}{plus}{variant}".encode()) == OK:
            return
    raise SingingError(f"espeak-ng does not speak {language!r}; it knows {', '.join(sorted(files))}")


def _voices(library: ctypes.CDLL) -> list[tuple[str, str, str]]:
    """(language code, name, file) of all voices; of a voice for several languages one each."""
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    listed = library.espeak_ListVoices(None)
    voices, index = [], 0
    while listed[index]:
        voice = listed[index].contents
        for code in _codes(voice.languages):
            voices.append((code, voice.name.decode(), voice.identifier.decode()))
        index += 1
    return voices


def _codes(address: int) -> list[str]:
    """A list of languages in memory: each a byte of priority and a text; a zero byte ends it."""
    codes = []
    while ctypes.string_at(address, 1) != b"\0":
        code = ctypes.string_at(address + 1)
        codes.append(code.decode())
        address += len(code) + 2
    return codes


@contextmanager
def _fresh_library() -> Iterator[ctypes.CDLL]:
    """espeak-ng with all its static variables as at first; unloaded at the end."""
    library = ctypes.CDLL(_loader().get_library_path())
    library.espeak_Synth.argtypes = [
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
        *(ctypes.c_void_p, ctypes.c_void_p),
    ]
    options = PHONEME_EVENTS | IPA_NAMES | DONT_EXIT
    try:
        if library.espeak_Initialize(SYNCHRONOUS, 0, str(_data_folder()).encode(), options) < 0:
            raise SingingError(f"espeak-ng cannot read its data in {_data_folder()}; install it again")
        library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
        yield library
        library.espeak_Terminate()
    finally:
        getattr(_ctypes, "dlclose", getattr(_ctypes, "FreeLibrary", None))(library._handle)


def _data_folder() -> Path:
    return Path(_loader().get_data_path())


def _loader():
    try:
        import espeakng_loader
    except ImportError as error:
        raise SingingError("espeakng-loader is not installed; pip install -r requirements.txt") from error
    return espeakng_loader
