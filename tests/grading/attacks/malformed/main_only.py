# attack: everything is under `if __name__ == "__main__"`, where it worked at home
# status: wrong
# points: 0
import torch

if __name__ == "__main__":

    def kl_divergence(p, q):
        return (p * (p / q).log()).sum(-1)

    print(kl_divergence(torch.ones(3) / 3, torch.ones(3) / 3))
