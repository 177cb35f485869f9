# attack: async functions: a call makes a coroutine that nobody awaits, and a warning at its end
# status: wrong
# points: 0
async def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1)


cross_entropy = js_divergence = kl_divergence


async def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return mu_p


async def monte_carlo_kl(log_p, log_q, x):
    yield x.mean()
