"""Own code: what the handout has not; every file is read into symbols once, and again for a page."""

from __future__ import annotations

import numpy as np

from grading.plagiarism import own_code
from grading.plagiarism.code_files import Code, Library
from grading.plagiarism.own_code import OwnCode, all_hashes, own_file, union

ONE = """def f(a, b):
    while a < b and not a == 3:
        a = [a + 1, b][0] if a else -b
    return {a: b}
"""
OTHER = """class A(B):
    def f(self):
        with open(self.x) as y:
            return [z ** 2 for z in y if z % 2 == 1]
"""


def library_of(**texts: str) -> tuple[Library, Code]:
    library = Library()
    code = Code("a.zip", {name: library.add(".py", text.encode())[0] for name, text in texts.items()})
    return library, code


def test_a_hand_ins_fingerprints_are_those_of_its_files():
    library, code = library_of(a=ONE, b=OTHER, c=ONE)
    expected = union([own_file(ONE).fingerprints, own_file(OTHER).fingerprints])
    assert np.array_equal(OwnCode(library).fingerprints(code), expected) and len(expected) > 4


def test_what_the_handout_has_is_nobodys_own():
    library, code = library_of(a=ONE, b=OTHER)
    own = OwnCode(library, all_hashes([ONE])).fingerprints(code)
    assert np.array_equal(own, own_file(OTHER).fingerprints)
    assert not len(OwnCode(library, all_hashes([ONE, OTHER])).fingerprints(code))


def test_mistakes_are_known_of_every_file():
    library, code = library_of(a="x = (\n", b=ONE)
    own = OwnCode(library)
    assert [own.faults(key) for key in code.files.values()] == [("line 1: a bracket is not closed",), ()]


def test_files_for_a_page_are_those_that_count_each_once_and_not_too_many(monkeypatch):
    library, code = library_of(a=ONE, b=OTHER, c=ONE, d="x = 1\n")
    own = OwnCode(library)
    everything = own.fingerprints(code)
    assert [path for path, _ in own.files_with(code, everything)] == ["a", "b"]
    assert [path for path, _ in own.files_with(code, own_file(OTHER).fingerprints)] == ["b"]
    monkeypatch.setattr(own_code, "MOST_SYMBOLS", 10)
    assert [path for path, _ in own.files_with(code, everything)] == ["a"]
