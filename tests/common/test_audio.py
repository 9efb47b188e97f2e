"""Audio files that are right, and all the ways in which they are not."""

import errno
import os
import re

import librosa
import numpy as np
import pytest
import soundfile

from common import audio
from common.audio import AudioError

RATE = 16000


def sine(*, frequency=440.0, sample_rate=RATE, duration=1.0, channels=1, level=0.5):
    """(channels, samples); each channel an octave above the one before, so that they cannot be confused."""
    times = np.arange(round(duration * sample_rate)) / sample_rate
    tones = [np.sin(2 * np.pi * frequency * 2**channel * times) for channel in range(channels)]
    return (level * np.stack(tones)).astype(np.float32)


def cut_file(path, *, keep=0.6):
    """The same file without its end, as an interrupted download leaves it."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(
    ("extension", "subtype", "tolerance"),
    [
        ("wav", "PCM_U8", 1 / 2**6),
        ("wav", "PCM_16", 1 / 2**15),
        ("wav", "PCM_24", 1 / 2**23),
        ("wav", "PCM_32", 1e-7),
        ("wav", "FLOAT", 0.0),
        ("wav", "DOUBLE", 0.0),
        ("flac", "PCM_16", 1 / 2**15),
        ("flac", "PCM_24", 1 / 2**23),
    ],
)
def test_written_audio_is_read_back_within_one_step(tmp_path, extension, subtype, tolerance, channels):
    waveform = sine(channels=channels)
    path = audio.write(tmp_path / f"tone.{extension}", waveform, sample_rate=RATE, subtype=subtype)
    again, sample_rate = audio.read(path)
    assert sample_rate == RATE
    assert again.dtype == np.float32
    assert soundfile.info(path).subtype == subtype
    np.testing.assert_allclose(again, waveform, rtol=0, atol=tolerance)


@pytest.mark.parametrize("extension", ["ogg", "mp3", "OGG"])
def test_lossy_audio_keeps_its_length_and_its_channels(tmp_path, extension):
    waveform = sine(channels=2)
    again, _ = audio.read(audio.write(tmp_path / f"tone.{extension}", waveform, sample_rate=RATE))
    assert again.shape == waveform.shape
    inside = slice(2000, -2000)  # the codecs smear the edges
    for channel in range(2):
        assert np.corrcoef(again[channel, inside], waveform[channel, inside])[0, 1] > 0.99


def test_minutes_of_ogg_can_be_written(tmp_path):
    # one write of this length crashes libsndfile 1.2's Vorbis encoder, and Python with it
    waveform = np.zeros((2, 120 * 8000), dtype=np.float32)
    assert audio.info(audio.write(tmp_path / "long.ogg", waveform, sample_rate=8000)).duration == 120


def test_info_reads_the_header(tmp_path):
    path = audio.write(tmp_path / "tone.flac", sine(channels=2, duration=1.5), sample_rate=RATE)
    assert audio.info(path) == audio.AudioInfo(sample_rate=RATE, channels=2, frames=24000)
    assert audio.info(path).duration == 1.5


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
def test_a_part_is_the_same_as_a_slice_of_the_whole(tmp_path, extension):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 3 * RATE)).astype(np.float32)
    path = audio.write(tmp_path / f"noise.{extension}", noise, sample_rate=RATE)
    whole, _ = audio.read(path)
    part, _ = audio.read(path, start=1.25, duration=0.5)
    np.testing.assert_allclose(part, whole[:, 20000:28000], atol=1e-6)
    rest, _ = audio.read(path, start=2.0)
    np.testing.assert_allclose(rest, whole[:, 32000:], atol=1e-6)


def test_a_part_does_not_load_the_file(tmp_path, monkeypatch):
    path = audio.write(tmp_path / "noise.wav", sine(duration=10.0), sample_rate=RATE)
    requested = []
    original = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile, "read", lambda self, n, **kw: requested.append(n) or original(self, n, **kw)
    )
    audio.read(path, start=5.0, duration=0.25)
    assert requested == [RATE // 4]


@pytest.mark.parametrize(("target", "samples"), [(22050, 11025), (8000, 4000), (44100, 22050), (16000, 8000)])
def test_a_resampled_part_has_the_right_length_and_pitch(tmp_path, target, samples):
    path = audio.write(tmp_path / "tone.wav", sine(frequency=1000.0, duration=2.0), sample_rate=RATE)
    part, sample_rate = audio.read(path, sample_rate=target, start=0.5, duration=0.5)
    assert sample_rate == target
    assert part.shape == (1, samples)
    spectrum = np.abs(np.fft.rfft(part[0] * np.hanning(samples)))
    assert np.argmax(spectrum) * target / samples == pytest.approx(1000.0, abs=target / samples)


@pytest.mark.parametrize("samples", [1, 2, 159, 160, 161, 44099, 44100, 44101])
@pytest.mark.parametrize(("original", "target"), [(44100, 16000), (16000, 44100), (48000, 44100)])
def test_resampled_length_is_the_ceiling(samples, original, target):
    waveform = np.ones((2, samples), dtype=np.float32)
    resampled = audio.resample(waveform, original_rate=original, target_rate=target)
    assert resampled.shape == (2, int(np.ceil(samples * target / original)))
    assert resampled.dtype == np.float32


def test_resampling_keeps_level_phase_and_channels():
    waveform = sine(frequency=500.0, sample_rate=44100, channels=2)
    resampled = audio.resample(waveform, original_rate=44100, target_rate=RATE)
    inside = slice(500, -500)
    np.testing.assert_allclose(resampled[:, inside], sine(frequency=500.0, channels=2)[:, inside], atol=1e-3)


def test_resampling_agrees_with_librosa_and_does_not_alias():
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 44100)).astype(np.float32)
    ours = audio.resample(noise, original_rate=44100, target_rate=RATE)
    theirs = librosa.resample(noise, orig_sr=44100, target_sr=RATE, res_type="soxr_hq")
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    too_high = sine(frequency=12000.0, sample_rate=44100)
    folded = audio.resample(too_high, original_rate=44100, target_rate=RATE)
    assert np.abs(folded[:, 500:-500]).max() < 1e-4


def test_resampling_nothing_and_to_impossible_rates():
    empty = np.zeros((2, 0), dtype=np.float32)
    assert audio.resample(empty, original_rate=44100, target_rate=RATE).shape == (2, 0)
    with pytest.raises(ValueError, match="sample rates must be >= 1 Hz, got 16000 and 0"):
        audio.resample(sine(), original_rate=RATE, target_rate=0)


def test_mono_is_the_mean_of_the_channels(tmp_path):
    waveform = np.stack([np.full(RATE, 0.5), np.full(RATE, -0.25)]).astype(np.float32)
    np.testing.assert_array_equal(audio.to_mono(waveform), np.full((1, RATE), 0.125, np.float32))
    path = audio.write(tmp_path / "stereo.wav", waveform, sample_rate=RATE, subtype="FLOAT")
    np.testing.assert_array_equal(audio.read(path, mono=True)[0], np.full((1, RATE), 0.125, np.float32))
    with pytest.raises(ValueError, match=r"\(channels, samples\), got shape \(16000,\)"):
        audio.to_mono(waveform[0])


def expect_error(path, reason, **arguments):
    with pytest.raises(AudioError, match=re.escape(str(path)) + ": .*" + reason) as caught:
        audio.read(path, **arguments)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_named(tmp_path):
    expect_error(tmp_path / "missing.wav", "no such file")
    expect_error(tmp_path, "is a folder")
    (tmp_path / "empty.wav").touch()
    expect_error(tmp_path / "empty.wav", "empty, 0 bytes")
    for name in ("letter.wav", "letter.mp3", "letter.raw", "letter"):
        (tmp_path / name).write_text("Dear all, this is not audio. " * 50)
        expect_error(tmp_path / name, "not readable as audio")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    expect_error(tmp_path / "pipe.wav", "no such file")


@pytest.mark.parametrize("extension", ["wav", "aiff", "au", "w64", "flac", "mp3"])
def test_a_truncated_file_is_refused(tmp_path, extension):
    path = tmp_path / f"cut.{extension}"
    soundfile.write(path, np.random.default_rng(2).uniform(-0.5, 0.5, (4 * RATE, 2)), RATE)
    cut_file(path)
    expect_error(path, "truncated")


def test_a_wav_cut_by_one_frame_is_refused_and_a_streamed_one_is_not(tmp_path):
    path = audio.write(tmp_path / "tone.wav", sine(), sample_rate=RATE)
    content = path.read_bytes()
    path.write_bytes(content[:-2])
    expect_error(path, "truncated, 31998 of 32000 bytes")
    with pytest.raises(AudioError, match="truncated"):
        audio.info(path)
    size = content.index(b"data") + 4
    path.write_bytes(content[:size] + b"\xff\xff\xff\xff" + content[size + 4 :])  # as ffmpeg does in a pipe
    assert audio.read(path)[0].shape == (1, RATE)


def test_a_file_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1)), RATE)
    expect_error(tmp_path / "none.wav", "has no samples")


def test_silence_is_refused_unless_allowed(tmp_path):
    waveform = sine(duration=2.0)
    waveform[:, :RATE] = 0
    path = audio.write(tmp_path / "half.wav", waveform, sample_rate=RATE)
    assert audio.read(path)[0].any()
    expect_error(path, "silent", duration=1.0)
    assert not audio.read(path, duration=1.0, allow_silence=True)[0].any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_with_their_time(tmp_path, value):
    waveform = sine(channels=2, duration=2.0)
    waveform[1, RATE + RATE // 2] = value
    soundfile.write(tmp_path / "bad.wav", waveform.T, RATE, subtype="FLOAT")
    expect_error(tmp_path / "bad.wav", r"first at 1\.500 s", mono=True, sample_rate=8000)
    expect_error(tmp_path / "bad.wav", r"first at 1\.500 s", start=1.0)
    assert audio.read(tmp_path / "bad.wav", duration=1.0)[0].shape == (2, RATE)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"start": 2.0}, r"is 2\.000 s long, got start 2\.0 s"),
        ({"start": 1.5, "duration": 0.6}, r"is 2\.000 s long, got start 1\.5 s and duration 0\.6 s"),
        ({"start": -0.1}, "start must be >= 0 s, got -0.1"),
        ({"start": float("nan")}, "start must be >= 0 s, got nan"),
        ({"duration": 0.0}, "duration must be > 0 s, got 0.0"),
        ({"duration": float("inf")}, "duration must be > 0 s, got inf"),
        ({"duration": 1e-9}, "less than one sample"),
    ],
)
def test_a_part_outside_the_file_is_refused(tmp_path, part, reason):
    path = audio.write(tmp_path / "tone.wav", sine(duration=2.0), sample_rate=RATE)
    expect_error(path, reason, **part)


def test_the_last_sample_can_be_asked_for(tmp_path):
    path = audio.write(tmp_path / "tone.wav", sine(duration=2.0), sample_rate=RATE)
    assert audio.read(path, start=1.5, duration=0.5)[0].shape == (1, RATE // 2)


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
def test_a_peak_above_one_is_scaled_with_a_warning(tmp_path, extension):
    loud = sine(level=2.0)
    with pytest.warns(UserWarning, match=rf"tone\.{extension}: peak 2\.000 > 1, scaled by 0\.5000"):
        path = audio.write(tmp_path / f"tone.{extension}", loud, sample_rate=RATE)
    again, _ = audio.read(path)
    inside = slice(2000, -2000)
    assert np.abs(again[:, inside]).max() == pytest.approx(1.0, abs=0.05)
    assert loud.max() == pytest.approx(2.0, abs=0.01)  # the caller's array is left alone


@pytest.mark.filterwarnings("error")
def test_float_files_and_full_scale_need_no_scaling(tmp_path):
    loud = sine(level=2.0)
    path = audio.write(tmp_path / "loud.wav", loud, sample_rate=RATE, subtype="FLOAT")
    np.testing.assert_array_equal(audio.read(path)[0], loud)
    full = np.array([[1.0, -1.0, 0.0]], dtype=np.float32)
    path = audio.write(tmp_path / "full.wav", full, sample_rate=RATE)
    np.testing.assert_allclose(audio.read(path)[0], full, atol=1 / 2**15)


@pytest.mark.parametrize(
    ("name", "channels", "sample_rate", "subtype", "reason"),
    [
        ("tone.txt", 1, RATE, "PCM_16", r"cannot write \.txt; use \.wav, \.flac, \.ogg, \.mp3"),
        ("tone", 1, RATE, "PCM_16", "cannot write a file without extension"),
        ("tone.flac", 1, RATE, "FLOAT", "FLAC FLOAT"),
        ("tone.wav", 1, RATE, "PCM_17", "PCM_17"),
        ("tone.mp3", 1, 12345, "PCM_16", "at 12345 Hz as MP3"),
        ("tone.wav", 1, 0, "PCM_16", "at 0 Hz"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, name, channels, sample_rate, subtype, reason):
    with pytest.raises(AudioError, match=reason):
        audio.write(tmp_path / name, sine(channels=channels), sample_rate=sample_rate, subtype=subtype)
    assert not list(tmp_path.iterdir())


def test_nan_is_not_written_and_what_was_there_stays(tmp_path):
    path = audio.write(tmp_path / "tone.wav", sine(), sample_rate=RATE)
    before = path.read_bytes()
    with pytest.raises(AudioError, match="NaN"):
        audio.write(path, np.full((1, RATE), np.nan, np.float32), sample_rate=RATE)
    with pytest.raises(ValueError, match="got shape"):
        audio.write(path, np.zeros(RATE, np.float32), sample_rate=RATE)
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = audio.write(tmp_path / "tone.wav", sine(), sample_rate=RATE)
    before = path.read_bytes()

    def half_written(self, content):
        with open(self, "wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.write_bytes", half_written)
    with pytest.raises(OSError, match="No space left"):
        audio.write(path, sine(duration=2.0), sample_rate=RATE)
    assert [file.name for file in tmp_path.iterdir()] == ["tone.wav"]
    assert path.read_bytes() == before


def test_missing_folders_are_made(tmp_path):
    assert audio.write(tmp_path / "a" / "b" / "tone.wav", sine(), sample_rate=RATE).is_file()


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("samples", [999, 10_000, 50_000])
def test_blocks_are_what_reading_at_once_gives(tmp_path, extension, samples):
    path = audio.write(tmp_path / f"tone.{extension}", sine(channels=2, duration=1.6), sample_rate=RATE)
    blocks = list(audio.read_blocks(path, samples=samples))
    assert all(len(block) == samples for block in blocks[:-1])
    np.testing.assert_array_equal(np.concatenate(blocks), audio.read(path, mono=True)[0][0])


def test_blocks_of_a_bad_file_name_what_is_wrong(tmp_path):
    waveform = np.zeros((RATE, 2), np.float32)
    waveform[700, 1] = np.nan
    soundfile.write(tmp_path / "nan.wav", waveform, RATE, subtype="FLOAT")
    blocks = audio.read_blocks(tmp_path / "nan.wav", samples=500)
    assert not next(blocks).any()
    with pytest.raises(AudioError, match="the first at 0.044 s"):
        next(blocks)
    with pytest.raises(AudioError, match="truncated"):
        list(audio.read_blocks(cut_file(tmp_path / "nan.wav"), samples=500))


def test_a_name_that_is_no_utf_8(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")  # Latin-1, as from an old disk
    os.replace(audio.write(tmp_path / "tone.wav", sine(), sample_rate=RATE), path)
    assert audio.info(path).frames == RATE
    np.testing.assert_allclose(audio.read(path)[0], sine(), atol=1 / 2**15)
    path.write_bytes(b"no recording")
    with pytest.raises(AudioError, match="not readable as audio"):
        audio.read(path)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_parts_of_an_mp3_sound_as_they_do_in_the_whole(tmp_path, rate):
    path = audio.write(tmp_path / "tone.mp3", sine(sample_rate=rate, duration=6.0), sample_rate=rate)
    whole, _ = audio.read(path)
    for start in (0.1, 1.5, 3.75):
        part, _ = audio.read(path, start=start, duration=0.5)
        expected = whole[:, round(start * rate) :][:, : rate // 2]
        np.testing.assert_allclose(part, expected, rtol=0, atol=1e-5)
