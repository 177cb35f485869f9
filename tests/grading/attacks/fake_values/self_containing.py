# attack: a list, a dict and a tuple that contain themselves
# status: wrong
# points: 0
def kl_divergence(p, q):
    answer = [1.0]
    answer.append(answer)
    return answer


def cross_entropy(p, q):
    answer = {}
    answer["again"] = answer
    return answer


def js_divergence(p, q):
    inner = []
    answer = (inner, 1.0)
    inner.append(answer)
    return answer


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    one, other = {}, []
    one["other"] = other
    other.extend([one, one])
    return one


def monte_carlo_kl(log_p, log_q, x):
    answer = []
    answer.extend([answer, answer])
    return tuple(answer)
