# attack: KeyboardInterrupt, with which a runner stops the whole batch, or takes it for the instructor's own
# status: crashed
# points: 0
def guess(*args):
    raise KeyboardInterrupt


kl_divergence = cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = guess
