"""Training as a nearest-point problem: losses, the critical points of all of training, dynamics and chambers."""
