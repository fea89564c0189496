"""What a trained model is used for, beside the ways of others."""
