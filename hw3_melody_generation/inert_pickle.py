"""Reads the pickles of object arrays without running anything in them.

A pickle is a program: its opcodes call whatever Python function they name. Nothing is called here. This
machine knows the few opcodes that numbers, strings, lists and tuples need, and the four names that numpy
writes around an object array, for which `Name` stands; calling them yields `Shell`s that hold their arguments
and do nothing. Every other opcode or name is refused with what it is. So are pickles that grow as they are
read: one list at two places, which a few bytes could double over and over, and nesting deeper than MAX_DEPTH.

Source: the opcodes' meaning in Python's `pickletools`, which also decodes their arguments here.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 8  # the authors' files have 4: array, row, note, number
NAMES = frozenset(
    {
        "numpy.core.multiarray _reconstruct",
        "numpy._core.multiarray _reconstruct",  # since numpy 2
        "numpy ndarray",
        "numpy dtype",
        "_codecs encode",  # how Python 3 writes bytes in the old protocol 2
    }
)


class HostilePickle(Exception):
    """A pickle with anything but numbers, strings, lists and tuples in it; the text says what."""


@dataclass(frozen=True)
class Name:
    """What a pickle calls by its name; nothing stands behind it."""

    text: str


@dataclass
class Shell:
    """What the call of a name would have made. state: what the pickle sets on it, an array's contents."""

    of: str
    arguments: tuple[Any, ...]
    state: Any = None


class _Mark:
    """Where a list or tuple that is being built begins on the stack."""


def object_array(data: bytes) -> list[Any]:
    """The contents of the one object array that `data`, a pickle, holds: nested lists of numbers and strings.

    Errors: HostilePickle for anything else in it, and for what is broken.
    """
    array = Machine().run(data)
    state = array.state if isinstance(array, Shell) and array.of.endswith("_reconstruct") else None
    if not (isinstance(state, tuple) and len(state) == 5 and isinstance(state[4], list)):
        raise HostilePickle("no object array")
    return state[4]


class Machine:
    """The stack and the memory that opcodes work on."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.depths: dict[int, int] = {}  # id of a list or tuple, all of which the stack or memo keep alive

    def run(self, data: bytes) -> Any:
        """The one object that the pickle `data` describes. Errors: HostilePickle."""
        try:
            for opcode, argument in _opcodes(data):
                if opcode == "STOP":
                    break
                action = ACTIONS.get(opcode)
                if action is None:
                    raise HostilePickle(f"the opcode {opcode}, which numbers, strings and lists do not need")
                action(self, argument)
            (result,) = self.stack
        except (
            IndexError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:  # of a stack that is not as it should be
            raise HostilePickle(f"a broken pickle ({_first_line(error)})") from None
        return result

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop_to_mark(self) -> list[Any]:
        """Everything above the last mark, which is taken away, too."""
        place = len(self.stack) - 1
        while not isinstance(self.stack[place], _Mark):
            place -= 1
            if place < 0:
                raise ValueError("no mark")
        items = self.stack[place + 1 :]
        del self.stack[place:]
        return items

    def push_tuple(self, items: list[Any]) -> None:
        value = tuple(items)
        self.contain(value, items)
        self.push(value)

    def extend(self, items: list[Any]) -> None:
        """Append to the list on top of the stack."""
        target = self.stack[-1]
        if not isinstance(target, list):
            raise ValueError("appends to what is no list")
        self.contain(target, items)
        target.extend(items)

    def contain(self, container: list | tuple, items: list[Any]) -> None:
        """Note how deep `container` is, now that it holds `items`."""
        if any(isinstance(item, _Mark) for item in items):
            raise ValueError("a mark within a list")
        depth = 1 + max((self.depths.get(id(item), 0) for item in items), default=0)
        self.depths[id(container)] = max(depth, self.depths.get(id(container), 0))
        if self.depths[id(container)] > MAX_DEPTH:
            raise HostilePickle(f"lists nested more than {MAX_DEPTH} deep")

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def recall(self, index: int) -> None:
        value = self.memo[index]
        if not isinstance(value, (str, bytes, Name)):
            raise HostilePickle("one list or array at two places")
        self.push(value)

    def push_name(self, text: str) -> None:
        if text not in NAMES:
            raise HostilePickle(f"the name {text.replace(' ', '.')}, which a program could be run by")
        self.push(Name(text))

    def push_name_from_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise ValueError("a name that is no text")
        self.push_name(f"{module} {name}")

    def call(self) -> None:
        """What would be a call: the name and its arguments, put into a shell."""
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise ValueError("calls what has no name")
        self.push(Shell(name.text, arguments))

    def set_state(self) -> None:
        state, shell = self.stack.pop(), self.stack[-1]
        if not isinstance(shell, Shell) or shell.state is not None:
            raise ValueError("sets the state of what has none")
        shell.state = state


Action = Callable[[Machine, Any], None]
_PUSHES = "NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE "
_PUSHES += "BINUNICODE8 BINBYTES SHORT_BINBYTES"
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


def _constant(opcode: str) -> Action:
    if opcode in _CONSTANTS:
        return lambda machine, _: machine.push(_CONSTANTS[opcode])
    return lambda machine, argument: machine.push(argument)


def _tuple_of(count: int) -> Action:
    def action(machine: Machine, _: Any) -> None:
        machine.push_tuple([machine.stack.pop() for _ in range(count)][::-1])

    return action


def _new_list(machine: Machine, _: Any) -> None:
    machine.push([])


ACTIONS: dict[str, Action] = {
    **{opcode: _constant(opcode) for opcode in _PUSHES.split()},
    **{opcode: lambda machine, _: None for opcode in ("PROTO", "FRAME")},
    **{opcode: lambda machine, index: machine.remember(index) for opcode in ("BINPUT", "LONG_BINPUT")},
    **{opcode: lambda machine, index: machine.recall(index) for opcode in ("BINGET", "LONG_BINGET")},
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memo)),
    "MARK": lambda machine, _: machine.push(_Mark()),
    "EMPTY_LIST": _new_list,
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "EMPTY_TUPLE": _tuple_of(0),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "TUPLE": lambda machine, _: machine.push_tuple(machine.pop_to_mark()),
    "GLOBAL": lambda machine, text: machine.push_name(text),
    "STACK_GLOBAL": lambda machine, _: machine.push_name_from_stack(),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.set_state(),
}


def _opcodes(data: bytes) -> Iterator[tuple[str, Any]]:
    """(name, argument) of each opcode. ValueError where the pickle ends too early."""
    for opcode, argument, _ in pickletools.genops(data):
        yield opcode.name, argument


def _first_line(error: Exception) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:100]
