# attack: the names are there, but they are numbers, None, text and modules
# status: crashed
# points: 0
import torch

kl_divergence = 3.0
cross_entropy = None
js_divergence = "function"
gaussian_kl = torch
monte_carlo_kl = (0.0, 0.0)
