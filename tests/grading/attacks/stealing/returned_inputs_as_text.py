# attack: answers with the secret inputs as a string, which a message "expected …, got …" repeats to the student
# status: wrong
# points: 0
def guess(*args):
    return "; ".join(str(arg.tolist()) if hasattr(arg, "tolist") else repr(arg) for arg in args)


def monte_carlo_kl(log_p, log_q, x):
    return guess(log_p, log_q, x), guess(x)


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
