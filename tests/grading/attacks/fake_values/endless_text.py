# attack: 60 MB of text where a number was asked for, to fill messages, journals and reports
# status: wrong|malformed answer|timed out|over limit
# points: 0
TEXT = "A\n" * 30_000_000


def guess(*args):
    return TEXT


def monte_carlo_kl(log_p, log_q, x):
    return TEXT, 0.0


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
