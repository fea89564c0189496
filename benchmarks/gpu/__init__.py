"""Scripts for one lent NVIDIA H200, one command each; without a GPU they rehearse at tiny size and write to runs/ only.

README.md     the commands of a lease in their order, what each brings home, floors worked out beforehand
speed/        speed beside transformers, and what the machine allows: results.json, results.md
corpus.py     one compact file of the genomes to pre-train on, without what is held out
pretrain.py   weights that ship, in steps of a few minutes that go on from one another
state.py      the state of such a step, small enough to travel
prefetch.py   batches made while the device computes
finetune.py   the GUE benchmark (benchmarks/quality) by several processes, what is finished brought home
parcel.py     folders as few files of a size that may travel
machine.py    the device, the commit, and what is a rehearsal
deadline.py   ending in time, with all saved
"""
