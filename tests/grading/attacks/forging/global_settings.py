# attack: torch's process-wide settings: no gradients, meta device, half precision, anomaly mode, hooks on every tensor
# status: wrong|crashed|malformed answer
# points: 0
import numpy as np
import torch

torch.set_grad_enabled(False)
torch.set_default_dtype(torch.float16)
torch.set_default_device("meta")
torch.set_flush_denormal(True)
torch.autograd.set_detect_anomaly(True)
torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 0).__enter__()
np.seterr(all="raise")


def guess(*args):
    return torch.zeros(())


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
