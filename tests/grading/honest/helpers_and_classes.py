"""Dataclasses, an abstract base class, an enumeration and helpers, with postponed annotations."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor


class Convention(enum.Enum):
    ZERO_LOG_ZERO = 0.0


class Estimate(NamedTuple):
    value: Tensor
    error: Tensor


class Divergence(ABC):
    @abstractmethod
    def __call__(self, p: Tensor, q: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class KullbackLeibler(Divergence):
    convention: Convention = Convention.ZERO_LOG_ZERO
    names: ClassVar[list[str]] = ["p", "q"]
    history: list[float] = field(default_factory=list)

    def __call__(self, p: Tensor, q: Tensor) -> Tensor:
        p, q = self._safe(p, where=p), self._safe(q, where=p)
        return (p * (p.log() - q.log())).sum(-1)

    def _safe(self, p: Tensor, where: Tensor) -> Tensor:
        return torch.where(where == self.convention.value, torch.ones_like(p), p)


@dataclass
class JensenShannon(Divergence):
    kl: KullbackLeibler

    def __call__(self, p: Tensor, q: Tensor) -> Tensor:
        m = (p + q) / 2
        return (self.kl(p, m) + self.kl(q, m)) / 2


@dataclass
class Gaussian:
    mu: Tensor
    sigma: Tensor

    def kl(self, other: Gaussian) -> Tensor:
        ratio = self.sigma / other.sigma
        return (ratio**2 + ((self.mu - other.mu) / other.sigma) ** 2 - 1) / 2 - ratio.log()


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    return KullbackLeibler()(p, q)


def cross_entropy(p: Tensor, q: Tensor) -> Tensor:
    return -(p * KullbackLeibler()._safe(q, where=p).log()).sum(-1)


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    return JensenShannon(KullbackLeibler())(p, q)


def gaussian_kl(mu_p: Tensor, sigma_p: Tensor, mu_q: Tensor, sigma_q: Tensor) -> Tensor:
    return Gaussian(mu_p, sigma_p).kl(Gaussian(mu_q, sigma_q))


def monte_carlo_kl(log_p, log_q, x: Tensor) -> tuple[Tensor, Tensor]:
    ratio = log_p(x) - log_q(x)
    answer = Estimate(value=ratio.mean(), error=ratio.std() / len(x) ** 0.5)
    return tuple(answer)
