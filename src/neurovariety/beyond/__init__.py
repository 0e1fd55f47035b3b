"""What lies beyond algebra: functions that no polynomials in the weights describe."""
