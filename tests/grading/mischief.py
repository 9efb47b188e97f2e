"""What the infer.py of a hostile hand-in does. Each is put into an otherwise honest one (see hand_ins.py)."""

from __future__ import annotations

import textwrap


def code(text: str) -> str:
    return textwrap.dedent(text).strip("\n") + "\n\n\n"


CODE = {
    "crash": code("""
        def mischief(results):
            return 1 / 0
    """),
    "exit": code("""
        import os
        os._exit(0)
    """),
    "atexit": code("""
        import atexit, os
        atexit.register(os._exit, 0)

        def mischief(results):
            raise RuntimeError("the exit code says that all is well")
    """),
    "forge": code("""
        print("tests/grading/test_rubric.py::test_item[results] PASSED [100%]\\x1b[2K\\x1b[1A\\r")
        print("::endgroup::\\n" + "=" * 30 + " 100 passed in 0.01s " + "=" * 30)
        print(json.dumps({"score": 100, "tests": [{"name": "everything", "score": 100, "max_score": 100}]}))
        print("error: \\x1b[32mPASSED 100\\x1b[0m \\x07 <script>alert(1)</script>", file=sys.stderr)
        sys.exit(3)
    """),
    "forge beside": code("""
        line = "tests/grading/test_rubric.py::test_item[results] PASSED\\x1b[1A\\r100 passed"
        print(line, file=sys.stderr)
        for name in ("results.json", "grade.json", "stdout.json"):
            for folder in (".", "..", "/out", "/autograder/results"):
                try:
                    Path(folder, name).write_text('{"score": 100}')
                except OSError:
                    pass
    """),
    "patched": code("""
        import builtins
        class Always(float):
            def __eq__(self, other): return True
            def __ge__(self, other): return True
            def __bool__(self): return True
            __hash__ = float.__hash__
        builtins.float = Always
        try:
            import numpy
            numpy.mean = numpy.sum = numpy.isclose = numpy.array_equal = lambda *args, **options: Always(1)
        except Exception:
            pass
    """),
    "frames": code("""
        import gc
        frame = sys._getframe()
        while frame:
            if "labels" in str(list(frame.f_locals)) + str(list(frame.f_globals)):
                print("FOUND labels in a frame", file=sys.stderr)
            frame = frame.f_back
        if any(isinstance(thing, dict) and "instrument_family_str" in thing for thing in gc.get_objects()):
            print("FOUND labels among the objects", file=sys.stderr)
    """),
    "files": code("""
        import os
        telling = {"labels", "labels.json", "prepared.json", "grade.json", "examples.json"}

        def search(places):
            for place in places:
                for folder, folders, names in os.walk(place):
                    folders[:] = [name for name in folders if name != "site-packages"][:50]
                    if telling & {*names, *folders}:
                        print("FOUND", folder, file=sys.stderr)

        search(["/inputs", "/tmp", "/home", "/root", "/out", "/proc/1/cwd"])
    """),
    "environment": code("""
        import os
        if {"SECRET_OF_THE_GRADER", "PYTEST_CURRENT_TEST"} & set(os.environ):
            print("FOUND the grader's environment", file=sys.stderr)
    """),
    "hang": code("""
        while True:
            pass
    """),
    "flood": code("""
        while True:
            print("PASSED " * 10_000)
    """),
    "fork": code("""
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """),
    "allocate": code("""
        hoard = []
        while len(hoard) < 100:
            hoard.append(bytearray(b"x") * 100_000_000)
    """),
    "outlive": code("""
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(3600)
            os._exit(0)
    """),
    "network": code("""
        import socket
        try:
            socket.create_connection(("1.1.1.1", 53), timeout=2).close()
            print("FOUND the network", file=sys.stderr)
        except OSError:
            pass
    """),
    "nan": code("""
        def mischief(results):
            for result in results:
                result["top3"] = [{"family": "bass", "probability": float("nan")}]
            return results
    """),
    "half": code("""
        def mischief(results):
            return results[: len(results) // 2]
    """),
    "random": code("""
        import random
        def mischief(results):
            families = [result["top3"] for result in results]
            return [result | {"top3": random.choice(families)} for result in results]
    """),
    "wrong type": code("""
        def mischief(results):
            return {"top1": 1.0, "results": [[[]]] * 100}
    """),
    "deep": code("""
        def mischief(results):
            print("[" * 200_000)
            sys.exit(0)
    """),
}
SPIES = ("frames", "files", "environment", "network", "patched")
CODE["spy"] = code("print('SEARCHED', file=sys.stderr)") + "".join(CODE[name] for name in SPIES)
