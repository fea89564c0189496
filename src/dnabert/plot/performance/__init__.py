"""Pictures of how well a model does: curves, calibration, confusion, distributions, training."""
