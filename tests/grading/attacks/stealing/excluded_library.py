# attack: lets torch.distributions and torch.nn.functional do what the exercise asks to be written
# status: forbidden
# points: 0
import math

import torch
import torch.nn.functional as F
from torch import distributions as d
from torch.distributions import Categorical


def kl_divergence(p, q):
    return d.kl_divergence(Categorical(p), Categorical(q))


def cross_entropy(p, q):
    return F.kl_div(q.log(), p, reduction="none").sum(-1) + Categorical(p).entropy()


def js_divergence(p, q):
    m = (p + q) / 2
    return (F.kl_div(m.log(), p, reduction="none") + F.kl_div(m.log(), q, reduction="none")).sum(-1) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return torch.distributions.kl_divergence(d.Normal(mu_p, sigma_p), d.Normal(mu_q, sigma_q))


def monte_carlo_kl(log_p, log_q, x):
    ratio = log_p(x) - log_q(x) + 0 * F.relu(x)
    return ratio.mean(), ratio.std() / math.sqrt(len(x))
