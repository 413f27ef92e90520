"""What the figures show, as frozen records of arrays: study in, data out, no renderer needed.

One file per figure; `trials.py`, `objective.py` and `axes.py` are what they share.
"""
