"""What cases share: random DNA, reference models, the arithmetic of a floor."""
