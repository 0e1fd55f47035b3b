"""A trained network as a graph of operations: its nodes, their exact values, roundings, and its algebraic model."""
