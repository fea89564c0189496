"""Steps of training, beside those of the reference."""
