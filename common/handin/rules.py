"""The rules of a hand-in, each by a short stable name, with the sentence that explains it to a student.

Two kinds. A broken REJECTION stops everything: nothing is unpacked or run. A FAULT costs points.
Nothing is ever repaired: what was handed in is what is graded.
"""

from __future__ import annotations

from dataclasses import dataclass

REJECTIONS = {
    # the archive itself
    "not-a-zip": "is no zip file; make it with `python -m common.handin pack`",
    "broken-zip": "is broken or was cut off; pack and upload it again",
    "zip64": "has the layout for archives above 4 GB, which no hand-in needs; pack it anew",
    "extra-data": "holds bytes that belong to none of its files; pack it anew",
    "overlapping-entries": "shares its bytes with another file; pack it anew",
    "too-many-entries": "has more files than a hand-in may have; leave out data, caches and other models",
    "too-large": "is too large once unpacked; leave out data, caches and other models",
    "zip-bomb": "a few bytes unpack to far more than real files do; leave this file out",
    "encrypted": "the file is encrypted, nobody can read it; zip without a password",
    "compression": "the compression method is not deflate, which every zip program reads; pack it anew",
    # names
    "name-encoding": "the name is not marked as UTF-8; use ASCII names, or a zip program that writes UTF-8",
    "absolute-path": "the path begins at the root of the disk; zip from inside the folder of the hand-in",
    "parent-path": "the path leaves the hand-in with '..'; zip from inside the folder of the hand-in",
    "backslash": "the name has a backslash, which is a separator on some machines only; use '/'",
    "drive-letter": "the name has a colon, as in a drive letter; use a relative path without colons",
    "control-character": "the name has invisible or control characters; use plain letters, digits, - and _",
    "odd-path": "the name is not the same on all machines (an empty part, '.', a final dot or space, a name"
    " that Windows reserves); rename it",
    "path-length": "the path is too long or too deep; shorten it",
    "link": "this is a link, which may point outside; put the file itself in",
    "special-file": "this is neither a file nor a folder; leave it out",
    "duplicate-name": "two entries have the same name; keep one",
    "clashing-name": "two names differ only in case or in how they are written in Unicode; rename one",
    "file-as-folder": "the same name is a file and a folder; rename one",
    # kinds of files
    "nested-archive": "an archive within the archive hides its contents; put the files themselves in",
    "pickle": "a pickle is a program that runs when it is opened; convert it to safetensors with"
    " `python -m common.handin convert FILE`",
    "test-settings": "the file would change how pytest works; leave it out, grading needs no tests of yours",
    "startup-file": "Python would run or read the file unasked as it starts; leave it out",
    "compiled-code": "compiled code cannot be read by a person; hand in the source",
    "shadows-standard-library": "at the top of the zip the name hides a module of Python itself; rename it"
    " or move it into your package",
    "shadows-package": "at the top of the zip the name hides an installed package; rename it or move it"
    " into your package",
    "tensor-header": "the header of the safetensors file is not true to the file; save the model again",
    "json": "the JSON cannot be read safely; write it again with json.dump",
    # what it is
    "manifest-missing": "MANIFEST.json is not at the top of the zip; make the zip with"
    " `python -m common.handin pack`",
    "manifest-unreadable": "MANIFEST.json does not say what this is; make the zip with"
    " `python -m common.handin pack`",
    "student-id": "the student id is not 5 to 20 letters and digits, beginning with a letter; pack it anew"
    " with --student-id",
    "unknown-assignment": "there is no such assignment; pack it anew for one that exists",
    "wrong-assignment": "this is a hand-in for another assignment; upload the right zip",
}

FAULTS = {
    "manifest-differs": "MANIFEST.json and the files disagree; pack again after the last change",
    "readme-command": "README.md at the top lacks the exact inference command; pack again, or add the line",
    "code-missing": "the code of the assignment is not there; pack again",
    "unknown-entry": "this does not belong at the top of a hand-in; leave it out",
    "archive-name": "the zip is named after another student id or assignment than MANIFEST.json says;"
    " keep the name that pack gave it",
    "model-missing": "the model folder is incomplete; pack again with --run",
    "one-model": "exactly one model may be handed in, model/model.safetensors; leave out this one",
    "wrong-model": "the model was trained for another assignment; pack again with the right --run",
    "too-many-parameters": "the model is larger than the assignment allows; hand in a smaller one",
    "pretrained-model": "a part was trained before, which this assignment forbids; train it from scratch",
    "report-missing": "the report is not there; make it with `python -m common.handin report`",
    "report-name": "the report must be named after the student id; rename it to STUDENTID_report.pdf",
    "report-unreadable": "the report cannot be read as a PDF; export it again",
    "report-aspect": "the report's pages are not 16:9; set the slide size to 16:9 and export again",
    "report-short": "the report has too few pages; fill in all its parts",
}

RULES = REJECTIONS | FAULTS
LONGEST_SHOWN = 160  # characters of a name in a message


@dataclass(frozen=True)
class Violation:
    """A rule that a hand-in breaks. where: the file. message: what is wrong; what to do."""

    rule: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} (rule: {self.rule})"


@dataclass(frozen=True)
class IntakeLimits:
    """How much a hand-in may be. Bytes are counted as they are unpacked, whatever the zip claims."""

    entries: int = 500
    total_bytes: int = 1_000_000_000
    path_length: int = 240  # bytes of UTF-8
    depth: int = 12  # folders and the file itself
    json_bytes: int = 4 << 20  # of one JSON file; parsed, it takes up to 25 times as much
    json_depth: int = 64
    header_bytes: int = 2 << 20  # of a safetensors file; 400 tensors take 40 kB
    report_bytes: int = 64 << 20
    ratio: int = 200  # unpacked to packed, of one file; text reaches about 20
    ratio_from: int = 16 << 20  # unpacked bytes up to which any ratio is fine


DEFAULT_LIMITS = IntakeLimits()


def violation(rule: str, where: str, detail: str = "") -> Violation:
    """The violation of `rule` by the file `where`; `detail` says what exactly, before the rule's sentence."""
    sentence = RULES[rule]
    return Violation(rule, shown(where), f"{shown(detail)}: {sentence}" if detail else sentence)


def shown(text: str) -> str:
    """A hostile name or text, on one line, printable and of bounded length."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
    return safe if len(safe) <= LONGEST_SHOWN else f"{safe[: LONGEST_SHOWN - 3]}..."
