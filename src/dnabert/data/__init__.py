"""From files to batches: the genome store, the pre-training windows and their masks, labelled tables, batches."""
