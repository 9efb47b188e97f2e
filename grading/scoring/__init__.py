"""Scores what a hand-in wrote, in a process of its own that never imports anything of the hand-in.

    scores = score(prepared, outputs)          # outputs: as `grading.running.run_hand_in` leaves them

What is missing counts as the worst answer, never as absent, so a hand-in cannot gain by leaving out what it
cannot do. The modules hw0 to hw3 say what that is for each measure.
"""

from grading.scoring.process import Scores, score

__all__ = ["Scores", "score"]
