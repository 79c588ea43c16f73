"""Raw observations and their schema."""
