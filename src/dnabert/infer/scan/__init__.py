"""A model over a genome: windows of shards, tracks and calls."""
