"""Results of other benchmark programs, as campaigns of a results file."""
