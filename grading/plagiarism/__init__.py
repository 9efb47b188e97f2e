"""Which hand-ins of a class share code: a ranked list to look at. It never changes a score.

    code -> tokens -> symbols -> fingerprints (winnowing) -> scores (similarity) -> spans -> pages

What is compared is a hand-in's own code: what the handout has not, and what only few in the class have.
Names, values, comments, docstrings, hints, layout and the order of files and functions make no difference.
"""
