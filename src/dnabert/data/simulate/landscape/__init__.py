"""What the sites stand in: the background chain, repeats, CpG islands and runs of N."""
