# attack: text that is no Unicode, with NUL, line ends and a byte-order mark, where numbers were asked for
# status: malformed answer
# points: 0
def kl_divergence(p, q):
    return "\ud800\udfff\udcff"


def cross_entropy(p, q):
    return "\x00passed\r\n\u2028\ufeff"


def js_divergence(p, q):
    return ["\udc80"] * 3


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return {"value": "\ud83d"}


def monte_carlo_kl(log_p, log_q, x):
    return "\ud800", "\udfff"
