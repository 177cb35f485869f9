# attack: imports the master, which answers for it
# status: crashed
# points: 0
from solutions.divergences import cross_entropy, gaussian_kl, js_divergence, kl_divergence, monte_carlo_kl

__all__ = ["cross_entropy", "gaussian_kl", "js_divergence", "kl_divergence", "monte_carlo_kl"]
