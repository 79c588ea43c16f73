"""Launch, phases, sampling, limits and clean-up of one trial after another."""
