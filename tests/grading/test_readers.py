"""What hand-ins may write to harm the grader: each is refused in one line, before memory is taken for it."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from grading.readers import (
    OutputError,
    open_wav,
    read_bytes,
    read_csv,
    read_json,
    read_midi,
    read_npz,
    read_wav,
)

MANY = 1 << 20


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "cannot be opened"),
        (lambda path: path.mkdir(), "no regular file"),
        (lambda path: os.mkfifo(path), "no regular file"),
        (lambda path: None, "is missing"),
        (lambda path: os.link(written(path.with_name("other"), "x"), path), "hard link"),
        (lambda path: path.write_bytes(b"0" * 11), "11 bytes; at most 10"),
    ],
)
def test_only_small_regular_files_are_opened(tmp_path, make, reason):
    make(tmp_path / "file")
    with pytest.raises(OutputError, match=reason) as caught:
        read_bytes(tmp_path / "file", 10)
    assert "\n" not in str(caught.value)


def test_the_folder_of_a_file_is_no_link_either(tmp_path):
    (tmp_path / "secret").mkdir()
    written(tmp_path / "secret" / "vocals.wav", "truth")
    (tmp_path / "song").symlink_to(tmp_path / "secret")
    with pytest.raises(OutputError, match="cannot be opened"):
        read_bytes(tmp_path / "song" / "vocals.wav", 10)


def test_what_is_not_a_file_name_is_missing(tmp_path):
    with pytest.raises(OutputError):
        read_bytes(tmp_path / "a\0b", 10)


def test_json_is_read_as_it_is(tmp_path):
    value = [{"file": "/inputs/ä.wav", "top3": [1, 2.5, None, True]}]
    assert read_json(written(tmp_path / "a.json", json.dumps(value)), MANY) == value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "no number"),
        ("[1e999]", "too large"),
        ("[" + "9" * 100_000 + "]", "too many digits"),
        ("[" + "9" * 19 + "]", "too many digits"),
        ('{"top1": 0, "top1": 1}', "a key stands twice"),
        ("PASSED\n[]", "is no JSON"),
        ("", "is no JSON"),
        (b"\xff\xfe[]", "not UTF-8"),
        (b"[" + b" " * MANY + b"]", "at most"),
    ],
)
def test_json_that_would_harm_is_refused(tmp_path, content, reason):
    with pytest.raises(OutputError, match=reason) as caught:
        read_json(written(tmp_path / "a.json", content), MANY)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_csv(tmp_path):
    assert read_csv(written(tmp_path / "a.csv", 'file,top1\n"a,b.wav",1\n'), MANY) == [
        ["file", "top1"],
        ["a,b.wav", "1"],
    ]
    for content, reason in ((b"a\0b", "zero bytes"), (b'"a"b\n', "is no CSV"), ("x" * 200_000, "is no CSV")):
        with pytest.raises(OutputError, match=reason):
            read_csv(written(tmp_path / "a.csv", content), MANY)


# -- WAV -------------------------------------------------------------------------------------------


def wav(samples: np.ndarray, *, subtype: str = "PCM_16", format: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format=format, subtype=subtype)
    return file.getvalue()


def header(data_bytes: int, *, channels: int = 1, bits: int = 16, rate: int = 8000) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame, frame, bits)
    size = min(36 + data_bytes, 0xFFFFFFFF)
    return (
        b"RIFF"
        + struct.pack("<I", size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + (struct.pack("<I", data_bytes))
    )


@pytest.mark.parametrize("format", ["WAV", "FLAC"])
def test_a_recording_is_read_in_blocks(tmp_path, format):
    samples = np.random.default_rng(0).uniform(-1, 1, (1000, 2)).astype(np.float32)
    path = written(tmp_path / "a.wav", wav(samples, format=format))
    with open_wav(path, 1000) as sound:
        assert (sound.channels, sound.frames, sound.sample_rate) == (2, 1000, 8000)
        blocks = list(sound.blocks(300))
    assert [block.shape for block in blocks] == [(2, 300)] * 3 + [(2, 100)]
    np.testing.assert_allclose(np.concatenate(blocks, axis=1).T, samples, atol=1e-4)
    np.testing.assert_array_equal(read_wav(path, 1000)[0], np.concatenate(blocks, axis=1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header(2000) + b"\0" * 200, "promises 2000 bytes, 200 are there"),
        (header(2_000_000_000) + b"\0" * 200, "claims|promises"),
        (header(0), "cannot be read|claims 0"),
        (header(400, channels=0) + b"\0" * 400, "cannot be read"),
        (header(800, channels=100) + b"\0" * 800, "channels"),
        (wav(np.zeros(2000, dtype=np.float32)), "claims 2,000 samples; write 1 to 1,000"),
        (wav(np.array([0, np.nan, 0], dtype=np.float32), subtype="FLOAT"), "NaN or infinite"),
        (wav(np.array([0, np.inf, 0], dtype=np.float32), subtype="FLOAT"), "NaN or infinite"),
        (wav(np.zeros(1000), format="OGG", subtype="VORBIS"), "neither WAV nor FLAC"),
        (wav(np.zeros(500), subtype="MS_ADPCM"), "MS_ADPCM; write WAV"),
        (wav(np.zeros(1000), format="FLAC")[:60], "damaged|ends after|cannot be read"),
        (b"RIFF", "cannot be read"),
        (b"", "neither WAV nor FLAC"),
    ],
)
def test_a_recording_that_lies_is_refused(tmp_path, content, reason):
    with pytest.raises(OutputError, match=reason):
        read_wav(written(tmp_path / "a.wav", content), 1000)


def test_of_a_stream_without_a_length_only_what_is_there_is_read(tmp_path):
    path = written(tmp_path / "a.wav", header(0xFFFFFF00, channels=8, bits=32) + b"\0" * 320)
    assert read_wav(path, 1000)[0].shape == (8, 10)


def test_a_file_of_holes_is_too_large_before_it_is_read(tmp_path):
    path = written(tmp_path / "a.wav", header(0x7FFFFF00))
    os.truncate(path, 4 << 30)
    with pytest.raises(OutputError, match="at most"):
        read_wav(path, 1000)


# -- MIDI ------------------------------------------------------------------------------------------


def midi(*tracks: bytes, division: int = 480) -> bytes:
    head = b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), division)
    return head + b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)


def test_notes_are_those_that_mido_reads(tmp_path):
    import mido

    rng, file = np.random.default_rng(0), mido.MidiFile(ticks_per_beat=96)
    for channel in range(2):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name="x" * 300)])
        for _ in range(200):
            kind = ["note_on", "note_off"][rng.integers(2)]
            values = {"note": int(rng.integers(60, 64)), "velocity": int(rng.integers(3)), "channel": channel}
            track.append(mido.Message(kind, time=int(rng.integers(400)), **values))
        track.append(mido.Message("sysex", data=(1, 2, 3)))
        file.tracks.append(track)
    file.save(tmp_path / "a.mid")
    expected = sorted(reference_notes(file))
    notes = read_midi(tmp_path / "a.mid", MANY, 1000)
    assert notes.ticks_per_beat == 96 and len(notes) == len(expected) > 50
    found = zip(notes.track, notes.channel, notes.pitch, notes.onset, notes.end, strict=True)
    assert sorted(tuple(map(int, note)) for note in found) == expected
    assert (np.diff(notes.onset) >= 0).all()


def reference_notes(file):
    """Notes of a file by mido's events; of two of one pitch the first ends first."""
    for number, track in enumerate(file.tracks):
        now, sounding = 0, []
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                sounding.append((number, message.channel, message.note, now))
            elif message.type in ("note_on", "note_off"):
                match = next((note for note in sounding if note[2] == message.note), None)
                yield from [(*match, now)] if match else []
                sounding = [note for note in sounding if note is not match]
        yield from ((*note, now) for note in sounding)


