"""The DNABERT model: configuration, encoder, heads, and the names of the published weights."""
