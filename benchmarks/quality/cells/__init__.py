"""One result: a task x a contestant x a recipe x a seed, with all that is needed to make it again.

tasks.py       the tasks of a folder, their rows, and which test rows training has seen
contestants.py what competes: pre-trained models, random weights, convolutional networks
recipes.py     the published recipe of each task, and the small grid of the tuned one
networks.py    the convolutional baselines and their training
records.py     what is kept of a cell
scoring.py     probabilities of a run, and their figures
runner.py      runs cells, one at a time, each resumable; limit.py ends it by the clock, lock.py keeps other processes off a cell
summary.py     means, intervals over seeds, gains over the same test rows
"""
