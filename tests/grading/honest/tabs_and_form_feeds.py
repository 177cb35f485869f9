"""Indented by tabs, with form feeds between the functions, odd spaces, and no newline at the end."""

import torch

def kl_divergence(p, q):
	zero  =	p == 0
	p, q  =	torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
	return( p  \
 * (p.log() - q.log())).sum(-1)

def cross_entropy(p, q):
	return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)

def js_divergence(p, q):
	m  =	(p + q) / 2
	return (kl_divergence(p, m) + kl_divergence(q, m)) / 2

def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
	ratio, shift  =	sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
	return (ratio**2 + shift**2 - 1) / 2 - ratio.log()

def monte_carlo_kl(log_p, log_q, x):
	ratio  =	log_p(x) - log_q(x)
	return ratio.mean(), ratio.std() / len(x) ** 0.5