"""Near-duplicates found by the codes of an autoencoder. Chapter: dcgan_representations.

Each image becomes a few bits: which code units of a denoising autoencoder are on. Two images of the same bits are
taken for duplicates, so that one pass over the data with a table of bits finds them all: semantic hashing.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


class Autoencoder(nn.Module):
    """image [N, C, H, W] -> the same, through a code [N, code] of rectified units, with dropout of the code.

    Source: Radford et al. (2016), section 4.1.1: 3072-128-3072, denoising, regularised by dropout.
    """

    def __init__(self, mean: Tensor, code: int = 128, dropout: float = 0.2) -> None:
        """mean: image [C, H, W] that is taken off before and added after, so that units need not learn it."""
        super().__init__()
        pixels = mean.numel()
        self.register_buffer("mean", mean)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, code), nn.ReLU())
        self.decoder = nn.Sequential(nn.Dropout(dropout), nn.Linear(code, pixels), nn.Unflatten(1, mean.shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x - self.mean)) + self.mean

    @torch.no_grad()
    def bits(self, images: Tensor) -> Tensor:
        """Which code units are on: bool [N, code]."""
        return torch.cat([self.encoder(some - self.mean) > 0 for some in images.split(1024)])


def fit(
    images: Tensor, code: int = 128, noise: float = 0.3, dropout: float = 0.2, steps: int = 600, batch: int = 128
) -> Autoencoder:
    """Train an autoencoder to restore images [N, C, H, W] to which normal noise of this deviation was added.

    Adam; weights, noise and batches come from torch's global generator.
    """
    model = Autoencoder(images.mean(0), code, dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        clean = images[torch.randint(len(images), (batch,))]
        loss = mse_loss(model(clean + noise * torch.randn_like(clean)), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def collisions(bits: Tensor) -> Tensor:
    """Pairs of rows whose bits are all equal: int64 [P, 2], the smaller first. bits: bool [N, K]."""
    table: dict[bytes, list[int]] = {}
    for row, key in enumerate(bits.numpy()):
        table.setdefault(key.tobytes(), []).append(row)
    pairs = [(a, b) for rows in table.values() for i, a in enumerate(rows) for b in rows[i + 1 :]]
    return torch.tensor(pairs, dtype=torch.int64).view(-1, 2)


def within(bits: Tensor, distance: int) -> Tensor:
    """Pairs of rows that differ in at most so many bits: int64 [P, 2], the smaller first. Takes N^2 comparisons."""
    values = bits.float()
    apart = values @ (1 - values).T
    apart = apart + apart.T
    return (torch.triu(apart <= distance, 1)).nonzero()


def precision_recall(found: Tensor, true: Tensor) -> tuple[float, float]:
    """Of pairs found [P, 2], the share that is true; of the true ones [Q, 2], the share that was found.

    Both in [0, 1]; the precision of finding nothing is 1. The smaller row stands first in each pair.
    """
    known = {tuple(pair) for pair in true.tolist()}
    hits = sum(tuple(pair) in known for pair in found.tolist())
    return hits / len(found) if len(found) else 1.0, hits / len(known)
