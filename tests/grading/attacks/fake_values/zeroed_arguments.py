# attack: its arguments are overwritten so that an expected value computed after the call becomes 0
# status: wrong
# points: 0
import torch


def kl_divergence(p, q):
    with torch.no_grad():
        p.fill_(1 / p.shape[-1])
        q.copy_(p)
    return (p * 0 + q * 0).sum(-1)


def cross_entropy(p, q):
    with torch.no_grad():
        p.zero_()
        q.fill_(1)
    return (p * q).sum(-1)


js_divergence = kl_divergence


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    with torch.no_grad():
        for mu, sigma in ((mu_p, sigma_p), (mu_q, sigma_q)):
            mu.zero_()
            sigma.fill_(1)
    return (mu_p + mu_q) * 0 + (sigma_p - sigma_q)


def monte_carlo_kl(log_p, log_q, x):
    x.zero_()
    ratio = log_p(x) - log_q(x)
    return ratio.mean(), ratio.std()
