"""Pictures of bases: letters, scores along sequences, maps of mutations."""
