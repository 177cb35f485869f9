# attack: a file that imports itself, by the name that it had at home
# status: crashed
# points: 0
import divergences
from divergences import kl_divergence

cross_entropy = js_divergence = gaussian_kl = monte_carlo_kl = divergences.kl_divergence
