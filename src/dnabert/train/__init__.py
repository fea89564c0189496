"""Pre-training and fine-tuning: settings, optimiser, the loop, and the two kinds of training."""
