"""Speed on one GPU: `python -m benchmarks.gpu.speed`; results.json and results.md in benchmarks/gpu, a rehearsal in runs/gpu-rehearsal.

__main__.py     the command: every section in a process of its own, so that one that fails takes no other along
results.py      what was found, where; what is refused
document.py     results.md
batches.py      the same windows, padded in several ways; operations that they need
timing.py       seconds of work on a device, peak memory
ceilings.py     what the machine can do: matrix products, copies
pretraining.py  steps of pre-training, ours and that of transformers
tuning.py       torch.compile on and off; tokens of a piece; where the time goes
predicting.py   predictions, and from them a whole genome
"""
