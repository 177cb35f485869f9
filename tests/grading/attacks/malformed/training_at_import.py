# attack: trains a network whenever it is imported, until it has converged, which it never does
# status: timed out
# points: 0
import torch
from torch import nn

network = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(network.parameters())
loss = torch.ones(())
while loss.item() >= 0:
    x = torch.randn(256, 8)
    loss = ((network(x) - x.sum(-1, keepdim=True)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1)
