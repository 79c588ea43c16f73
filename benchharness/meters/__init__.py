"""What an instrument knows: power and energy of a target."""
