"""Quality beside the published rows: GUE, labels made scarce, other organisms, ensembles, and what frozen vectors know.

gue.py        any model x the GUE tasks x seeds: `python -m benchmarks.quality.gue`
table.py      docs/results/gue.md from what gue.py kept; readme.py its short form in the README
scarce.py     the same with 1 to 100 % of the labels; figure and table
organisms.py  human models on mouse, worm, fly and cress
ensembles.py  gain of several k and of several seeds, from the kept predictions
probe.py      logistic regression on frozen vectors, on those of random weights, and on k-mer counts
corpus_overlap.py  test rows that stand in a pre-training corpus, and figures without them
documents.py  all of these documents anew from the kept results, or `--check` whether they are what their commands write
curves.py     a figure of several runs over their steps
published.py  the published rows; markdown.py how tables are written; options.py the flags that the commands share
cells/        one result: a task x a contestant x a recipe x a seed

Nothing is chosen by a test set: the moment of training and the point of the grid are those that do best on dev, and the test rows of a
cell are read once, after both are fixed.
"""
