"""The library FluidSynth: pyfluidsynth, and the C functions that it does not declare.

Names and types are those of fluidsynth/{synth,sfont,log}.h, version 2.2 and later.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import io
import os
import sys
from types import ModuleType

from common.cli import UserError

HANDLE, INT, FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
SIGNATURES = {
    "fluid_synth_add_sfont": (INT, [HANDLE, HANDLE]),
    "fluid_synth_remove_sfont": (INT, [HANDLE, HANDLE]),
    "fluid_synth_set_bank_offset": (INT, [HANDLE, INT, INT]),
    "fluid_synth_pin_preset": (INT, [HANDLE, INT, INT, INT]),
    "fluid_synth_set_interp_method": (INT, [HANDLE, INT, INT]),
    "fluid_synth_set_gen": (INT, [HANDLE, INT, INT, FLOAT]),
    "fluid_synth_write_float": (INT, [HANDLE, INT, HANDLE, INT, INT, HANDLE, INT, INT]),
    "fluid_sfont_iteration_start": (None, [HANDLE]),
    "fluid_sfont_iteration_next": (HANDLE, [HANDLE]),
    "fluid_preset_get_name": (ctypes.c_char_p, [HANDLE]),
    "fluid_preset_get_banknum": (INT, [HANDLE]),
    "fluid_preset_get_num": (INT, [HANDLE]),
    "fluid_set_log_function": (HANDLE, [INT, HANDLE, HANDLE]),
}
LOG_LEVELS = range(5)  # panic, error, warning, information, debug


class SynthesisError(UserError):
    """FluidSynth, or the soundfont that it needs, is missing or unusable."""


def load_fluidsynth() -> tuple[ModuleType, ctypes.CDLL]:
    """pyfluidsynth and the C library below it, which from now on logs nothing to standard error.

    SynthesisError, saying what to install, if one of the two is missing or too old.
    """
    if sys.platform == "darwin":  # where ctypes does not look on Apple silicon
        os.environ.setdefault("HOMEBREW_PREFIX", "/opt/homebrew")
    try:
        # where CI is set pyfluidsynth prints where it found the library: keep that out of --json output
        with contextlib.redirect_stdout(io.StringIO()):
            import fluidsynth
    except ImportError as error:
        raise SynthesisError(_what_is_missing()) from error
    library = fluidsynth._fl
    for name, (result, arguments) in SIGNATURES.items():
        if not hasattr(library, name):
            raise SynthesisError(f"FluidSynth 2.2 or newer is needed, this one has no {name}; upgrade it")
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    for level in LOG_LEVELS:
        library.fluid_set_log_function(level, None, None)
    return fluidsynth, library


def _what_is_missing() -> str:
    if importlib.util.find_spec("fluidsynth") is None:
        return "pyfluidsynth is not installed; pip install -r requirements.txt"
    return (
        "the library FluidSynth is not installed; "
        "Debian, Ubuntu: sudo apt-get install libfluidsynth3; macOS: brew install fluid-synth"
    )
