# attack: imports what is not there: scipy, pandas, matplotlib, a helper that was not handed in
# status: crashed
# points: 0
import my_helpers_which_were_not_handed_in
import pandas
import scipy.stats


def kl_divergence(p, q):
    return scipy.stats.entropy(p, q, axis=-1)