def test_running_status_and_notes_that_never_end(tmp_path):
    track = bytes([0, 0x90, 60, 100, 10, 62, 100, 10, 60, 0, 0, 0xFF, 0x2F, 0])
    notes = read_midi(written(tmp_path / "a.mid", midi(track)), MANY, 10)
    assert (
        notes.pitch.tolist() == [60, 62]
        and notes.onset.tolist() == [0, 10]
        and notes.end.tolist() == [20, 20]
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (midi(bytes([0, 0x90]) + bytes([60, 100, 0, 60, 0, 0]) * 1001), "more than 1,000 notes"),
        (midi(bytes([0, 0x90]) + bytes([60, 100, 0]) * 100_000), "more than 1,000 notes"),
        (b"MThd" + b"\xff" * 10, "is no MIDI file"),
        (midi(b"", division=0xE728), "not in quarter notes"),
        (midi(b"")[:-4] + b"\xff\xff\xff\xff", "longer than the file"),
        (midi(bytes([0, 0x90, 60])), "is cut off"),
        (midi(bytes([0])), "ends in the middle"),
        (midi(bytes([0x80])), "ends in the middle"),
        (midi(bytes([0, 60, 60])), "has no status"),
        (midi(bytes([0, 0xF4, 60])), "has no status"),
        (midi(bytes([0, 0x90, 60, 0x90])), "is cut off"),
        (midi(bytes([0xFF] * 5)), "more than four bytes"),
        (midi(bytes([0, 0xFF, 5, 0xFF, 0xFF, 0xFF, 0x7F])), "longer than its track"),
        (midi(*[b""] * 300), "tracks"),
        (b"RIFF....", "no header"),
        (b"", "no header"),
    ],
)
def test_midi_that_would_harm_is_refused(tmp_path, content, reason):
    with pytest.raises(OutputError, match=reason):
        read_midi(written(tmp_path / "a.mid", content), MANY, 1000)


