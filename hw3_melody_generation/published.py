"""Figures of the literature on its own split of the lyrics-melody corpus. Published, not measured here.

Sources, all on windows of 20 syllables of the split of Yu et al. 2021 (paper_split.json.gz):

    LSTM-GAN        Yu, Srivastava and Canales 2021, "Conditional LSTM-GAN for melody generation from lyrics"
                    (ACM TOMM 17 (1)), from the samples that its authors published
    C-Hybrid-GAN,   Yu, Zhang, Duan et al. 2022, "Conditional hybrid GAN for melody generation from lyrics"
    C-Hybrid-MLE    (Neural Computing and Applications); MLE is its generator before adversarial training

Keys are those of `common.metrics.melody.evaluate`.
"""

from __future__ import annotations

from collections.abc import Mapping

NUM_TEST_WINDOWS = 1045  # of 1051 published ones: the others have syllables that the corpus lacks
TOLERANCE = 0.03  # of each measure of the truth: six windows are missing, and eight differ
IN_SONG = (  # the seven measures inside a song
    "repetitions_2",
    "repetitions_3",
    "span",
    "unique_pitches",
    "notes_without_rest",
    "mean_rest",
    "length",
)
TRUTH = dict(zip(IN_SONG, (7.42, 3.84, 10.8, 5.88, 15.6, 0.776, 43.3), strict=True))
MODELS: dict[str, dict[str, float]] = {
    name: dict(zip((*IN_SONG, "mmd", "rest_mcc"), values, strict=True))
    for name, values in {
        "LSTM-GAN": (7.69, 2.95, 7.67, 5.09, 16.7, 0.638, 39.2, 0.481, 0.082),
        "C-Hybrid-GAN": (6.62, 2.82, 12.0, 6.03, 15.8, 0.745, 43.2, 0.006, 0.055),
        "C-Hybrid-MLE": (6.31, 2.44, 13.5, 6.20, 13.2, 1.12, 51.9, 0.079, 0.017),
    }.items()
}


def is_comparable(truth: Mapping[str, float | int | None]) -> bool:
    """Whether windows, described by `truth`, are those of the literature: their truth comes out the same.

    So no other data, such as chorales, are ever set beside these figures by mistake.
    """
    if truth.get("num_windows") != NUM_TEST_WINDOWS:
        return False
    return all(abs((truth.get(name) or 0.0) - value) <= TOLERANCE * value for name, value in TRUTH.items())
