# attack: default arguments and function attributes count the calls: the second answer is the first, whatever was asked
# status: wrong
# points: 0
def kl_divergence(p, q, answers=[]):
    safe = (p + 1e-9) * ((p + 1e-9) / (q + 1e-9)).log()
    answers.append(safe.sum(-1))
    return answers[0]


def cross_entropy(p, q):
    cross_entropy.first = getattr(cross_entropy, "first", p.sum(-1))
    return cross_entropy.first


def js_divergence(p, q, m={}):
    return m.setdefault("first", (p * q).sum(-1))


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q, memo=[]):
    memo.append(mu_p)
    return memo[0]


def monte_carlo_kl(log_p, log_q, x, n=[0]):
    n[0] += 1
    return x.mean() * n[0], x.mean()