def test_ten_million_notes_are_refused_unread(tmp_path):
    path = written(tmp_path / "a.mid", midi(b""))
    os.truncate(path, 60 << 20)  # what they take
    with pytest.raises(OutputError, match="at most 1,048,576"):
        read_midi(path, MANY, 1000)


# -- npz -------------------------------------------------------------------------------------------


def npz(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy(head: str, data: bytes = b"") -> bytes:
    text = head.encode() + b" " * 10 + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def test_arrays_are_read_as_numpy_wrote_them(tmp_path):
    arrays = {
        "a": np.arange(12.0).reshape(3, 4),
        "b": np.asfortranarray(np.ones((2, 3), np.int8)),
        "c": np.array(7),
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz", MANY)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"a.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}")}, "claims"),
        ({"a.npy": npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1)}", b"\0" * 8)}, "claims"),
        ({"a.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"\0" * 8)}, "not numbers"),
        ({"a.npy": npy("__import__('os').system('true')")}, "no valid header"),
        ({"a.npy": npy("(" * 5000)}, "no valid header"),
        ({"a.npy": b"no array"}, "no valid header"),
        ({"a.npy": b"\0" * (8 << 20)}, "unpacks to more than"),
        ({f"{n}.npy": b"" for n in range(100)}, "100 arrays"),
        ({"../a.txt": b""}, "more than arrays"),
    ],
)
def test_npz_that_would_harm_is_refused(tmp_path, entries, reason):
    with pytest.raises(OutputError, match=reason):
        read_npz(written(tmp_path / "a.npz", npz(entries)), MANY)


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{}], dtype=object))
    with pytest.raises(OutputError, match="not numbers"):
        read_npz(tmp_path / "a.npz", MANY)
    with pytest.raises(OutputError, match="no .npz file"):
        read_npz(written(tmp_path / "b.npz", b"PK\x03\x04" + b"\0" * 100), MANY)
