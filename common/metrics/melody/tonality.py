"""Scale and key of a window: how many notes fit one scale, how clear the key is, how even the pitch classes.

Pitch classes count from C = 0. Keys are numbered 0..11, C major to B major, and 12..23, C minor to B minor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common import key_profiles

SCALES = (  # major, natural minor, harmonic minor: Yu et al. 2021
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 8, 11),
)
PROFILES = (key_profiles.MAJOR, key_profiles.MINOR)
# Tonic and dominant triad, semitones above the tonic; minor has its leading tone there.
CADENCE_TONES = ((0, 4, 7, 11, 2), (0, 3, 7, 11, 2))


def pitch_class_counts(pitch: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Notes of each pitch class, or their summed weights such as durations (W, T): (W, 12)."""
    pitch = np.asarray(pitch, dtype=np.int64)
    cells = 12 * np.arange(len(pitch))[:, None] + pitch % 12
    weights = None if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    counts = np.bincount(cells.ravel(), weights, minlength=12 * len(pitch))
    return counts.reshape(len(pitch), 12).astype(np.float64)


def scale_consistency(pitch: ArrayLike, *, modulo: bool = True) -> NDArray[np.float64]:
    """Largest share of the notes that lie in one scale: 12 tonics, major, natural and harmonic minor. (W,)

    modulo=False is the published code, which takes `pitch % 12 - tonic` without a second modulo, so that
    nothing below the tonic is ever in its scale: on true melodies about .955 instead of .987.
    """
    pitch = np.asarray(pitch)
    degrees = np.arange(12) - np.arange(12)[:, None]  # (tonics, pitch classes)
    degrees = degrees % 12 if modulo else degrees
    members = np.concatenate([np.isin(degrees, scale) for scale in SCALES])  # (36, 12)
    return (pitch_class_counts(pitch) @ members.T).max(axis=1) / pitch.shape[1]


def key_strengths(pitch: ArrayLike, duration: ArrayLike) -> NDArray[np.float64]:
    """Correlation of the beats of each pitch class with the profile of each key, (W, 24).

    0 where no correlation exists: all pitch classes sound equally long. The algorithm of Krumhansl and
    Schmuckler (Krumhansl 1990, "Cognitive foundations of musical pitch", ch. 4).
    """
    profiles = np.stack([np.roll(profile, tonic) for profile in PROFILES for tonic in range(12)])
    beats = pitch_class_counts(pitch, duration)
    flat = np.ptp(beats, axis=1) <= 1e-9 * beats.max(axis=1, initial=0.0)
    beats, profiles = (each - each.mean(axis=1, keepdims=True) for each in (beats, profiles))
    norms = np.linalg.norm(beats, axis=1)[:, None] * np.linalg.norm(profiles, axis=1)
    return np.where(flat[:, None], 0.0, beats @ profiles.T / np.where(norms > 0, norms, 1.0))


def estimated_key(pitch: ArrayLike, duration: ArrayLike) -> NDArray[np.int64]:
    """The key with the largest strength, of equally strong ones the first: (W,)."""
    return key_strengths(pitch, duration).argmax(axis=1)


def key_clarity(pitch: ArrayLike, duration: ArrayLike) -> NDArray[np.float64]:
    """The largest of the 24 key strengths, (W,): the "key clarity" of MIRtoolbox (Lartillot 2007)."""
    return key_strengths(pitch, duration).max(axis=1)


def pitch_class_entropy(pitch: ArrayLike) -> NDArray[np.float64]:
    """Entropy of the pitch classes of the notes in a window, in bits, 0 to log2(12): (W,).

    The formula of Wu and Yang 2020, eq. 1, who take 1 or 4 bars (`bars.bar_entropy`) instead of a window.
    """
    return entropy(pitch_class_counts(pitch))


def in_cadence(pitch: ArrayLike, duration: ArrayLike) -> NDArray[np.bool_]:
    """Whether each note is a tone of the tonic or dominant triad of its window's key: (W, T)."""
    members = np.zeros((24, 12), dtype=bool)
    for key in range(24):
        members[key, (np.array(CADENCE_TONES[key // 12]) + key) % 12] = True
    return members[estimated_key(pitch, duration)[:, None], np.asarray(pitch) % 12]


def entropy(counts: NDArray) -> NDArray[np.float64]:
    """In bits, of counts (..., classes): (...); NaN where nothing was counted."""
    total = counts.sum(axis=-1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    bits = -(shares * np.log2(shares, out=np.zeros(counts.shape), where=shares > 0)).sum(axis=-1)
    return np.where(total[..., 0] > 0, bits + 0.0, np.nan)
