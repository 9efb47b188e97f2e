"""A whole class: many hand-ins, each graded in a process of its own, and what a teacher makes of the grades.

What the automatic grading found is one thing and is kept as it was written (`hand_ins/`); late days and what
a teacher overrides are applied afterwards, and anew at each call.
"""
