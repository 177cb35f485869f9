# attack: the functions are there, but in a class and in another function, and conditional on the day
# status: wrong
# points: 0
import torch


class Solution:
    def kl_divergence(self, p, q):
        return (p * (p / q).log()).sum(-1)


def main():
    def cross_entropy(p, q):
        return -(p * q.log()).sum(-1)

    return cross_entropy


if torch.__version__ == "0":

    def js_divergence(p, q):
        return p.sum(-1)
