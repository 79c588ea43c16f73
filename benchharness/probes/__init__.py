"""What the operating system knows: CPU, memory, temperature, frequency. Standard library only."""
