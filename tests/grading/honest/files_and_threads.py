"""Keeps notes in temporary files, and does its halves in two threads."""

import json
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import torch

lock = threading.Lock()


def kl_divergence(p, q):
    with tempfile.TemporaryFile("w+") as notes:
        json.dump(list(p.shape), notes)
        notes.seek(0)
        assert json.load(notes) == list(p.shape)
    zero = p == 0
    p, q = torch.where(zero, 1.0, p), torch.where(zero, 1.0, q)
    return (p * (p.log() - q.log())).sum(-1)


def cross_entropy(p, q):
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/p.pt", "wb") as file:
        torch.save(p.detach(), file)
    with lock:
        return -(p * torch.where(p == 0, 1.0, q).log()).sum(-1)


def js_divergence(p, q):
    m = (p + q) / 2
    with ThreadPoolExecutor(2) as pool:
        halves = [pool.submit(kl_divergence, one, m) for one in (p, q)]
        return sum(half.result() for half in halves) / 2


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    ratio, shift = sigma_p / sigma_q, (mu_p - mu_q) / sigma_q
    return (ratio**2 + shift**2 - 1) / 2 - ratio.log()


def monte_carlo_kl(log_p, log_q, x):
    answer = []

    def work():
        ratio = log_p(x) - log_q(x)
        answer.extend([ratio.mean(), ratio.std() / len(x) ** 0.5])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return answer[0], answer[1]
