"""Using trained models: prediction and ensembles."""
