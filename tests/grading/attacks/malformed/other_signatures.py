# attack: functions with no parameters, too many, and parameters that must be named
# status: crashed
# points: 0
def kl_divergence():
    return 0.0


def cross_entropy(p, q, base):
    return 0.0


def js_divergence(*, p, q):
    return 0.0


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q, /, *, eps):
    return 0.0


monte_carlo_kl = max
