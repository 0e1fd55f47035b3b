"""What can be asked with a loss: critical points, chambers of losses, dynamics, implicit bias."""
