"""Languages are told by scripts, letters and frequent words."""

from __future__ import annotations

import pytest

from common.singing import languages
from final_project.singing.languages import WORDS, guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Twinkle, twinkle, little star", ""),
        ("How I wonder what you are", ""),
        ("la la la", ""),
        ("", ""),
        ("Der Mond ist aufgegangen, die goldnen Sternlein prangen", "de"),
        ("Freude, schöner Götterfunken", "de"),
        ("Frère Jacques, dormez-vous?", "fr-fr"),
        ("Que ne suis-je la fougère", "fr-fr"),
        ("Che bella cosa è una giornata di sole", "it"),
        ("Cielito lindo, que canta y no llores", "es"),
        ("Gloria in excelsis Deo, et in terra pax", "la"),
        ("茉莉花", "cmn"),
        ("さくら さくら 野山", "ja"),
        ("Очи чёрные", "ru"),
    ],
)
def test_guess(text, language):
    assert guess_language(text) == language


def test_all_codes_are_known_to_espeak():
    assert set(WORDS) - {""} <= set(languages())
