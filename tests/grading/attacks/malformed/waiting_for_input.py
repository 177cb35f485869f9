# attack: asks for a name, and waits
# status: crashed
# points: 0
name = input("Your name? ")


def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1)
