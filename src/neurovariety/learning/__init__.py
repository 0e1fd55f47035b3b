"""What learning from samples costs: learning coefficients, and how many samples bound the error."""
