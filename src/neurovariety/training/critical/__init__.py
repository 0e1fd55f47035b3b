"""All critical points of training: lists, limits, critical sets, faces, weight decay, perturbation."""
