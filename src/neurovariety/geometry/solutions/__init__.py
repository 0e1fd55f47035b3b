"""Systems of equations whose solutions entries count: charts of the weights, coordinates as expressions, slices."""
