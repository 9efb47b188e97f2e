"""The authors' files are read; what is hostile, broken or no song is refused, and nothing in it is run."""

from __future__ import annotations

import codecs
import copyreg
import io
import os
import pickle
import struct
import time
from pathlib import Path

import numpy as np
import pytest

from common.cli import UserError
from hw3_melody_generation.inert_pickle import HostilePickle, object_array
from hw3_melody_generation.original_layout import (
    MAX_BYTES,
    is_original_layout,
    read_original_song,
    read_original_songs,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "lyrics_melody" / "original_layout"
SYLLABLES = ["Twin", "kle", "twin", "kle", "lit", "tle", "star"]


@pytest.fixture
def rows():
    """The three rows of a song of seven notes."""
    continuous = [[0.5 * (index > 0), 0.4, 440.0, 90.0] for index in range(7)]
    discrete = [[float(pitch), 1.0, 0.0] for pitch in (60, 60, 67, 67, 69, 69, 67)]
    return [continuous, discrete, list(SYLLABLES)]


@pytest.fixture
def refused(original_files, tmp_path):
    """The one line with which rows, or bytes after an npy header, are refused."""

    def message(content) -> str:
        path = tmp_path / "song.npy"
        if isinstance(content, bytes):
            path.write_bytes(npy_header() + content)
        else:
            original_files.write(path, content)
        with pytest.raises(UserError) as caught:
            read_original_song(path)
        text = str(caught.value)
        assert text.startswith(f"{path}: ") and text.count("\n") == 0 and len(text) < 400
        return text

    return message


def npy_header(descr: str = "|O") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": (1, 3)})
    return file.getvalue()


# Good files


def test_a_song_is_what_was_written(original_files, rows, tmp_path):
    song = read_original_song(original_files.write(tmp_path / "star.npy", rows))
    assert song.name == "star" and song.syllables == tuple(SYLLABLES)
    assert song.pitch == (60, 60, 67, 67, 69, 69, 67) and all(type(pitch) is int for pitch in song.pitch)
    assert song.duration == (1.0,) * 7 and song.rest == (0.0,) * 7 and song.gap == (0.0, *[0.5] * 6)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_numpy_is_read(rows, tmp_path, protocol):
    array = np.empty((1, 3), dtype=object)
    array[0, 0], array[0, 1], array[0, 2] = rows
    path = tmp_path / "star.npy"
    path.write_bytes(npy_header() + pickle.dumps(array, protocol=protocol))
    assert read_original_song(path).syllables == tuple(SYLLABLES)


@pytest.mark.parametrize("above", ["", "Syllable_Parsing", "lmd-full_MIDI_dataset/Syllable_Parsing"])
def test_the_folder_or_those_above_it_can_be_given(original_files, rows, tmp_path, above):
    assert not is_original_layout(tmp_path)
    original_files.write(tmp_path / above / "b.npy", rows)
    original_files.write(tmp_path / above / "a.npy", rows)
    assert is_original_layout(tmp_path)
    songs, problems = read_original_songs(tmp_path)
    assert [song.name for song in songs] == ["a", "b"] and not problems.counts


def test_the_authors_own_files():
    if not SHARED.is_dir():
        pytest.skip("the corpus, ../shared/data/lyrics_melody, is not there")
    paths = sorted((SHARED / "Syllable_Parsing").glob("*.npy"))[:10]
    for path in paths:
        song = read_original_song(path)
        row = np.load(path, allow_pickle=True)[0]  # numpy itself is the oracle; these files are harmless
        assert list(song.syllables) == row[2]
        assert np.array_equal(np.stack([song.pitch, song.duration, song.rest], axis=1), row[1])
        assert np.array_equal(song.gap, [note[0] for note in row[0]])


def test_bad_songs_are_told_and_the_others_read(original_files, rows, tmp_path):
    original_files.write(tmp_path / "good.npy", rows)
    original_files.write(tmp_path / "mute.npy", [[], [], []])
    (tmp_path / "text.npy").write_text("no array")
    songs, problems = read_original_songs(tmp_path)
    assert [song.name for song in songs] == ["good"]
    (line,) = problems.lines()
    assert line.startswith("2 skipped: song that cannot be read (mute.npy: a song without lyrics, text.npy: ")


def test_a_folder_without_a_good_song(original_files, tmp_path):
    with pytest.raises(UserError, match="no .npy files"):
        read_original_songs(tmp_path)
    original_files.write(tmp_path / "mute.npy", [[], [], []])
    with pytest.raises(UserError, match="no song can be read; 1 skipped: .* a song without lyrics"):
        read_original_songs(tmp_path)


def test_an_interrupted_call_goes_on(original_files, rows, tmp_path):
    keep = tmp_path / "read.partial"
    for name in ("a", "b", "c"):
        original_files.write(tmp_path / "songs" / f"{name}.npy", rows)
    whole, _ = read_original_songs(tmp_path / "songs", keep=keep)
    kept = keep.read_bytes()
    keep.write_bytes(kept[: kept.index(b"\n") + 40])  # the second song is half written
    (tmp_path / "songs" / "a.npy").write_bytes(b"not looked at again")
    assert read_original_songs(tmp_path / "songs", keep=keep)[0] == whole
    assert keep.read_bytes() == kept


# No songs


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows[2].pop(), "lists of 7, 7, 6 entries, which must be of one length"),
        (lambda rows: rows[1].pop(), "lists of 7, 6, 7 entries"),
        (lambda rows: [row.clear() for row in rows], "a song without lyrics"),
        (lambda rows: rows[1][2].__setitem__(0, 128.0), "note 3: pitch is 128, it must be a whole number"),
        (lambda rows: rows[1][0].__setitem__(0, -1.0), "note 1: pitch is -1, it must be"),
        (lambda rows: rows[1][0].__setitem__(0, 60.5), "note 1: pitch is 60.5, it must be"),
        (lambda rows: rows[1][6].__setitem__(1, 0.0), "note 7: duration is 0, it must be more than 0"),
        (lambda rows: rows[1][6].__setitem__(2, -1.0), "note 7: rest is -1, it must be at least 0"),
        (lambda rows: rows[1][1].__setitem__(1, float("nan")), "note 2: discrete must be 3 finite numbers"),
        (lambda rows: rows[0][1].__setitem__(0, float("inf")), "note 2: continuous must be 4 finite numbers"),
        (lambda rows: rows[1][1].__setitem__(1, 10**400), "note 2: discrete must be 3 finite numbers"),
        (lambda rows: rows[1][1].__setitem__(0, "60"), "note 2: discrete must be 3 finite numbers"),
        (lambda rows: rows[1][1].append(1.0), "note 2: discrete must be 3 finite numbers"),
        (lambda rows: rows[1].__setitem__(4, 1.0), "note 5: discrete must be 3 finite numbers"),
        (lambda rows: rows[2].__setitem__(3, ""), "an empty syllable"),
        (lambda rows: rows[2].__setitem__(3, 7.0), "an empty syllable, or one that is no text"),
    ],
)
def test_rows_that_are_no_song_are_refused(refused, rows, change, reason):
    change(rows)
    assert reason in refused(rows)


