# attack: an exception whose words and whose name are lone surrogates, which no encoding can write
# status: crashed|malformed answer
# points: 0
def guess(*args):
    raise ValueError("\ud800 broke \udfff")


def monte_carlo_kl(log_p, log_q, x):
    raise type("Bad\udc80Name", (Exception,), {})("\udcff")


kl_divergence = cross_entropy = js_divergence = gaussian_kl = guess