def test_files_that_are_no_array_of_objects_are_refused(rows, tmp_path):
    path = tmp_path / "song.npy"
    np.save(path, np.zeros((1, 3)))
    with pytest.raises(UserError, match="holds an array of '<f8', not of objects"):
        read_original_song(path)
    for content in (b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00", npy_header()[:40], b"PK\x03\x04 a zip"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="song.npy: "):
            read_original_song(path)


def test_a_file_that_is_too_large_is_not_even_opened(tmp_path):
    path = tmp_path / "song.npy"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(UserError, match=r"has 4,194,305 bytes, more than"):
        read_original_song(path)


def test_a_file_that_ends_early_is_refused_wherever_it_ends(original_files, rows, tmp_path):
    content = original_files.write(tmp_path / "song.npy", rows).read_bytes()
    for length in range(0, len(content) - 1, 41):
        (tmp_path / "song.npy").write_bytes(content[:length])
        with pytest.raises(UserError):
            read_original_song(tmp_path / "song.npy")


def test_spoilt_bytes_never_do_more_than_be_refused(original_files, rows, tmp_path):
    content = bytearray(original_files.write(tmp_path / "song.npy", rows).read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(150):
        spoilt = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            spoilt[place] = rng.integers(0, 256)
        (tmp_path / "song.npy").write_bytes(spoilt)
        try:
            read_original_song(tmp_path / "song.npy")
        except UserError as error:
            assert "\n" not in str(error)


# Hostile pickles


class Reduced:
    """What pickles as a call of `function`."""

    def __init__(self, function, *arguments, state=None) -> None:
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


@pytest.fixture
def victim(tmp_path):
    """A file that a hostile pickle would make."""
    path = tmp_path / "was_run"
    yield path
    assert not path.exists()


def text(value: str) -> bytes:
    """A string on a pickle's stack."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_pickle_that_runs_a_program_is_refused(refused, victim, protocol):
    said = refused(pickle.dumps(Reduced(os.system, f"touch {victim}"), protocol=protocol))
    assert "system" in said or "opcode" in said


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "system"), (eval, "builtins.eval"), (open, "open"), (getattr, "builtins.getattr")],
)
def test_the_name_that_is_refused_is_told(refused, victim, function, name):
    assert f"{name}, which a program could be run by" in refused(
        pickle.dumps(Reduced(function, "1"), protocol=4)
    )


def test_every_way_to_name_a_function_is_refused(refused, victim):
    call = text(f"touch {victim}") + b"\x85R."
    assert "the name posix.system" in refused(b"\x80\x02cposix\nsystem\n" + call)  # GLOBAL
    assert "the name posix.system" in refused(b"\x80\x04" + text("posix") + text("system") + b"\x93" + call)
    assert "the opcode INST" in refused(b"(" + text("true") + b"iposix\nsystem\n.")
    assert "the opcode OBJ" in refused(b"\x80\x02(" + text("true") + b"o.")
    assert "the opcode NEWOBJ" in refused(b"\x80\x02cnumpy\nndarray\n)\x81.")
    assert "the opcode NEWOBJ_EX" in refused(b"\x80\x04cnumpy\nndarray\n))\x92.")
    assert "the name numpy.core.multiarray.fromfile" in refused(
        b"\x80\x02cnumpy.core.multiarray\nfromfile\n."
    )
    assert "the name numpy.testing._private.utils.runstring" in refused(
        b"\x80\x02cnumpy.testing._private.utils\nrunstring\n."
    )


def test_persistent_ids_and_extension_codes_are_refused(refused):
    assert "the opcode PERSID" in refused(b"Pabc\n.")
    assert "the opcode BINPERSID" in refused(text("abc") + b"Q.")
    copyreg.add_extension("os", "system", 200)
    try:
        for content in (b"\x80\x02\x82\xc8.", b"\x80\x02\x83\xc8\x00.", b"\x80\x02\x84\xc8\x00\x00\x00."):
            assert "the opcode EXT" in refused(content)
    finally:
        copyreg.remove_extension("os", "system", 200)


def test_dictionaries_sets_and_buffers_are_refused(refused):
    for value in ({"a": 1}, {1, 2}, frozenset((1, 2)), bytearray(b"abc")):
        assert "the opcode" in refused(pickle.dumps(value, protocol=5))


def test_the_state_of_nothing_else_can_be_set(refused, rows):
    array = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R"
    assert "broken pickle" in refused(b"\x80\x02" + text("a") + text("b") + b"b.")  # BUILD on a string
    assert "broken pickle" in refused(b"\x80\x02cnumpy\ndtype\n" + text("b") + b"b.")  # on a name
    assert "no object array" in refused(array + text("b") + b"b.")
    assert "broken pickle" in refused(array + text("b") + b"b" + text("b") + b"b.")  # twice


def test_harmless_names_are_not_called_whatever_the_arguments(refused):
    hostile = Reduced(codecs.encode, "a" * 10, "unknown_codec")
    assert "no object array" in refused(pickle.dumps(hostile, protocol=4))
    huge = b"\x80\x02cnumpy\ndtype\n" + text("V2147483647") + b"\x85R."
    assert "no object array" in refused(huge)
    assert "no object array" in refused(b"\x80\x02cnumpy\nndarray\n(J\xff\xff\xff\x7ft\x85R.")


def test_lists_that_double_themselves_are_refused_at_once(refused):
    bomb = b"\x80\x02]q\x00"
    for index in range(40):  # each list holds the one before twice
        bomb += b"](h" + bytes([index]) + b"h" + bytes([index]) + b"eq" + bytes([index + 1])
    began = time.monotonic()
    assert "one list or array at two places" in refused(bomb + b".")
    assert time.monotonic() - began < 5
    assert "the opcode DUP" in refused(b"\x80\x02]2.")
    recursive = []
    recursive.append(recursive)
    assert "one list or array at two places" in refused(pickle.dumps(recursive, protocol=2))


def test_deep_nesting_is_refused(refused):
    assert "nested more than 8 deep" in refused(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    assert "nested more than 8 deep" in refused(b"\x80\x02)" + b"\x85" * 100_000 + b".")


def test_huge_numbers_of_a_memory_do_not_fill_it(refused):
    far = b"\x80\x02K\x01r\xff\xff\xff\xff0."  # at place 4 294 967 295 of the memory
    assert "the opcode POP" in refused(far)
    long = b"\x80\x02\x8b\xff\xff\xff\x7f."  # a number of 2 147 483 647 bytes
    refused(long)
    refused(b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"abc.")  # a string of 2 ** 62 bytes
    refused(b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"K\x01.")  # a frame


def test_broken_stacks_are_refused():
    for content in (
        b".",
        b"K\x01K\x02.",
        b"e.",
        b"(.",
        b"](a.",
        b"h\x07.",
        b"\x85.",
        b"R.",
        b"K\x01K\x02a.",
        b"t.",
    ):
        with pytest.raises(HostilePickle):
            object_array(content)
